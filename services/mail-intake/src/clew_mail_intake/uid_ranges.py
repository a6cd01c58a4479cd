"""UIDs as IMAP writes them, `1:120,130`: many of them in a row take little room.

Next: clew_mail_intake.mailboxes.row_of_cursor.
"""

from collections.abc import Iterable


def write_ranges(uids: Iterable[int]) -> str:
    """Give a sequence set (RFC 3501 9) of exactly these UIDs, the empty string for none."""
    ranges: list[list[int]] = []
    for uid in sorted(uids):
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)


def read_ranges(words: str) -> set[int]:
    """Give the UIDs that `write_ranges` wrote."""
    pairs = (part.partition(":") for part in words.split(",") if part)
    return {uid for first, _, last in pairs for uid in range(int(first), int(last or first) + 1)}

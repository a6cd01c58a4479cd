"""The words that mail clients print around other people's mail, in the languages that they speak."""

from typing import Final, Literal, cast

from clew_mail_intake.understanding.phrases import read_phrases

HeaderKind = Literal["from", "date", "to", "cc", "subject", "other"]


def _read_labels() -> dict[str, HeaderKind]:
    labels: dict[str, HeaderKind] = {}
    for line in read_phrases("header_labels"):
        kind, _, label = line.partition(": ")
        labels.setdefault(label, cast("HeaderKind", kind))
    return labels


HEADER_LABELS: Final = _read_labels()
FORWARD_PHRASES: Final = read_phrases("forward")
ORIGINAL_PHRASES: Final = read_phrases("original")
WROTE: Final = frozenset(read_phrases("wrote"))
ASIAN_WROTE: Final = read_phrases("asian_wrote")
WROTE_STARTS: Final = frozenset(read_phrases("wrote_starts"))

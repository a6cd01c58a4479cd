"""How values read on a page: money, times, names, sizes. Next: clew_shared.web.pages.Pages"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zlib import crc32

from markupsafe import Markup

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "CHF ", "INR": "₹"}
_HUES = 6
_STEPS = ((60, "s", 1), (3600, "min", 60), (86_400, "h", 3600), (86_400 * 60, "d", 86_400))
_MATCHES = {
    "reply_token": "matched by the reply address",
    "in_reply_to": "matched by In-Reply-To",
    "references": "matched by References",
    "same_contact": "same sender as this deal's contact",
    "same_company": "same company as this deal",
    "reopened": "reopened the deal",
    "new": "opened the deal",
}
_WHYS = {
    "reply_token": "It was sent to the reply address that only this deal has.",
    "in_reply_to": "It answers a mail of this deal.",
    "references": "It belongs to the same conversation as a mail of this deal.",
    "same_contact": "Its sender is the contact of this deal.",
    "same_company": "It came from the company of this deal, by an address that many there use.",
    "reopened": "Its sender wrote again, so the closed deal was taken up.",
    "new": "It belonged to no deal that could take it, so it opened this one.",
}
_FLAGS = {
    "unknown_participant": "sender not yet on this deal",
    "match_conflict": "headers pointed to another deal",
    "ambiguous": "several open deals fitted",
    "unverified_sender": "sender could not be verified",
    "hearsay": "somebody else says who wrote it",
    "hard": "will not arrive",
    "soft": "did not arrive this time",
    "delayed": "may still arrive",
    "unproven": "anybody could have sent this report",
    "unproven_tag": "its subject names a deal of somebody else",
    "forged_token": "reply address was altered",
    "expired_token": "reply address had expired",
    "possible_duplicate": "possibly sent twice",
    "placed_by_hand": "put here by a teammate",
    "own_loop": "a mail of ours that came back",
}


def money(amount: Decimal | str | int | None, currency: str | None = "EUR") -> str:
    """`€12,500` or `€12,500.50`; an empty string when there is no amount."""
    if amount is None or amount == "":
        return ""
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        return str(amount)
    currency = currency or ""
    sign = _SIGNS.get(currency, f"{currency} " if currency else "")
    digits = f"{abs(value):,.0f}" if value == value.to_integral_value() else f"{abs(value):,.2f}"
    return f"{'−' if value < 0 else ''}{sign}{digits}"


def when(moment: datetime | None) -> Markup:
    """A `<time>` that reads as an age and shows the exact time as its tooltip; scripts keep the age fresh."""
    if moment is None:
        return Markup("")
    exact = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"), exact.strftime("%-d %b %Y, %H:%M UTC"), ago(exact)
    )


def day(moment: date | None) -> str:
    """`3 Nov 2026`."""
    return moment.strftime("%-d %b %Y") if moment else ""


def ago(moment: datetime, now: datetime | None = None) -> str:
    """An age in its largest unit: `now`, `5 min`, `3 h`, `12 d`, and the date when it is older than two months."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 45:
        return "now"
    for limit, unit, length in _STEPS[1:]:
        if seconds < limit:
            return f"{max(1, int(seconds // length))} {unit}"
    return day(moment.date())


def initials(name: str) -> str:
    """Two letters for an avatar: `Ada Lovelace` and `ada.lovelace@x` are AL."""
    parts = [part for part in name.partition("@")[0].replace(".", " ").replace("_", " ").split() if part[0].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "?"


def hue(name: str) -> int:
    """A colour number of its own for a name, always the same one."""
    return crc32(name.casefold().encode()) % _HUES + 1


def size(count: int) -> str:
    """Bytes as people read them: `812 B`, `14 kB`, `2.4 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def words(key: str) -> str:
    """A key as words: `in_doubt` reads `in doubt`."""
    return key.replace("_", " ")


def match_words(reason: str) -> str:
    """Why an enquiry came to this deal, as a person would say it."""
    return _MATCHES.get(reason, words(reason))


def flag_words(flag: str) -> str:
    """What to know about an entry, as a person would say it."""
    return _FLAGS.get(flag, words(flag))


def why_words(reason: str, flags: Iterable[str] = ()) -> str:
    """Why an enquiry came to this deal, as a sentence."""
    if "placed_by_hand" in flags:
        return "A teammate put it here."
    return _WHYS.get(reason, f"{match_words(reason).capitalize()}.")

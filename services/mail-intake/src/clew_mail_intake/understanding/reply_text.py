"""A reply's own words apart from the mail it answers and from its signature; what is cut is kept, nothing is lost.

The words of the reply are never left empty: where nothing but quote is found, everything is kept (B28).
"""

import re
from dataclasses import dataclass
from itertools import takewhile

from clew_mail_intake.understanding.embedded_headers import HeaderBlock
from clew_mail_intake.understanding.html_text import MARKS, QUOTE_BEGINS
from clew_mail_intake.understanding.phrases import any_of, compile_any
from clew_mail_intake.understanding.quote_marks import Kind, Marks, read_marks
from clew_mail_intake.understanding.read_forwarded import read_forwarded, read_under_marker, read_under_rule
from clew_mail_intake.understanding.run_together import parted
from clew_mail_intake.understanding.understood import Forwarded
from clew_mail_intake.understanding.wrote_line import TURNS

_LINES = 100_000
_RUN = re.compile(r"(.)\1+")
_NO_SHAPE = str.maketrans("", "", "eorsc")
_ONLY_WORDS = frozenset({"t", "e"})
_GREETING = re.compile(rf"^{any_of('greeting')}\b.{{0,60}}$", re.IGNORECASE)
_NAMES_A_PLACE = re.compile(r"@|://|www\.")
_TURN = re.compile(f"[{TURNS}]")
_NO_TURNS = str.maketrans("", "", TURNS)
_SEE_BELOW = compile_any("see_below")
# After this many lines under a rule it is no signature any more but a part of the mail.
_SIGNATURE_LINES = 12
# So many lines of those are looked at, the empty ones with them.
_REST = 60
_ANSWER_LINES = 7
_RULES = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person wrote, what they quoted, what stood under it, and the mail that they passed on."""

    text: str
    quoted: str = ""
    signature: str = ""
    forwarded: Forwarded | None = None
    announced_forward: bool = False


def split_reply(text: str) -> Reply:
    """Split a mail's text; lines end in LF. Linear in its length."""
    text = parted(text)
    # What lies beyond is one long line to the rules below.
    lines = text.split("\n", _LINES)
    marks = read_marks(_without_turns(text).split("\n", _LINES))
    if _ONLY_WORDS.issuperset(marks.kinds):
        return Reply(_joined(lines, range(len(lines))))
    own, quoted, block = _split_quote(lines, marks)
    own, signature = _split_signature(lines, marks.kinds, own)
    words = _joined(lines, own) if any(marks.kinds[index] == "t" for index in own) else ""
    announced = any(index in marks.forwards for index in quoted) or bool(marks.forwards and not words)
    forwarded = read_forwarded(lines[: quoted[-1] + 1], block) if block else None
    if forwarded is None and marks.forwards:
        forwarded = read_under_marker(lines, min(marks.forwards)) if announced else None
    elif forwarded is None:
        forwarded = next((found for rule in _rules(marks.kinds) if (found := read_under_rule(lines, rule))), None)
    if not words:
        if forwarded:
            whole = sorted({*own, *quoted})
            return Reply("", _joined(lines, whole), _joined(lines, signature), forwarded, announced)
        return Reply(_joined(lines, range(len(lines))), announced_forward=announced)
    return Reply(words, _joined(lines, quoted), _joined(lines, signature), forwarded, announced)


def _without_turns(text: str) -> str:
    """Leave out what turns the direction of writing: in Hebrew and Arabic it stands around every name and number."""
    return text.translate(_NO_TURNS) if not text.isascii() and _TURN.search(text) else text


def _rules(kinds: list[Kind]) -> list[int]:
    return [index for index, kind in enumerate(kinds) if kind == "r"][:_RULES]


def _split_quote(lines: list[str], marks: Marks) -> tuple[list[int], list[int], HeaderBlock | None]:
    """Return the indexes of the own lines and of the quoted ones, and the header block where a mail begins."""
    kinds = marks.kinds
    everything = list(range(len(lines)))
    first = next((index for index, kind in enumerate(kinds) if kind in {"t", "s"}), len(lines))
    cut = _embedded_mail(kinds, first)
    block = _block_at(marks, cut, len(lines)) if cut is not None else None
    if cut is not None and (cut > first or block or _names_its_sender(marks, cut)):
        own, quoted = _split_marked(lines, everything[:cut], kinds, first)
        end = _end_of_marked_mail(lines, kinds, cut, block)
        return own + everything[end:], quoted + everything[cut:end], block
    own, quoted = _split_marked(lines, everything, kinds, first)
    return own, quoted, None


def _end_of_marked_mail(lines: list[str], kinds: list[Kind], cut: int, block: HeaderBlock | None) -> int:
    """Return where a mail that stands behind `>` ends; what somebody wrote below it is theirs."""
    if block is None or not lines[block.start].startswith(">"):
        return len(lines)
    last = max(at for at in range(block.start, len(lines)) if lines[at].startswith(">"))
    return last + 1 if last >= block.end or "t" not in kinds[last + 1 :] else len(lines)


def _names_its_sender(marks: Marks, cut: int) -> bool:
    """Say whether one line below the rule of a forward says whose mail it is, as Yandex prints it."""
    below = (kind for kind in marks.kinds[cut + 1 : cut + 4] if kind != "e")
    return cut in marks.forwards and next(below, "e") == "b"


def _embedded_mail(kinds: list[Kind], first: int) -> int | None:
    """Return where a whole mail begins: "Original Message", or its printed headers, or a rule above them."""
    for index, kind in enumerate(kinds):
        if kind == "c" and index > first:
            return _with_rule_above(kinds, index)
        if kind == "o":
            return _with_rule_above(kinds, index)
    return None


def _with_rule_above(kinds: list[Kind], index: int) -> int:
    above = index
    while above > 0 and kinds[above - 1] in {"e", "r", "c"}:
        above -= 1
    while above < index and kinds[above] == "e":
        above += 1
    return above


def _block_at(marks: Marks, cut: int, end: int) -> HeaderBlock | None:
    for start in range(cut, min(cut + 10, end)):
        if start in marks.blocks:
            return marks.blocks[start]
    return None


def _split_marked(lines: list[str], indexes: list[int], kinds: list[Kind], first: int) -> tuple[list[int], list[int]]:
    """Split what comes before any embedded mail: by "On ... wrote:" and by `>`."""
    marker = next((index for index in indexes if kinds[index] == "b"), None)
    if marker is not None and not any(kinds[index] == "q" for index in indexes if index > marker):
        if first < marker:
            return _at(indexes, marker)
        return _without_markers(indexes, kinds)
    if marker is not None and marker <= first and _shape(indexes, kinds) in {"bqt", "qbqt", "bqbqt"}:
        last = max(index for index in indexes if kinds[index] == "q")
        return [index for index in indexes if index > last], [index for index in indexes if index <= last]
    if marker is not None and first < marker and not _answers_between(lines, indexes, kinds, marker):
        return _at(indexes, marker)
    own = _without_last_quote(indexes, kinds)
    kept, markers = _without_markers(own, kinds)
    return kept, sorted({*markers, *indexes[len(own) :]})


def _shape(indexes: list[int], kinds: list[Kind]) -> str:
    """Say in which order words, quotes and markers follow, each run once: `tbq` is a reply above a quote."""
    order = "".join([kinds[index] for index in indexes]).partition("d")[0]
    return _RUN.sub(r"\1", order.translate(_NO_SHAPE))


def _at(indexes: list[int], cut: int) -> tuple[list[int], list[int]]:
    return [index for index in indexes if index < cut], [index for index in indexes if index >= cut]


def _without_markers(indexes: list[int], kinds: list[Kind]) -> tuple[list[int], list[int]]:
    return (
        [index for index in indexes if kinds[index] not in {"b", "c"}],
        [index for index in indexes if kinds[index] == "b"],
    )


def _without_last_quote(indexes: list[int], kinds: list[Kind]) -> list[int]:
    """Leave out a quote that ends the mail, unless the mail is nothing else."""
    keep = end = _before_device(indexes, kinds, _before_signature(indexes, kinds))
    while keep > 0 and kinds[indexes[keep - 1]] in {"q", "e", "b", "c"}:
        keep -= 1
    if keep == end or not any(kinds[index] in {"t", "s"} for index in indexes[:keep]):
        return indexes
    return indexes[:keep]


def _before_device(indexes: list[int], kinds: list[Kind], end: int) -> int:
    """Return the position of what a device put under the quote, else the end."""
    above = end
    while above > 0 and kinds[indexes[above - 1]] in {"s", "e"}:
        above -= 1
    return above if above and kinds[indexes[above - 1]] == "q" else end


def _before_signature(indexes: list[int], kinds: list[Kind]) -> int:
    """Return the position of a signature that closes the mail after a quote, else the end."""
    for position in range(len(indexes) - 1, max(-1, len(indexes) - _SIGNATURE_LINES - 2), -1):
        if kinds[indexes[position]] in {"d", "r"}:
            above = next((kinds[at] for at in reversed(indexes[:position]) if kinds[at] != "e"), "e")
            return position if above in {"q", "b"} else len(indexes)
    return len(indexes)


def _answers_between(lines: list[str], indexes: list[int], kinds: list[Kind], marker: int) -> bool:
    """Say whether words stand between the quoted lines, rather than only above them."""
    after = [index for index in indexes if index > marker]
    shape = _shape(after, kinds).replace("b", "")
    if "tqt" in shape or shape.endswith("tq"):
        return True
    if "t" not in shape:
        return False
    last_quote = max(index for index in after if kinds[index] == "q")
    if sum(kinds[index] == "t" for index in after if index > last_quote) >= _ANSWER_LINES:
        return True
    return lines[last_quote].rstrip(" >").endswith(("?", "？")) or _is_thin(
        [lines[index] for index in indexes if index < marker and kinds[index] == "t"]
    )


def _split_signature(lines: list[str], kinds: list[Kind], own: list[int]) -> tuple[list[int], list[int]]:
    """Move a signature below its separator, and device lines, out of the words."""
    if "d" not in kinds and "r" not in kinds:
        return _split_devices(own, kinds)
    words_above = rules_above = False
    below = sum(kinds[index] == "t" for index in own)
    for position, index in enumerate(own):
        kind = kinds[index]
        below -= kind == "t"
        stands_over = kind == "d" or (
            kind == "r"
            and below <= _SIGNATURE_LINES
            and _divides(lines, own, position)
            and not _parts_a_letter(lines, own[position + 1 : position + _REST], kinds, rules_above=rules_above)
        )
        if words_above and stands_over:
            head, devices = _split_devices(own[:position], kinds)
            return head, sorted({*devices, *own[position:]})
        words_above = words_above or kind in {"t", "q"}
        rules_above = rules_above or kind == "r"
    return _split_devices(own, kinds)


def _split_devices(own: list[int], kinds: list[Kind]) -> tuple[list[int], list[int]]:
    devices = [index for index in own if kinds[index] == "s"]
    return [index for index in own if kinds[index] not in {"s", "c"}], devices


def _divides(lines: list[str], own: list[int], position: int) -> bool:
    """Say whether a rule stands between paragraphs, rather than under a heading that somebody underlined."""
    if not position or own[position - 1] != own[position] - 1:
        return True
    above = lines[own[position - 1]].strip()
    return not above or above[-1] in ".,!?" or len(lines[own[position]].strip()) > len(above) + 2


def _parts_a_letter(lines: list[str], rest: list[int], kinds: list[Kind], *, rules_above: bool) -> bool:
    """Say whether a heading or the rest of a sentence follows a rule, or sentences and there are more such rules."""
    below = [index for index in rest if kinds[index] in {"t", "r"}]
    words = [lines[index].strip() for index in takewhile(lambda index: kinds[index] == "t", below)]
    if not words or any(map(_NAMES_A_PLACE.search, words)):
        return False
    if words[0].startswith("#") or (words[0][0].islower() and words[0].count(" ") > 1):
        return True
    return (rules_above or len(words) < len(below)) and any(line.endswith((".", "?", "!")) for line in words)


def _joined(lines: list[str], indexes: "list[int] | range") -> str:
    text = "\n".join([lines[index].rstrip() for index in indexes])
    if not text.isascii():
        text = text.replace(f"{QUOTE_BEGINS}\n", "").translate(MARKS)
    return text.strip("\n").rstrip()


def _is_thin(words: list[str]) -> bool:
    """Say whether the words over a quote only greet, or point to the answers below."""
    return len(words) <= 3 and (
        all(_GREETING.match(line.strip()) for line in words) or any(_SEE_BELOW.search(line) for line in words)
    )

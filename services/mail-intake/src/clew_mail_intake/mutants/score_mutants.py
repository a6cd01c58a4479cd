"""The scoreboard on mails that nobody has seen: other forms of the known ones, made from a seed.

Next: clew_mail_intake.mutants.mutate_mail.mutate_mail.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from clew_mail_intake.mutants.mutate_mail import mutate_mail
from clew_mail_intake.mutants.mutate_text import passed_on, with_quote, with_signature
from clew_mail_intake.score import (
    Score,
    same_words,
    score_machines,
    score_mime_tree,
    score_ordinary,
    score_talon,
)
from clew_mail_intake.trim import trim_text

_FORMS = 3
_TEXT_FORMS = 20


def score_mutants(folder: Path, seed: int) -> list[Score]:
    """Score other forms of each kind of test that is there; the same seed makes the same forms."""
    forms = partial(_forms, seed)
    with_words = partial(_forms, seed, words=True, count=4 * _FORMS)
    few = partial(_forms, seed, count=4 * _FORMS)
    scores: list[Score] = []
    if (folder / "machine").is_dir():
        scores += score_machines(folder / "machine", forms)
    if (folder / "ordinary").is_dir():
        scores += score_ordinary(folder / "ordinary", with_words)
    if (folder / "reply-trim").is_dir():
        scores += _score_replies(folder / "reply-trim" / "trimmed", seed)
    if (folder / "forwards").is_dir():
        scores += _score_forwards(folder / "forwards", seed)
    if (folder / "talon-standard-replies").is_dir():
        scores += score_talon(folder / "talon-standard-replies", few)
    if (folder / "mime-tree").is_dir():
        scores += score_mime_tree(folder / "mime-tree", few)
    return scores


def _forms(
    seed: int, file: str, raw: bytes, *, words: bool = False, count: int = _FORMS
) -> Iterable[tuple[str, bytes]]:
    for number in range(count):
        yield f"{file}#{number}", mutate_mail(Random(f"{seed}/{file}/{number}"), raw, words=words)


def _score_replies(folder: Path, seed: int) -> Iterator[Score]:
    """Put known words over quotes in thirteen languages and signatures, and look for the words."""
    replies, signed = Score("replies trimmed"), Score("signatures parted")
    for path in sorted(folder.iterdir()):
        words = path.read_text()
        if not words.strip() or words.lstrip().startswith(">"):
            # Words that themselves begin with a quote have another right answer.
            continue
        for number in range(_TEXT_FORMS):
            random, name = Random(f"{seed}/{path.name}/{number}"), f"{path.name}#{number}"
            found = trim_text(path.name, with_quote(random, words).encode())
            replies.count(name, right=same_words(found["text"], words))
            found = trim_text(path.name, with_signature(random, words).encode())
            signed.count(name, right=same_words(found["text"], words))
    yield from (replies, signed)


def _score_forwards(folder: Path, seed: int) -> Iterator[Score]:
    score = Score("forwards taken apart")
    notes = [path.read_text() for path in sorted((folder / "before").iterdir())]
    bodies = ["Guten Tag,\n\nwir brauchen zwanzig Stühle.", "We need twenty chairs.\n\nThanks,\nLea"]
    for index, note in enumerate(notes):
        for number in range(2 * _TEXT_FORMS):
            text, inside = passed_on(Random(f"{seed}/{index}/{number}"), note, bodies[number % 2])
            found = trim_text("forward.txt", text.encode())
            right = same_words(found.get("forwarded", {}).get("text", ""), inside)
            score.count(f"{index}#{number}", right=right and same_words(found["text"], note))
    yield score

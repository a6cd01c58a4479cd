"""The scoreboard on mails that nobody has seen: other forms of the known ones, made from a seed.

Next: clew_mail_intake.scoring.mutants.mutate_mail.mutate_mail.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from clew_mail_intake.scoring.find_tests import UNKNOWN, find_tests
from clew_mail_intake.scoring.mutants.mutate_mail import mutate_mail
from clew_mail_intake.scoring.mutants.mutate_text import passed_on, with_quote, with_signature
from clew_mail_intake.scoring.score import (
    Score,
    same_words,
    score_machines,
    score_mime_tree,
    score_ordinary,
    score_reading,
    score_talon,
    words_in,
)
from clew_mail_intake.trim import trim_text

_FORMS = 3
_TEXT_FORMS = 20


def score_mutants(folder: Path, seed: int) -> list[Score]:
    """Score other forms of each kind of test that is there; the same seed makes the same forms. Raises `OSError`."""
    forms = partial(_forms, seed)
    with_words = partial(_forms, seed, words=True, count=4 * _FORMS)
    few = partial(_forms, seed, count=4 * _FORMS)
    boards: dict[str, Callable[[Path], Iterator[Score]]] = {
        "machine": partial(score_machines, variants=forms),
        "ordinary": partial(score_ordinary, variants=with_words),
        "reply-trim": partial(_score_replies, seed=seed),
        "forwards": partial(_score_forwards, seed=seed),
        "talon-standard-replies": partial(score_talon, variants=few),
        "mime-tree": partial(score_mime_tree, variants=few),
        UNKNOWN: partial(score_reading, variants=few),
    }
    tests = find_tests(folder)
    return [score for kind, board in boards.items() if kind in tests for score in board(tests[kind])]


def _forms(
    seed: int, file: str, raw: bytes, *, words: bool = False, count: int = _FORMS
) -> Iterable[tuple[str, bytes]]:
    for number in range(count):
        yield f"{file}#{number}", mutate_mail(Random(f"{seed}/{file}/{number}"), raw, words=words)


def _score_replies(folder: Path, seed: int) -> Iterator[Score]:
    """Put known words over quotes in thirteen languages and signatures, and look for the words."""
    replies, signed = Score("replies trimmed"), Score("signatures parted")
    for path in sorted((folder / "trimmed").iterdir()):
        words = words_in(path)
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
    notes = [words_in(path) for path in sorted((folder / "before").iterdir())]
    bodies = ["Guten Tag,\n\nwir brauchen zwanzig Stühle.", "We need twenty chairs.\n\nThanks,\nLea"]
    for index, note in enumerate(notes):
        for number in range(2 * _TEXT_FORMS):
            text, inside = passed_on(Random(f"{seed}/{index}/{number}"), note, bodies[number % 2])
            found = trim_text("forward.txt", text.encode())
            right = same_words(found.get("forwarded", {}).get("text", ""), inside)
            score.count(f"{index}#{number}", right=right and same_words(found["text"], note))
    yield score

"""How well a folder of test mails is understood, kind by kind.

Next: clew_mail_intake.understanding.understand.understand.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clew_mail_intake.scoring.find_tests import KINDS, UNKNOWN, find_tests, tree_of
from clew_mail_intake.trim import trim_text
from clew_mail_intake.understanding.bodies import read_bodies
from clew_mail_intake.understanding.parse import parse_mail
from clew_mail_intake.understanding.secured import readable
from clew_mail_intake.understanding.understood import Surroundings
from clew_mail_intake.worker import understand_at_once

# The mails to read instead of one, each with the name to report it by.
Variants = Callable[[str, bytes], Iterable[tuple[str, bytes]]]
_MACHINES = {"bounce", "complaint", "auto_reply"}


@dataclass
class Score:
    """One line of the scoreboard; `missed` names the files that went wrong, `unjudged` those without an answer."""

    name: str
    right: int = 0
    total: int = 0
    missed: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)

    def count(self, file: str, *, right: bool) -> None:
        """Add one file."""
        self.total += 1
        self.right += right
        if not right:
            self.missed.append(file)


def score_folder(folder: Path) -> list[Score]:
    """Score each kind of test that is there. Raises `OSError`."""
    boards: dict[str, Callable[[Path], Iterator[Score]]] = {
        "machine": score_machines,
        "ordinary": score_ordinary,
        "reply-trim": _score_trim,
        "forwards": _score_forwards,
        "talon-standard-replies": score_talon,
        "talon-html-replies": _score_talon_html,
        "mime-tree": score_mime_tree,
        UNKNOWN: score_reading,
    }
    tests = find_tests(folder)
    return [score for kind in (*KINDS, UNKNOWN) if kind in tests for score in boards[kind](tests[kind])]


def as_it_is(name: str, raw: bytes) -> Iterable[tuple[str, bytes]]:
    """Read the mail itself and no other form of it."""
    return ((name, raw),)


def score_machines(folder: Path, variants: Variants = as_it_is) -> Iterator[Score]:
    """Say how many machines' mails are known as such, and as what they are (B19-B21)."""
    listed = folder / "expected.json"
    expected = json.loads(listed.read_bytes()) if listed.exists() else {}
    recall, exact, decodable = (
        Score("machine mail known as machine's"),
        Score("machine mail, its kind"),
        Score("no U+FFFD"),
    )
    there = {str(path.relative_to(folder)): path for path in folder.rglob("*.eml")}
    exact.unjudged = sorted(expected.keys() ^ there.keys())
    for file, path in sorted(there.items()):
        wanted = expected.get(file)
        for name, raw in variants(file, path.read_bytes()):
            found = understand_at_once(raw, None, Surroundings())
            recall.count(name, right=found.verdict in _MACHINES)
            if wanted is not None:
                exact.count(name, right=found.verdict == (wanted["verdict"] if isinstance(wanted, dict) else wanted))
            decodable.count(name, right="\ufffd" not in found.text + found.subject_line)
    yield from (recall, exact, decodable)


def score_ordinary(folder: Path, variants: Variants = as_it_is) -> Iterator[Score]:
    """Say how many people's mails are left to people."""
    people = Score("ordinary mail not taken for a machine's")
    for path in sorted(folder.rglob("*.eml")):
        for name, raw in variants(path.name, path.read_bytes()):
            found = understand_at_once(raw, None, Surroundings())
            people.count(name, right=found.verdict not in _MACHINES)
    yield people


def score_reading(folder: Path, variants: Variants = as_it_is) -> Iterator[Score]:
    """Say of mails without any answers what can be said: that they are read, and that their text is."""
    read, decodable = Score("mails read without a failure"), Score("no U+FFFD")
    for path in sorted(folder.rglob("*.eml")):
        read.unjudged.append(str(path.relative_to(folder)))
        for name, raw in variants(read.unjudged[-1], path.read_bytes()):
            found = understand_at_once(raw, None, Surroundings())
            read.count(name, right=not found.reasons[0].startswith("quarantine: could not be read"))
            decodable.count(name, right="\ufffd" not in found.text + found.subject_line)
    yield from (read, decodable)


def _score_trim(folder: Path) -> Iterator[Score]:
    score = Score("replies trimmed")
    for path, (wanted,) in with_answers(folder, score, "trimmed"):
        score.count(path.name, right=same_words(trim_text(path.name, path.read_bytes())["text"], wanted))
    yield score


def _score_forwards(folder: Path) -> Iterator[Score]:
    score = Score("forwards taken apart")
    for path, (embedded, before) in with_answers(folder, score, "embedded", "before"):
        found = trim_text(path.name, path.read_bytes())
        inside = found.get("forwarded", {}).get("text", "")
        score.count(path.name, right=same_words(inside, embedded) and same_words(found["text"], before))
    yield score


def with_answers(folder: Path, score: Score, *answers: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield the mails under `emails` with the texts of their name in the folders beside it."""
    emails = folder / "emails"
    for path in sorted(emails.iterdir()) if emails.is_dir() else ():
        beside = [folder / answer / path.name for answer in answers]
        if path.is_file() and all(answer.is_file() for answer in beside):
            yield path, [words_in(answer) for answer in beside]
        else:
            score.unjudged.append(path.name)


def words_in(path: Path) -> str:
    """Read an answer; whoever wrote it may have used another charset."""
    return path.read_text("utf-8", "replace")


def score_talon(folder: Path, variants: Variants = as_it_is) -> Iterator[Score]:
    """Say how many answers of real mail programs are trimmed to what was written."""
    score = Score("replies of real clients, text")
    for path in sorted(folder.glob("*.eml")):
        wanted = path.with_name(f"{path.stem}-reply-text")
        for name, raw in variants(path.name, path.read_bytes()):
            found = trim_text(path.name, raw)
            # Those who made the test keep the signature with the words.
            whole = f"{found['text']}\n{found['signature']}"
            score.count(name, right=same_words(whole, words_in(wanted) if wanted.exists() else "Hello"))
    yield score


def _score_talon_html(folder: Path) -> Iterator[Score]:
    score = Score("replies of real clients, HTML")
    for path in sorted(folder.glob("*.html")):
        found = trim_text(path.name, path.read_bytes())["text"]
        score.count(path.name, right=same_words(found, "Hi. I am fine. Thanks, Alex"))
    yield score


def score_mime_tree(folder: Path, variants: Variants = as_it_is) -> Iterator[Score]:
    """Say how often subject, sender and first text are what another parser found."""
    subjects, senders, texts = Score("mime tree: subject"), Score("mime tree: from"), Score("mime tree: first text")
    for path in sorted(folder.rglob("*.eml")):
        file, tree = str(path.relative_to(folder)), tree_of(path)
        wanted = json.loads(tree.read_bytes()) if tree is not None else {}
        if not wanted.get("parts"):
            subjects.unjudged.append(file)
            continue
        body = _wanted_text(wanted)
        for name, raw in variants(file, path.read_bytes()):
            found = understand_at_once(raw, None, Surroundings())
            subject = _wanted_header(wanted, "subject").get("Text") or ""
            subjects.count(name, right=same_words(found.subject_line, subject))
            senders.count(name, right=found.sender.email == (_wanted_sender(wanted) or "").lower())
            if body is not None:
                texts.count(name, right=same_words(read_bodies(readable(parse_mail(raw))).text, body))
    yield from (subjects, senders, texts)


def _wanted_header(tree: dict[str, Any], name: str) -> dict[str, Any]:
    found = [header["value"] for header in tree["parts"][0]["headers"] if header["name"] == name]
    return found[0] if found and isinstance(found[0], dict) else {}


def _wanted_sender(tree: dict[str, Any]) -> str | None:
    named = _wanted_header(tree, "from").get("Address", {})
    people = named.get("List") or [person for group in named.get("Group", ()) for person in group["addresses"]]
    address: str | None = people[0].get("address") if people else None
    return address


def _wanted_text(tree: dict[str, Any]) -> str | None:
    bodies = [tree["parts"][index]["body"] for index in tree.get("text_body", ())]
    text: str | None = bodies[0].get("Text") if bodies and isinstance(bodies[0], dict) else None
    return text.replace("\0", "") if text is not None else None


def same_words(found: str, wanted: str) -> bool:
    """Compare two texts, white space aside."""
    return found.split() == wanted.split()

"""`clew mail score`: how well a folder of test mails is understood.

Next: clew_mail_intake.understanding.understand.understand.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clew_mail_intake.explain import speak_utf8
from clew_mail_intake.trim import trim_text
from clew_mail_intake.understanding.bodies import read_bodies
from clew_mail_intake.understanding.parse import parse_mail
from clew_mail_intake.understanding.understood import Surroundings
from clew_mail_intake.worker import understand_at_once

_MACHINES = {"bounce", "complaint", "auto_reply"}


@dataclass
class Score:
    """One line of the scoreboard; `missed` names the files that went wrong."""

    name: str
    right: int = 0
    total: int = 0
    missed: list[str] = field(default_factory=list)

    def count(self, file: str, *, right: bool) -> None:
        """Add one file."""
        self.total += 1
        self.right += right
        if not right:
            self.missed.append(file)


def run_score(args: argparse.Namespace) -> int:
    """Print the scoreboard of every kind of test that the folder holds; 1 when it holds none."""
    speak_utf8()
    scores = score_folder(Path(args.folder))
    if args.json:
        sys.stdout.write(json.dumps({each.name: vars(each) for each in scores}, ensure_ascii=False) + "\n")
        return 0 if scores else 1
    for each in scores:
        share = 100 * each.right / each.total if each.total else 0
        missed = (
            f"  missed: {', '.join(each.missed[:8])}{' ...' if len(each.missed) > 8 else ''}" if each.missed else ""
        )
        sys.stdout.write(f"{each.name:42} {each.right:5} of {each.total:5}  {share:6.2f} %{missed}\n")
    if not scores:
        sys.stderr.write(
            "no test mails here: expected machine/, ordinary/, reply-trim/, forwards/, talon-*/ or mime-tree/\n"
        )
    return 0 if scores else 1


def score_folder(folder: Path) -> list[Score]:
    """Score each kind of test that is there."""
    boards: tuple[tuple[str, Callable[[Path], Iterator[Score]]], ...] = (
        ("machine", _score_machines),
        ("ordinary", _score_ordinary),
        ("reply-trim", _score_trim),
        ("forwards", _score_forwards),
        ("talon-standard-replies", _score_talon),
        ("talon-html-replies", _score_talon_html),
        ("mime-tree", _score_mime_tree),
    )
    return [score for name, board in boards if (folder / name).is_dir() for score in board(folder / name)]


def _score_machines(folder: Path) -> Iterator[Score]:
    expected = json.loads((folder / "expected.json").read_text())
    recall, exact, decodable = (
        Score("machine mail known as machine's"),
        Score("machine mail, its kind"),
        Score("no U+FFFD"),
    )
    for name, wanted in sorted(expected.items()):
        found = understand_at_once((folder / name).read_bytes(), None, Surroundings())
        recall.count(name, right=found.verdict in _MACHINES)
        exact.count(name, right=found.verdict == wanted["verdict"])
        decodable.count(name, right="\ufffd" not in found.text + found.subject_line)
    yield from (recall, exact, decodable)


def _score_ordinary(folder: Path) -> Iterator[Score]:
    people = Score("ordinary mail not taken for a machine's")
    for path in sorted(folder.rglob("*.eml")):
        found = understand_at_once(path.read_bytes(), None, Surroundings())
        people.count(path.name, right=found.verdict not in _MACHINES)
    yield people


def _score_trim(folder: Path) -> Iterator[Score]:
    score = Score("replies trimmed")
    for path in sorted((folder / "emails").iterdir()):
        wanted = (folder / "trimmed" / path.name).read_text()
        score.count(path.name, right=_same(trim_text(path.name, path.read_bytes())["text"], wanted))
    yield score


def _score_forwards(folder: Path) -> Iterator[Score]:
    score = Score("forwards taken apart")
    for path in sorted((folder / "emails").iterdir()):
        found = trim_text(path.name, path.read_bytes())
        inside = found.get("forwarded", {}).get("text", "")
        right = _same(inside, (folder / "embedded" / path.name).read_text())
        score.count(path.name, right=right and _same(found["text"], (folder / "before" / path.name).read_text()))
    yield score


def _score_talon(folder: Path) -> Iterator[Score]:
    score = Score("replies of real clients, text")
    for path in sorted(folder.glob("*.eml")):
        wanted = path.with_name(f"{path.stem}-reply-text")
        found = trim_text(path.name, path.read_bytes())
        # Those who made the test keep the signature with the words.
        whole = f"{found['text']}\n{found['signature']}"
        score.count(path.name, right=_same(whole, wanted.read_text() if wanted.exists() else "Hello"))
    yield score


def _score_talon_html(folder: Path) -> Iterator[Score]:
    score = Score("replies of real clients, HTML")
    for path in sorted(folder.glob("*.html")):
        found = trim_text(path.name, path.read_bytes())["text"]
        score.count(path.name, right=_same(found, "Hi. I am fine. Thanks, Alex"))
    yield score


def _score_mime_tree(folder: Path) -> Iterator[Score]:
    subjects, senders, texts = Score("mime tree: subject"), Score("mime tree: from"), Score("mime tree: first text")
    for path in sorted(folder.rglob("*.eml")):
        tree = next(filter(Path.exists, (path.with_suffix(".json"), path.with_suffix(".crlf.json"))), None)
        if tree is None:
            continue
        wanted, raw, name = json.loads(tree.read_text()), path.read_bytes(), str(path.relative_to(folder))
        found = understand_at_once(raw, None, Surroundings())
        subjects.count(name, right=_same(found.subject_line, _wanted_header(wanted, "subject").get("Text") or ""))
        address = _wanted_sender(wanted)
        senders.count(name, right=found.sender.email == (address or "").lower())
        body = _wanted_text(wanted)
        if body is not None:
            texts.count(name, right=_same(read_bodies(parse_mail(raw)).text, body))
    yield from (subjects, senders, texts)


def _wanted_header(tree: dict[str, Any], name: str) -> dict[str, Any]:
    found = [header["value"] for header in tree["parts"][0]["headers"] if header["name"] == name]
    return found[0] if found and isinstance(found[0], dict) else {}


def _wanted_sender(tree: dict[str, Any]) -> str | None:
    people = _wanted_header(tree, "from").get("Address", {}).get("List") or [{}]
    address: str | None = people[0].get("address")
    return address


def _wanted_text(tree: dict[str, Any]) -> str | None:
    bodies = [tree["parts"][index]["body"] for index in tree["text_body"]]
    text: str | None = bodies[0].get("Text") if bodies and isinstance(bodies[0], dict) else None
    return text.replace("\0", "") if text is not None else None


def _same(found: str, wanted: str) -> bool:
    return found.split() == wanted.split()

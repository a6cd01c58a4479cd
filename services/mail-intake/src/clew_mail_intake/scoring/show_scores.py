"""`clew mail score`: print the scoreboard. Next: clew_mail_intake.scoring.score.score_folder."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from clew_mail_intake.explain import speak_utf8
from clew_mail_intake.scoring.find_tests import KINDS, UNKNOWN, find_tests
from clew_mail_intake.scoring.mutants.score_mutants import score_mutants
from clew_mail_intake.scoring.score import Score, score_folder

_NAMED = 8


def run_score(args: argparse.Namespace) -> int:
    """Print the scoreboard of every kind of test in the folder and, apart from it, what could not be judged.

    The exit code is 1 for a folder without tests, 2 for none that can be read.
    """
    speak_utf8()
    folder = Path(args.folder)
    try:
        scores = score_folder(folder) if args.mutate is None else score_mutants(folder, args.mutate)
        kinds = set(find_tests(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"clew: {folder}: {_why_unread(error)}\n")
        return 2
    if args.json:
        sys.stdout.write(json.dumps({each.name: vars(each) for each in scores}, ensure_ascii=False) + "\n")
    else:
        for each in scores:
            sys.stdout.write(_line(each))
    for remark in _remarks(folder, kinds, scores):
        sys.stderr.write(f"clew: {remark}\n")
    return 0 if scores else 1


def _why_unread(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    return f"its answers are not in the form expected ({type(error).__name__}: {error})"


def _line(score: Score) -> str:
    share = 100 * score.right / score.total if score.total else 0
    missed = f"  missed: {_some(score.missed)}" if score.missed else ""
    return f"{score.name:42} {score.right:5} of {score.total:5}  {share:6.2f} %{missed}\n"


def _remarks(folder: Path, kinds: set[str], scores: Sequence[Score]) -> list[str]:
    if not kinds:
        wanted = ", ".join(f"{kind}/" for kind in KINDS)
        return [f"{folder}: no test mails: expected some of {wanted}, or *.eml"]
    if kinds == {UNKNOWN}:
        return ["no answers beside these mails: judged was only that they can be read, not what they are taken for"]
    remarks = [
        f"not judged, {each.name}: {len(each.unjudged)} without an answer or a mail: {_some(each.unjudged)}"
        for each in scores
        if each.unjudged
    ]
    absent = [kind for kind in KINDS if kind not in kinds]
    return [*remarks, f"not judged, as the folder holds none: {', '.join(absent)}"] if absent else remarks


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else "")

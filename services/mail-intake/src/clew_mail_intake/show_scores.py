"""`clew mail score`: print the scoreboard. Next: clew_mail_intake.score.score_folder."""

import argparse
import json
import sys
from pathlib import Path

from clew_mail_intake.explain import speak_utf8
from clew_mail_intake.mutants.score_mutants import score_mutants
from clew_mail_intake.score import score_folder


def run_score(args: argparse.Namespace) -> int:
    """Print the scoreboard of every kind of test that the folder holds; 1 when it holds none."""
    speak_utf8()
    folder = Path(args.folder)
    scores = score_folder(folder) if args.mutate is None else score_mutants(folder, args.mutate)
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

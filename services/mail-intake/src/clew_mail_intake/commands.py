"""`clew mail explain|trim|score|replay`. Next: clew_mail_intake.explain.run_explain."""

from clew_shared.runtime.subparsers import Subparsers, later


def add_commands(subparsers: Subparsers) -> None:
    """Register `mail explain|trim|score|replay`."""
    mail = subparsers.add_parser("mail", help="say how mails are understood")
    commands = mail.add_subparsers(dest="mail_command", required=True)

    explain = commands.add_parser("explain", help="verdict, sender, text and the reasons, for each file")
    explain.add_argument("files", nargs="+", metavar="FILE", help="mails, folders of mails, or - for standard input")
    explain.add_argument("--json", action="store_true", help="one JSON object a line")
    explain.add_argument(
        "--colleague-domain", action="append", default=[], help="whose forwards are colleagues'", metavar="DOMAIN"
    )
    explain.add_argument(
        "--trust", action="append", default=[], metavar="AUTHSERV_ID", help="whose authentication results count"
    )
    explain.set_defaults(run=later("clew_mail_intake.explain:run_explain"))

    trim = commands.add_parser("trim", help="a bare text's own words, quote and signature, as JSON")
    trim.add_argument(
        "files", nargs="+", metavar="FILE", help="texts, pages or whole mails, folders of them, or - for standard input"
    )
    trim.set_defaults(run=later("clew_mail_intake.trim:run_trim"))

    score = commands.add_parser("score", help="how well a folder of test mails is understood")
    score.add_argument(
        "folder",
        metavar="DIR",
        help="holds some of machine, ordinary, reply-trim, ..., or is one of them, or holds *.eml",
    )
    score.add_argument("--json", action="store_true", help="the figures as one JSON object")
    score.add_argument(
        "--mutate", type=int, metavar="SEED", help="read other forms of the same mails, made from a seed"
    )
    score.set_defaults(run=later("clew_mail_intake.scoring.show_scores:run_score"))

    replay = commands.add_parser("replay", help="read stored mails again: what would be decided differently now?")
    replay.add_argument("--since", metavar="DATE", help="only mails that came on this day (UTC) or later")
    replay.add_argument("--verdict", help="only mails that were taken for this")
    replay.add_argument("--json", action="store_true", help="one JSON object a difference")
    replay.set_defaults(run=later("clew_mail_intake.replay_mails:run_replay"))

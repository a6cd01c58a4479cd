"""The commands that belong to no single service. Next: clew_shared.runtime.operate.up."""

from pathlib import Path
from uuid import UUID

from clew_shared.runtime.subparsers import Subparsers, later

_SERVICES = ("forms", "mail-intake", "lifecycle", "notify", "all")


def add_commands(commands: Subparsers) -> None:
    """Register `up`, `demo`, `serve`, `migrate`, `doctor`, `topology`, `shunt` and `bench`."""
    up = commands.add_parser("up", help="run everything: engines, services, pages")
    up.add_argument("--split", action="store_true", help="each service in a process of its own, behind one origin")
    up.set_defaults(run=later("clew_shared.runtime.operate:up"))
    demo = commands.add_parser("demo", help="a seeded board beside a company's site, on data of its own")
    demo.set_defaults(run=later("clew_shared.demo.command:run_demo"))
    serve = commands.add_parser("serve", help="run services only")
    serve.add_argument("service", nargs="+", choices=_SERVICES)
    serve.set_defaults(run=later("clew_shared.runtime.operate:serve"))
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    migrate.set_defaults(run=later("clew_shared.runtime.operate:bring_up_to_date"))
    doctor = commands.add_parser("doctor", help="look for what is wrong and who can mend it")
    doctor.set_defaults(run=later("clew_shared.runtime.operate:doctor"))
    topology = commands.add_parser("topology", help="who tells what, and who hears it")
    topology.add_argument("--format", choices=["markdown", "asyncapi", "json-schema"], default="markdown")
    topology.set_defaults(run=later("clew_shared.runtime.operate:show_topology"))
    shunt = commands.add_parser("shunt", help="events set aside: list, retry or drop them")
    shunt.add_argument("action", choices=["list", "retry", "drop"])
    shunt.add_argument("id", nargs="*", type=UUID, help="the entries to retry or drop")
    shunt.set_defaults(run=later("clew_shared.runtime.operate:tend_shunt"))
    bench = commands.add_parser("bench", help="what clew does in a second, beside what the bare parts do")
    bench.add_argument(
        "only",
        nargs="*",
        metavar="WHAT",
        help="some of forms, smtp, mail, imap, parse, thread, orders, latency, memory; or million, mailbox",
    )
    bench.add_argument("--rows", type=int, default=1_000_000, help="companies and deals that million makes")
    bench.add_argument("--json", type=Path, default=Path("bench/results.json"), help="where the figures go")
    bench.set_defaults(run=later("clew_shared.bench.command:run_bench"))

"""One line of the benchmark, and the table and the JSON that lines make. Next: clew_shared.bench.command.run_bench."""

from collections.abc import Sequence
from typing import Literal

import msgspec


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, in `unit`, beside its floor from the same run.

    `floor` is what the bare parts reach without our work; `aim` what DESIGN asks for, either a figure in `unit` or,
    with `aim_is_ratio`, a part of the floor. `better` says which direction is good.
    """

    work: str
    figure: float
    unit: str
    floor_name: str = ""
    floor: float | None = None
    aim: float | None = None
    aim_is_ratio: bool = False
    better: Literal["more", "less"] = "more"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.figure / self.floor if self.floor else None

    @property
    def meets_aim(self) -> bool | None:
        measured = self.ratio if self.aim_is_ratio else self.figure
        if self.aim is None or measured is None:
            return None
        return measured >= self.aim if self.better == "more" else measured <= self.aim


def as_table(lines: Sequence[Line]) -> str:
    """Give the lines as a Markdown table."""
    rows = ["| work | figure | floor in the same run | ratio | aim | met |", "|---|---|---|---|---|---|"]
    for line in lines:
        floor = f"{line.floor:,.0f} {line.unit} ({line.floor_name})" if line.floor is not None else ""
        ratio = f"{line.ratio:.2f}" if line.ratio is not None else ""
        met = {True: "yes", False: "**no**", None: ""}[line.meets_aim]
        note = f"; {line.note}" if line.note else ""
        rows.append(
            f"| {line.work}{note} | {line.figure:,.0f} {line.unit} | {floor} | {ratio} | {_aim(line)} | {met} |"
        )
    return "\n".join(rows) + "\n"


def as_json(lines: Sequence[Line]) -> bytes:
    items = [msgspec.to_builtins(line) | {"ratio": line.ratio, "meets_aim": line.meets_aim} for line in lines]
    return msgspec.json.format(msgspec.json.encode(items), indent=2) + b"\n"


def _aim(line: Line) -> str:
    if line.aim is None:
        return ""
    sign = "≥" if line.better == "more" else "≤"
    return f"{sign} {line.aim:.0%} of the floor" if line.aim_is_ratio else f"{sign} {line.aim:,.0f} {line.unit}"

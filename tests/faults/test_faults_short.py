"""The short cut of `make faults`: each kind of fault once."""

from pathlib import Path

from tests.faults.matrix import run_matrix, table


def test_what_was_acknowledged_is_there_once_although_every_part_was_killed(tmp_path: Path) -> None:
    """I1, I2, I7; F1, F3 and F4 of the fault matrix."""
    result = run_matrix(tmp_path / "clew", "short")

    assert not result.problems, table(result)
    assert {kill["target"] for kill in result.kills} == {
        "forms",
        "mail-intake",
        "lifecycle",
        "notify",
        "nats",
        "postgres",
    }

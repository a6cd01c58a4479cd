"""What is logged can be read by a program, whoever says it, and names nobody."""

import json
import subprocess
import sys

_SAYS = """
import logging, structlog
from clew_shared.runtime.logs import set_up_logs
set_up_logs()
structlog.get_logger().info("mail.judged", sender="ann@firm.example", reasons=("sent by ann@firm.example",))
logging.getLogger("imapclient.util").warning("cannot read %s", "ann@firm.example")
try:
    raise ValueError("ann@firm.example")
except ValueError:
    logging.getLogger("asyncio").exception("lost")
"""


def test_every_line_of_the_log_is_json_and_names_nobody() -> None:
    """A library's warning was a bare line between ours, and the reasons of a verdict named who had sent the mail."""
    lines = subprocess.run(
        [sys.executable, "-c", _SAYS], capture_output=True, text=True, check=True
    ).stderr.splitlines()

    said = [json.loads(line) for line in lines]
    assert [entry["level"] for entry in said] == ["info", "warning", "error"]
    assert said[0]["reasons"] == ["sent by ***@firm.example"]
    assert said[1]["event"] == "cannot read ***@firm.example"
    assert "ValueError" in said[2]["exception"]
    assert "ann@" not in "".join(lines)


def test_a_format_is_known_in_capitals_too() -> None:
    says = _SAYS.replace("set_up_logs()", "set_up_logs(form='TEXT')")
    first = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True).stderr

    assert not first.startswith("{")

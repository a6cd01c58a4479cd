"""How many mails of 20 kB are understood in a second, beside the standard library only parsing them.

Next: clew_shared.bench.line.Line.
"""

import asyncio
import base64
import random
import sys
import time
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path

from clew_shared.bench.line import Line
from clew_shared.runtime.settings import Settings

_FEW, _MANY = 200, 2200
_BYTES = 20_000
_PNG = b"\x89PNG\r\n\x1a\n"


async def measure_parse(settings: Settings) -> list[Line]:
    """Let `clew mail explain` read many mails and then few: the difference is free of its start."""
    folder = settings.data_dir / "mails"
    folder.mkdir()
    mails = [folder / f"{number}.eml" for number in range(_MANY)]
    for number, path in enumerate(mails):
        path.write_bytes(_mail(number))
    few, many = await _explain(mails[:_FEW]), await _explain(mails)
    started = time.perf_counter()
    for path in mails:
        BytesParser(policy=compat32).parsebytes(path.read_bytes())
    bare = _MANY / (time.perf_counter() - started)
    return [
        Line(
            work="parse and understand a mail of 20 kB",
            figure=(_MANY - _FEW) / (many - few),
            unit="/s",
            floor_name="stdlib compat32, parsing alone",
            floor=bare,
            aim=1500,
        )
    ]


async def _explain(mails: list[Path]) -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "clew_shared.runtime.cli",
        "mail",
        "explain",
        "--json",
        *map(str, mails),
        stdout=asyncio.subprocess.DEVNULL,
    )
    await process.wait()
    return time.perf_counter() - started


def _mail(number: int) -> bytes:
    """Give a reply with a text, an HTML part and a small picture, as mail programs write them."""
    some = random.Random(number)
    words = " ".join(some.choice(("chairs", "tables", "oak", "delivery", "offer", "spring")) for _ in range(900))
    text = "\r\n".join(words[start : start + 76] for start in range(0, len(words), 76))
    quote = "\r\n".join(f"> {line}" for line in text[:2000].split("\r\n"))
    picture = base64.encodebytes(_PNG + some.randbytes(3000 - len(_PNG))).decode().replace("\n", "\r\n")
    head = (
        f"From: Ann Lee <ann{number}@example.org>\r\nTo: deals@in.localhost\r\nSubject: Re: =?utf-8?q?St=C3=BChle?=\r\n"
        f"Message-ID: <{number}@example.org>\r\nIn-Reply-To: <1@in.localhost>\r\n"
        "References: <0@x.example> <1@in.localhost>\r\n"
        "Date: Sun, 22 Nov 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\n'
        'Content-Type: multipart/alternative; boundary="b2"\r\n\r\n'
    )
    plain = (
        "--b2\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{text}\r\n\r\nOn Sat, 21 Nov 2026 at 10:00, clew <clew@in.localhost> wrote:\r\n{quote}\r\n\r\n"
    )
    paragraphs = "".join(f"<p>{line}</p>\r\n" for line in text[:5000].split("\r\n"))
    html = f"--b2\r\nContent-Type: text/html\r\n\r\n<html><body>{paragraphs}</body></html>\r\n\r\n--b2--\r\n"
    attached = (
        '--b1\r\nContent-Type: image/png; name="plan.png"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="plan.png"\r\n\r\n{picture}\r\n--b1--\r\n'
    )
    mail = (head + plain + html + attached).encode()
    return mail + b"\r\n" * max(0, (_BYTES - len(mail)) // 2)

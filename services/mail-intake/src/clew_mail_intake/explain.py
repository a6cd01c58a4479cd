"""`clew mail`: say how mails are understood, without any engine. Next: clew_mail_intake.worker.Workers.understand."""

import argparse
import asyncio
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import msgspec
from clew_shared.runtime.settings import load_settings

from clew_mail_intake.reading import surroundings
from clew_mail_intake.understanding.understood import Surroundings, Understanding
from clew_mail_intake.worker import Workers


def run_explain(args: argparse.Namespace) -> int:
    """Explain every file; one that cannot be read is explained as such. Raises `BadSetting`."""
    speak_utf8()
    asyncio.run(_explain_all(expand(args.files), _known(args), as_json=args.json, out=sys.stdout))
    return 0


def speak_utf8() -> None:
    """Write UTF-8 whatever the terminal's locale is: mails hold every script."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")


def _known(args: argparse.Namespace) -> Surroundings:
    """Give what the service goes by, with what the options add. Raises `BadSetting`."""
    settings = load_settings()
    domains, trusted = settings.team_domains, settings.trusted_authserv
    return surroundings(
        settings.changed(
            team_domains=(*domains, *args.colleague_domain),
            trusted_authserv=(*trusted, *args.trust),
        )
    )


def expand(names: list[str]) -> Iterator[Path]:
    """Yield the files named, and those in the folders named."""
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.is_file())
        else:
            yield path


def read_file(path: Path) -> bytes:
    """Read a file, or what is typed or piped in where its name is `-`."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


async def _explain_all(files: Iterator[Path], known: Surroundings, *, as_json: bool, out: TextIO) -> None:
    async with Workers(1) as workers:
        for path in files:
            found = await _explain(path, known, workers)
            out.write(msgspec.json.encode(found).decode() + "\n" if as_json else _readable(found))
    out.flush()


async def _explain(path: Path, known: Surroundings, workers: Workers) -> dict[str, Any]:
    try:
        raw = read_file(path)
    except OSError as error:
        unread = await workers.understand(b"", known=known, page=False)
        return {**as_object(str(path), unread), "reasons": [f"quarantine: cannot read the file ({error.strerror})"]}
    return as_object(str(path), await workers.understand(raw, known=known, page=False))


def as_object(file: str, found: Understanding) -> dict[str, Any]:
    """Return what one mail says as the JSON object of `clew mail explain`; signature pictures are no attachments."""
    return {
        "file": file.encode("utf-8", "replace").decode(),
        "verdict": found.verdict,
        "contact": {"email": found.contact.email or None, "name": found.contact.name or None},
        "subject": found.subject_line,
        "text": found.text,
        "quoted": found.quoted,
        "attachments": [
            {"name": each.name, "type": each.type, "size": each.size, "sha256": each.sha256, "inline": each.inline}
            | ({"rejected": each.rejected} if each.rejected else {})
            for each in found.attachments
            if not each.decoration
        ],
        "message_id": found.message_id,
        "references": list(found.references),
        "in_reply_to": found.in_reply_to,
        "auto": found.auto,
        "dsn": {
            "recipient": found.dsn.recipient,
            "status": found.dsn.status,
            "message_id": found.dsn.message_id,
            "severity": found.dsn.severity if found.verdict == "bounce" else None,
        }
        if found.dsn
        else None,
        "forwarded_from": {"email": found.forwarded_from.email, "name": found.forwarded_from.name or None}
        if found.forwarded_from
        else None,
        "reasons": list(found.reasons),
    }


def _readable(found: dict[str, Any]) -> str:
    contact = found["contact"]
    who = " ".join(filter(None, (contact["name"], f"<{contact['email']}>" if contact["email"] else None)))
    lines = [
        f"{found['file']}: {found['verdict']}",
        f"  from     {who or '(nobody)'}",
        f"  subject  {found['subject']}",
    ]
    if found["dsn"]:
        dsn = found["dsn"]
        lines.append(
            f"  bounced  {dsn['recipient'] or '(unknown)'} {dsn['severity'] or ''} {dsn['status'] or ''} "
            f"{dsn['message_id'] or ''}".rstrip()
        )
    if found["forwarded_from"]:
        lines.append(f"  first    {found['forwarded_from']['email']}")
    lines += [f"  file     {each['name']} ({each['type']}, {each['size']} B)" for each in found["attachments"]]
    lines += [f"  because  {reason}" for reason in found["reasons"]]
    lines += [f"  | {line}" for line in found["text"].split("\n")[:20]]
    return "\n".join(lines).encode("utf-8", "replace").decode() + "\n\n"

"""`clew mail explain|trim|score` as a program: no engine, never a failure."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.mail_intake.mails import mail


def clew(*arguments: str, typed: str = "", **environment: str) -> tuple[int, str, str]:
    """Run the command line as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "clew_shared.runtime.cli", "mail", *arguments],
        capture_output=True,
        input=typed.encode(),
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
        timeout=120,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def explain(*files: Path, **environment: str) -> list[dict[str, Any]]:
    code, out, err = clew("explain", "--json", *map(str, files), **environment)
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def test_one_json_object_a_mail(tmp_path: Path) -> None:
    """Issue 2: the object and its keys."""
    path = tmp_path / "a.eml"
    path.write_bytes(mail("In-Reply-To: <0@in.example>", "References: <0@in.example>", body="Hello\n\n> quoted\n"))

    [found] = explain(path)

    assert found == {
        "file": str(path),
        "verdict": "enquiry",
        "contact": {"email": "ann@lead.example", "name": "Ann Lead"},
        "subject": "Chairs",
        "text": "Hello",
        "quoted": "> quoted",
        "attachments": [],
        "message_id": "<1@lead.example>",
        "references": ["<0@in.example>"],
        "in_reply_to": "<0@in.example>",
        "auto": False,
        "dsn": None,
        "forwarded_from": None,
        "reasons": ["enquiry: a person wrote"],
    }


def test_it_never_fails(tmp_path: Path) -> None:
    """Issue 2: empty, binary, hostile and missing files, all in one process, one line each."""
    contents = [b"", b"\0" * 1000, bytes(range(256)) * 400, b"\xff\xfe" * 500, b"Subject: =?x?q?=ZZ?=\r\r\n", mail()]
    files = [tmp_path / f"{number}.eml" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)

    found = explain(*files, tmp_path / "missing.eml", LC_ALL="C", PYTHONIOENCODING="ascii")

    assert [one["file"] for one in found] == [*map(str, files), str(tmp_path / "missing.eml")]
    assert found[5]["verdict"] == "enquiry"
    assert "cannot read the file" in found[6]["reasons"][0]


def test_colleagues_are_known_from_the_settings_or_an_option(tmp_path: Path) -> None:
    """B17: what went wrong: the file that CLEW_CONFIG names was not read, as every other command does."""
    path = tmp_path / "a.eml"
    body = "Yours?\n\n---------- Forwarded message ---------\nFrom: Lea <lea@c.example>\nSubject: x\nTo: y\n\nHello\n"
    path.write_bytes(mail("From: col@ours.example", "Subject: Fwd: x", body=body))

    config = tmp_path / "clew.toml"
    config.write_text('team_domains = ["ours.example"]\n')

    [found] = explain(path, CLEW_TEAM_DOMAINS="ours.example")
    assert explain(path, CLEW_CONFIG=str(config)) == [found]
    _, asked, _ = clew("explain", "--json", "--colleague-domain", "ours.example", str(path))
    assert json.loads(asked) == found
    assert found["contact"] == {"email": "lea@c.example", "name": "Lea"}
    assert found["forwarded_from"] == {"email": "lea@c.example", "name": "Lea"}
    assert found["text"] == "Hello"


def test_without_json_a_person_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail())

    code, out, _ = clew("explain", str(path))

    assert code == 0
    assert "enquiry" in out
    assert "Ann Lead <ann@lead.example>" in out
    assert "| Hello, I need twenty chairs." in out


def test_trim_splits_bare_bodies(tmp_path: Path) -> None:
    """Issue 4: text, quoted, signature, and what a forward carries."""
    reply, forward = tmp_path / "reply.txt", tmp_path / "forward.txt"
    reply.write_text("Yes\n\n-- \nBob\n\nOn 4.1.2026 10:00, Ann wrote:\n> Red?\n")
    forward.write_text("Yours?\n\nFrom: Lea <lea@c.example>\nSent: Monday\nTo: y\nSubject: Chairs\n\nHello\n")

    code, out, _ = clew("trim", str(reply), str(forward))
    [first, second] = map(json.loads, out.splitlines())

    assert code == 0
    assert (first["text"], first["signature"].split()) == ("Yes", ["--", "Bob"])
    assert "> Red?" in first["quoted"]
    assert second["text"] == "Yours?"
    assert second["forwarded"]["from"] == {"email": "lea@c.example", "name": "Lea"}
    assert second["forwarded"]["subject"] == "Chairs"
    assert second["forwarded"]["text"].endswith("Hello")


def test_trim_has_one_object_with_the_same_keys_for_whatever_it_is_given(tmp_path: Path) -> None:
    """Issue 4: `{file,text,quoted,signature}` and nothing else, also for mails, folders and what is not there."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_bytes("Grüße\r\n\r\n-- \r\nBob\r\n".encode("latin-1"))
    (folder / "b").write_bytes(mail("MIME-Version: 1.0", body="Hello\n\n> quoted\n"))

    code, out, err = clew("trim", str(folder), "-", str(tmp_path / "missing"), typed="<div>Hi <b>you</b></div>")
    found = [json.loads(line) for line in out.splitlines()]

    assert [tuple(one) for one in found] == [("file", "text", "quoted", "signature")] * 4
    assert [one["text"] for one in found] == ["Grüße", "Hello", "Hi you", ""]
    assert (code, err) == (1, f"clew: {tmp_path / 'missing'}: No such file or directory\n")


def test_score_says_what_it_did_not_judge(tmp_path: Path) -> None:
    """Issue 4: a folder of some kinds, one of the kinds itself, mails without answers, and no folder."""
    replies = tmp_path / "reply-trim"
    for name in ("emails", "trimmed"):
        (replies / name).mkdir(parents=True)
        (replies / name / "a.txt").write_text("Yes\n")
    (replies / "emails" / "b.txt").write_text("No\n")
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "a.eml").write_bytes(mail())

    code, out, err = clew("score", str(tmp_path))
    itself = clew("score", str(replies))
    unknown = clew("score", str(tmp_path / "some"))
    missing = clew("score", str(tmp_path / "none"))

    assert (code, itself[:2]) == (0, (0, out))
    assert "1 of     1" in out
    assert "replies trimmed: 1 without an answer or a mail: b.txt" in err
    assert "holds none: machine, ordinary" in err
    assert "1 of     1" in unknown[1]
    assert "no answers beside these mails" in unknown[2]
    assert missing[0] == 2


def test_a_setting_that_is_none_is_named_before_any_mail_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail())

    code, out, err = clew("explain", str(path), CLEW_TEAM_DOMAIN="ours.example")

    assert (code, out) == (2, "")
    assert "did you mean CLEW_TEAM_DOMAINS?" in err


def test_score_names_what_went_wrong(tmp_path: Path) -> None:
    """Issue 4: the scoreboard as a command."""
    folder = tmp_path / "ordinary"
    folder.mkdir()
    (folder / "person.eml").write_bytes(mail())
    (folder / "machine.eml").write_bytes(mail("Auto-Submitted: auto-replied"))

    code, out, _ = clew("score", str(tmp_path))

    assert code == 0
    assert "1 of     2" in out
    assert "machine.eml" in out


def test_whom_the_settings_trust_is_trusted_here_too(tmp_path: Path) -> None:
    """B13: the service had set a mail aside, and the explanation of it said that a person wrote."""
    path = tmp_path / "a.eml"
    path.write_bytes(mail("Authentication-Results: mx.ours.example; dmarc=fail"))

    assert explain(path)[0]["verdict"] == "enquiry"
    assert explain(path, CLEW_TRUSTED_AUTHSERV="mx.ours.example")[0]["verdict"] == "quarantine"

"""What the files of a mail are, and what they are called (B27, B29, B30)."""

import base64
import struct
from hashlib import sha256

import pytest
from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.file_names import safe_name
from clew_mail_intake.understanding.understand import understand

from tests.mail_intake.mails import mail, read

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def test_an_empty_text_that_nobody_named_is_no_file() -> None:
    """B30: an attached one is, however empty."""
    body = "--b\r\n\r\nwords\r\n--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b--"

    assert not read("Content-Type: multipart/mixed; boundary=b", body=body).attachments


def test_a_uuencoded_file_in_the_text_is_a_file() -> None:
    """B25."""
    body = "See the file.\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n\nBye\n"
    raw = mail(body=body)

    found = understand(raw)

    assert "begin 644" not in found.text
    [file] = found.attachments
    assert (file.name, read_attachment(raw, file)) == ("cat.txt", b"Cat")


def test_pictures_of_a_signature_are_no_attachments() -> None:
    """B27: inline and small; a photo is one."""
    html = '<p>Hello</p><img src="cid:logo@x"><img src="cid:photo@x">'
    body = (
        f"--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n".encode()
        + b"--b\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo@x>\r\n\r\n"
        + PICTURE
        + b"\r\n--b\r\nContent-Type: image/png; name=photo.png\r\nContent-ID: <photo@x>\r\n\r\n"
        + PICTURE * 200
        + b"\r\n--b--\r\n"
    )

    found = read("Content-Type: multipart/related; boundary=b", body=body)

    assert [(file.name, file.inline, file.decoration) for file in found.attachments] == [
        ("logo.png", True, True),
        ("photo.png", True, False),
    ]
    assert 'src="cid:logo@x"' in found.html


def test_files_are_listed_with_size_and_digest_and_can_be_fetched() -> None:
    """B30."""
    data = bytes(range(256)) * 40
    body = b"--b\r\n\r\nHi\r\n--b\r\nContent-Type: application/octet-stream; name=a.bin\r\n"
    body += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data) + b"\r\n--b--\r\n"
    raw = mail("Content-Type: multipart/mixed; boundary=b", body=body)

    [file] = understand(raw).attachments

    assert (file.size, file.sha256) == (len(data), sha256(data).hexdigest())
    assert read_attachment(raw, file) == data


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("con.txt", "_con.txt"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("...", "attachment"),
        ("x" * 300 + ".pdf", "x" * 237 + ".pdf"),
        ('quo"te<>.txt', "quote.txt"),
        ("a\u061c\u2067b\u00adc.txt", "abc.txt"),
        ("COM¹.txt", "_COM¹.txt"),
        ("..\uff0f..\u2215x.sh", "x.sh"),
        ("folder/", "folder"),
        ("👩\u200d👧 x\u200d.pdf", "👩\u200d👧 x.pdf"),
        ("e\u0301" * 200 + ".txt", "é" * 118 + ".txt"),
        ("\u0928\u093f\u0902" * 40 + ".pdf", "\u0928\u093f\u0902" * 26 + "\u0928" + ".pdf"),
    ],
)
def test_file_names_are_made_safe(name: str, safe: str) -> None:
    """B30."""
    assert safe_name(name, set()) == safe


@pytest.mark.parametrize(
    ("declared", "content", "kind"),
    [
        ("image/png", b"<html><script>alert(1)</script>", "text/html"),
        ("application/pdf", b"MZ\x90\x00" + b"\0" * 60, "application/x-msdownload"),
        ("application/octet-stream", b"%PDF-1.7\n1 0 obj", "application/pdf"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04" + b"\0" * 40, None),
        ("text/plain", b"ID3 is the tag that we sell.", None),
        ("application/octet-stream", b"ID3 is the tag that we sell.", None),
        ("image/jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\0", "image/jpeg"),
        ("image/gif", b'<?xml version="1.0"?><!-- x --><svg onload="alert(1)">', "image/svg+xml"),
        ("application/pdf", b"", None),
    ],
)
def test_a_file_is_what_its_bytes_say(declared: str, content: bytes, kind: str | None) -> None:
    """B30: by magic number; a container may be what it is called."""
    body = f"--b\r\nContent-Type: {declared}; name=a\r\n".encode()
    body += b"Content-Disposition: attachment\r\n"
    body += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content) + b"--b--"

    found = read("Content-Type: multipart/mixed; boundary=b", body=body)

    assert found.attachments[0].type == (kind or declared)
    told = f"attachment: a is {kind}, not {declared}" in found.reasons
    assert told == bool(kind and declared not in {"application/octet-stream", "image/jpg"})


def test_an_attached_mail_is_called_by_its_subject() -> None:
    """B30: also where it is encoded, which RFC 2046 5.2.1 forbids."""
    inner = b"Subject: =?utf-8?q?St=C3=BChle/Tische?=\r\n\r\nHello\r\n"
    part = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner
    coded = b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"

    found = read("Content-Type: multipart/mixed; boundary=b", body=part + coded + base64.encodebytes(inner) + b"--b--")

    assert [file.name for file in found.attachments] == ["Stühle-Tische.eml", "Stühle-Tische (2).eml"]


def test_equal_names_are_told_apart_and_empty_files_kept() -> None:
    """B30."""
    part = "--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n\r\n"

    found = read("Content-Type: multipart/mixed; boundary=b", body=part * 2 + "--b--")

    assert [(file.name, file.size) for file in found.attachments] == [("a.txt", 0), ("a (2).txt", 0)]


def test_a_file_over_the_cap_is_listed_with_the_reason() -> None:
    """B30: never dropped in silence."""
    part = "--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
    big = "--b\r\nContent-Disposition: attachment; filename=big.bin\r\n\r\n" + "x" * (26 * 1024 * 1024) + "\r\n"

    found = read("Content-Type: multipart/mixed; boundary=b", body=big + part * 250 + "--b--")

    assert len(found.attachments) == 251
    assert found.attachments[0].rejected == "larger than 25 MB"
    assert found.attachments[-1].rejected == "more than 200 files"
    assert found.attachments[1].rejected is None


def test_what_is_beyond_the_last_part_that_is_read_is_one_more_line_with_the_number() -> None:
    """B30: neither file nor line told of the others."""
    part = "--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"

    files, exactly = (
        read("Content-Type: multipart/mixed; boundary=b", body=part * count + "--b--").attachments
        for count in (1_000, 499)
    )

    assert len(files) == 500
    assert (files[-1].name, files[-1].rejected) == ("501 more parts", "more than 500 parts")
    assert len(exactly) == 499
    assert "more parts" not in exactly[-1].name


@pytest.mark.parametrize(
    "header",
    [
        "filename*=utf-8''Preis%20%E2%82%AC.pdf",
        "filename*0*=utf-8''Preis%20; filename*1*=%E2%82%AC.pdf",
        'filename="=?utf-8?b?UHJlaXMg4oKsLnBkZg==?="',
        'filename="Preis €.pdf"',
    ],
)
def test_a_file_name_is_read_in_each_of_its_encodings(header: str) -> None:
    """B30: RFC 2231, RFC 2047 where it is forbidden, and raw."""
    body = f"--b\r\nContent-Disposition: attachment; {header}\r\n\r\nx\r\n--b--"

    [file] = read("Content-Type: multipart/mixed; boundary=b", body=body).attachments

    assert file.name == "Preis €.pdf"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("filename=plan (1).pdf", "plan (1).pdf"),
        ("filename='plan.pdf'", "plan.pdf"),
        ("filename*=utf-8'gr%C3%B6%C3%9Fe.pdf", "größe.pdf"),
        ("filename*=iso-8859-1'de'gr%F6%DFe.pdf", "größe.pdf"),
        ("filename=\"plain.pdf\"; filename*=UTF-8''sch%C3%B6n.pdf", "schön.pdf"),
        ("filename*=utf-8''..%2F..%2Fetc%2Fpasswd%00.pdf", "passwd.pdf"),
        ('filename*1="two.pdf"; filename*0="one "', "one two.pdf"),
        ('filename="b.pdf"\r\nContent-Type: application/pdf; name="a.exe"', "b.pdf"),
        ('filename=""\r\nContent-Type: application/pdf; name="b.pdf"', "b.pdf"),
    ],
)
def test_a_file_name_is_read_as_it_was_meant(header: str, name: str) -> None:
    """B30: what senders get wrong, and two names that differ."""
    body = f"--b\r\nContent-Disposition: attachment; {header}\r\n\r\nx\r\n--b--"

    assert read("Content-Type: multipart/mixed; boundary=b", body=body).attachments[0].name == name


def test_a_lost_semicolon_before_a_file_name_is_found() -> None:
    """B30."""
    body = "--b\r\nContent-Disposition: attachment filename=plan.pdf\r\n\r\nx\r\n--b--"

    assert read("Content-Type: multipart/mixed; boundary=b", body=body).attachments[0].name == "plan.pdf"


def winmail_with_offer() -> bytes:
    """Make a body whose one part is a TNEF file with words and a file of its own."""

    def attribute(level: int, name: int, value: bytes) -> bytes:
        return struct.pack("<BII", level, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)

    tnef = struct.pack("<IH", 0x223E9F78, 1)
    tnef += attribute(1, 0x0002800C, b"Words inside\0")
    tnef += attribute(2, 0x00069002, b"\0" * 14) + attribute(2, 0x00018010, b"offer.txt\0")
    tnef += attribute(2, 0x0006800F, b"twenty chairs")
    head = b"--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(tnef) + b"\r\n--b--"


def test_a_winmail_dat_is_unpacked() -> None:
    """B29: Outlook's TNEF; its files are listed and fetched like any other, its text is the body."""
    raw = mail("Content-Type: multipart/mixed; boundary=b", body=winmail_with_offer())

    found = understand(raw)

    [file] = found.attachments
    assert (file.name, read_attachment(raw, file)) == ("offer.txt", b"twenty chairs")
    assert found.text == "Words inside"


def test_a_file_packed_in_what_is_packed_itself_is_listed_and_not_given() -> None:
    """B30: its bytes are two unpackings away, and those of the winmail.dat must not come under its name."""
    inner = mail("From: lea@customer.example", "Content-Type: multipart/mixed; boundary=b", body=winmail_with_offer())
    head = b"--o\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = head + base64.encodebytes(inner) + b"\r\n--o--"

    found = read("From: col@ours.example", "Subject: Fwd:", "Content-Type: multipart/mixed; boundary=o", body=body)

    [offer] = [file for file in found.attachments if file.name == "offer.txt"]
    assert offer.rejected == "packed twice: it is in the raw mail"


@pytest.mark.parametrize("cut", range(6, 60, 3))
def test_a_winmail_dat_cut_off_is_no_end_of_the_world(cut: int) -> None:
    """B29."""
    tnef = (struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 2, 0x00069005, 2**31) + b"\xff" * 60)[:cut]
    body = b"--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\n" + tnef + b"\r\n--b--"

    assert len(read("Content-Type: multipart/mixed; boundary=b", body=body).attachments) == 1

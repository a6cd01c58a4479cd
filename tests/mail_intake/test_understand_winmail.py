"""What Outlook hides in a winmail.dat beyond files that lie open there (B29, B30)."""

import base64
import struct

from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.understand import understand

from tests.mail_intake.mails import mail

STRING8, UNICODE, BINARY, OBJECT, STRINGS8 = 0x1E, 0x1F, 0x102, 0x0D, 0x101E
RENDERING, TITLE, DATA, OF_FILE, OF_MESSAGE, CODE_PAGE = 0x069002, 0x018010, 0x06800F, 0x069005, 0x069003, 0x069007
BODY, PAGE, CONTENT, LONG_NAME, CONTENT_ID = 0x1000, 0x1013, 0x3701, 0x3707, 0x3712
# Somebody's own property, by number and by name, as programs leave them before those that matter here.
NAMED = struct.pack("<HH16sII", 0x03, 0x8001, b"\0" * 16, 0, 7) + struct.pack("<I", 1)
NAMED_BY_TEXT = struct.pack("<HH16sII", 0x03, 0x8002, b"\0" * 16, 1, 6) + b"a\0b\0\0\0\0\0" + struct.pack("<I", 1)


def winmail(*attributes: tuple[int, bytes]) -> bytes:
    """Make a mail of nothing but a winmail.dat."""
    tnef = struct.pack("<IH", 0x223E9F78, 1)
    for name, value in attributes:
        tnef += struct.pack("<BII", 1, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
    head = b"--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = head + base64.encodebytes(tnef) + b"\r\n--b--"
    return mail("Content-Type: multipart/mixed; boundary=b", body=body)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


def value_of(kind: int, name: int, *values: bytes) -> bytes:
    packed = (struct.pack("<I", len(value)) + value + b"\0" * (-len(value) % 4) for value in values)
    return struct.pack("<HHI", kind, name, len(values)) + b"".join(packed)


def test_the_words_are_found_behind_the_properties_of_other_programs() -> None:
    """B29: reading used to end at the first property with a name of its own, or with several values."""
    many = value_of(STRINGS8, 0x3A58, b"Tom\0", b"Lea\0")
    words = value_of(UNICODE, BODY, "Zwanzig Stühle\0".encode("utf-16-le"))

    found = understand(winmail((OF_MESSAGE, properties(NAMED, NAMED_BY_TEXT, many, words))))

    assert found.text == "Zwanzig Stühle"


def test_words_that_came_as_a_page_alone_are_read_with_its_pictures() -> None:
    """B27, B29."""
    page = value_of(BINARY, PAGE, '<meta charset="utf-8"><p>Zwanzig Stühle</p><img src="cid:logo@x">'.encode())
    picture = properties(value_of(STRING8, LONG_NAME, b"logo.png\0"), value_of(STRING8, CONTENT_ID, b"logo@x\0"))

    found = understand(
        winmail(
            (OF_MESSAGE, properties(page)),
            (RENDERING, b""),
            (DATA, b"\x89PNG\r\n\x1a\n" + b"0" * 99),
            (OF_FILE, picture),
        )
    )

    assert found.text == "Zwanzig Stühle"
    assert [(file.name, file.inline, file.decoration) for file in found.attachments] == [("logo.png", True, True)]


def test_a_file_that_came_as_an_object_is_one_without_what_it_is_called_there() -> None:
    """B29: such files were left out, and with them the whole winmail.dat."""
    identifier = bytes.fromhex("0b00000000000000c000000000000046")
    plain = properties(NAMED, value_of(STRING8, LONG_NAME, b"a.txt\0"), value_of(BINARY, CONTENT, b"twenty"))
    object_ = properties(value_of(STRING8, LONG_NAME, b"b.txt\0"), value_of(OBJECT, CONTENT, identifier + b"thirty"))
    raw = winmail((RENDERING, b""), (OF_FILE, plain), (RENDERING, b""), (OF_FILE, object_))

    files = {file.name: read_attachment(raw, file) for file in understand(raw).attachments}

    assert files == {"a.txt": b"twenty", "b.txt": b"thirty"}


def test_an_empty_file_in_it_is_kept_and_its_name_read_in_the_code_page_of_the_message() -> None:
    """B24, B30."""
    page = struct.pack("<II", 1250, 0)

    found = understand(
        winmail((CODE_PAGE, page), (RENDERING, b""), (TITLE, "ceník Kučery.txt\0".encode("cp1250")), (DATA, b""))
    )

    assert [(file.name, file.size) for file in found.attachments] == [("ceník Kučery.txt", 0)]

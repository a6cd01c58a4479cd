"""What the words and the files of a mail are, however badly it is put together (B24-B27, B29-B31)."""

import base64
import struct
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.clean_html import clean_html
from clew_mail_intake.understanding.file_names import safe_name
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope

from tests.mail_intake.mails import mail, read

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 100


@pytest.mark.parametrize(
    ("text", "codec", "declared"),
    [
        ("Grüße an alle, naïve Ærø", "utf-8", "iso-8859-1"),
        ("Grüße an alle, naïve Ærø", "utf-8", None),
        ("Grüße an alle, naïve Ærø", "cp1252", "utf-8"),
        ("Preis: 20 € – „gut“", "cp1252", "iso-8859-1"),
        ("Preis: 20 € – „gut“", "cp1252", "us-ascii"),
        ("こんにちは、椅子を二十脚お願いします", "iso2022_jp", None),
        ("こんにちは、椅子を二十脚お願いします", "iso2022_jp", "us-ascii"),
        ("こんにちは、椅子①を二十脚お願いします", "cp932", "shift_jis"),
        ("我们需要二十把椅子，朱镕基", "gb18030", "gb2312"),
        ("我們需要二十把椅子", "big5", "big5"),
        ("의자 스무 개가 필요합니다 똠방각하", "cp949", "ks_c_5601-1987"),
        ("Нам нужны двадцать стульев", "koi8-r", "koi8-r"),
        ("Нам нужны двадцать стульев, срочно, спасибо большое", "cp1251", "x-unknown"),
        ("Zażółć gęślą jaźń", "iso8859-2", "iso-8859-2"),
        ("Proszę o ofertę na dwadzieścia krzeseł do biura w Łodzi, z góry dziękuję.", "cp1250", None),
        ("Chtěl bych se zeptat na cenu dvaceti židlí do naší nové kanceláře v Brně.", "iso8859-2", "us-ascii"),
        ("Ofisimiz için yirmi sandalyenin fiyatını öğrenmek istiyorum, teşekkürler.", "cp1254", None),
        ("Спасибо, жду ответа.\n\nExample Trading Limited, Catalogue of Chairs and Desks", "cp1251", None),
        ("Guðrún Þórðardóttir, Åsa Öberg, Jürgen Höß, François Lefèvre, João", "cp1252", None),
        ("Grüße, 椅子", "utf-16", "utf-16"),
        ("Grüße, 椅子", "utf-7", "utf-7"),
        ("Bonjour, l’œuvre est déjà prête, où ça ?", "cp1252", "gb2312"),
        ("Добрый день, нужны стулья для офиса!", "cp1251", "utf-16"),
        ("Grüße, 椅子", "utf-8", "utf-16"),
        ("¿Cuándo? Mañana, señor.", "cp850", "cp-850"),
        ("의자 스무 개가 필요합니다", "cp949", "x-windows-949"),
        ("Здравствуйте, нужны двадцать стульев для нового офиса", "cp1251", "iso-8859-1"),
        ("Добрый день! Нужны стулья. С уважением, Юрий, Москва", "koi8-r", "windows-1251"),
        ("Добрый день! Нужны стулья. С уважением, Юрий, Москва", "cp1251", "koi8-r"),
        ("ВНИМАНИЕ: от мГУ и мВД ответа нет, а нужны СТУЛЬЯ", "cp1251", "windows-1251"),
        ("我们需要为新办公室订购二十把椅子，请发报价", "gb18030", "iso-8859-1"),
        ("Proszę o przesłanie oferty na dwadzieścia krzeseł; zależy nam na czasie.", "iso8859-2", "iso-8859-1"),
        ("Norėtume užsisakyti dvidešimt kėdžių naujam biurui, prašome atsiųsti pasiūlymą.", "cp1257", None),
        ("Això és l'opció més fàcil", "cp1252", None),
        ("Dejà vu, été après été", "cp1252", None),
        ("Стулья и столы", "utf-16-le", "unicode"),
        ("Стулья и столы", "utf-16-be", "utf-16"),
        ("Стулья и столы", "utf-16-le", "utf-8"),
        ("我们需要椅子", "utf-16-be", "utf-16"),
        ("Stühle und 椅子", "utf-32-be", "utf-32"),
        ("Grüße aus Zürich", "mac-roman", "x-macintosh"),
    ],
)
def test_a_text_is_decoded_whatever_it_is_called(text: str, codec: str, declared: str | None) -> None:
    """B24."""
    kind = f"Content-Type: text/plain; charset={declared}" if declared else "Content-Type: text/plain"

    found = read(kind, "Content-Transfer-Encoding: base64", body=base64.encodebytes(text.encode(codec)))

    assert found.text == text


@pytest.mark.parametrize(
    ("subject", "name", "codec", "declared"),
    [
        ("Запрос цены", "Юрий", "koi8-r", "koi8-r"),
        ("Запрос цены", "Юрий", "cp1251", None),
        ("询价", "王小明", "gb18030", "gb2312"),
        ("価格", "山田", "euc-jp", "iso-2022-jp"),
        ("Zapytanie: krzesła", "Małgorzata", "iso8859-2", "iso-8859-2"),
        ("Sandalye fiyatı", "Çağrı", "cp1254", "windows-1254"),
        ("Hyvää päivää", "Äiti", "cp1252", None),
        ("Preis: 5 € für m² – ½", "Jörg", "cp1252", "utf-8"),
        ("Grüße", "Jürgen", "utf-8", "koi8-r"),
    ],
)
def test_a_header_of_eight_bits_is_read_as_the_text_below_it(
    subject: str, name: str, codec: str, declared: str | None
) -> None:
    """B18, B24, B30: the letters of one word tell nothing; what they are called below, or all together, do."""
    header = f'From: "{name}" <ann@lead.example>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n'
    header += "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain"
    header += f"; charset={declared}\r\n\r\nwords\r\n" if declared else "\r\n\r\nwords\r\n"
    raw = header.encode(codec) + f'--b\r\nContent-Type: text/csv; name="{name}.csv"\r\n\r\nx\r\n--b--'.encode(codec)

    found = understand(raw)

    assert (found.subject_line, found.contact.name) == (subject, name)
    assert [file.name for file in found.attachments] == [f"{name}.csv"]


def test_what_postgresql_refuses_is_taken_out() -> None:
    """B24: NUL, and half surrogates that UTF-7 can hide."""
    found = read("Content-Type: text/plain; charset=utf-7", "Subject: a\0b", body=b"a\0b +2AA- c")

    assert "\0" not in found.text + found.subject_line
    assert found.text.encode()


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("Content-Type: multipart/mixed", "--x123\r\nContent-Type: text/plain\r\n\r\nwords\r\n--x123--\r\n", "words"),
        ("Content-Type: multipart/mixed; boundary=nowhere", "just words\r\n", "just words"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nunclosed words", "unclosed words"),
        ("Content-Type: multipart/mixed", "--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b--", "words"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nwords\r\n--bb\r\nmore\r\n--b--", "words\n--bb\nmore"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: text/plain\n\nwords\n--b--\n", "words"),
        ('Content-Type: multipart/mixed; boundary="b" ;', "--b  \r\n\r\nwords\r\n--b--", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: spam", "words", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: 7-bit;", "words", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: Base64 ", "d29yZHM\r\n", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", "w=6Frds =ZZ=\r\n!", "words =ZZ!"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable (it is)", "w=6Frds", "words"),
        (
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64",
            "Two words, none coded.",
            "Two words, none coded.",
        ),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", "two = \r\nwords", "two words"),
        ("Content-Type: multipart/mixed boundary=b", "--b\r\n\r\nwords\r\n--b--", "words"),
        (
            'Content-Type: multipart/mixed; boundary="=_one"',
            "----=_another\r\nContent-Type: text/plain\r\n\r\nwords\r\n----=_another--\r\n",
            "words",
        ),
        (": no name\r\nX-A: b", "words", "words"),
        (": no name", "words", "words"),
        ("X-Not one: but two words", "words", "words"),
        ("Content-Type: text", "words", "words"),
        ("Content-Type: ; charset=", "words", "words"),
        ("X-Nothing: x", "", ""),
    ],
)
def test_a_badly_built_mail_keeps_its_words(header: str, body: str, text: str) -> None:
    """B25."""
    assert read(header, body=body).text == text


@pytest.mark.parametrize(
    "before", [b"\r\n", b"\n\n", b"\xef\xbb\xbf", b" ", b"\r\nFrom ann Mon Jan  1 00:00:00 2024\n"]
)
def test_what_an_editor_left_before_the_header_is_no_body(before: bytes) -> None:
    """B25."""
    found = understand(before + mail())

    assert (found.contact.email, found.subject_line) == ("ann@lead.example", "Chairs")
    assert found.text == "Hello, I need twenty chairs."


def test_a_footer_behind_an_encoded_text_is_no_part_of_its_letters() -> None:
    """B25: a list appends it to whatever stands there; without padding it went on as letters."""
    text = "Good morning, may we have twenty chairs, please?"
    footer = b"\r\n\r\n____________________\r\nOffers mailing list\r\n"

    found = read("Content-Transfer-Encoding: base64", body=base64.b64encode(text.encode()) + footer)

    assert found.text == text


def test_an_empty_text_that_nobody_named_is_no_file() -> None:
    """B30: an attached one is, however empty."""
    body = "--b\r\n\r\nwords\r\n--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b--"

    assert not read("Content-Type: multipart/mixed; boundary=b", body=body).attachments


def test_the_root_that_a_mail_names_is_read_wherever_it_stands() -> None:
    """B25: RFC 2387."""
    body = "--b\r\nContent-Type: text/html\r\nContent-ID: <frame>\r\n\r\n<p>frame\r\n"
    body += "--b\r\nContent-Type: text/html\r\nContent-ID: <page>\r\n\r\n<p>page\r\n--b--"

    found = read('Content-Type: multipart/related; boundary=b; start="<page>"', body=body)

    assert found.text == "page"


def test_nested_parts_with_one_and_the_same_boundary_are_read() -> None:
    """B25."""
    body = (
        "--b\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
        "--b--\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--b--\r\n"
    )

    found = read("Content-Type: multipart/mixed; boundary=b", body=body)

    assert found.text == "words"
    assert [file.name for file in found.attachments] == ["a.pdf"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_any_line_end_will_do(line_end: bytes) -> None:
    """B25: files of an old Mac too."""
    body = "--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
    body += "--b\r\nContent-Type: image/png; name=a.png\r\n\r\nxyz\r\n--b--\r\n"
    raw = mail("Content-Type: multipart/mixed; boundary=b", body=body).replace(b"\r\n", line_end)

    found = understand(raw)

    assert (found.contact.email, found.text) == ("ann@lead.example", "words")
    assert read_attachment(raw, found.attachments[0]) == b"xyz"


def test_a_bare_cr_in_a_header_is_no_new_header() -> None:
    """B42: else what the checks saw and what we read would differ."""
    found = understand(mail("Subject: x\rFrom: evil@else.example"))

    assert found.contact.email == "ann@lead.example"
    assert found.subject_line == "x From: evil@else.example"


def test_very_long_lines_and_header_only_mails_are_read() -> None:
    """B25."""
    assert len(read(body="x" * 2_000_000).text) == 2_000_000
    assert understand(b"From: ann@lead.example\r\nSubject: only a header").subject_line == "only a header"


def test_a_uuencoded_file_in_the_text_is_a_file() -> None:
    """B25."""
    body = "See the file.\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n\nBye\n"
    raw = mail(body=body)

    found = understand(raw)

    assert "begin 644" not in found.text
    [file] = found.attachments
    assert (file.name, read_attachment(raw, file)) == ("cat.txt", b"Cat")


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ("<script>alert(1)</script>", "alert"),
        ('<p onclick="x()">a</p>', "onclick"),
        ('<a href="javascript:x()">a</a>', "javascript"),
        ('<a href="data:text/html,x">a</a>', "data:"),
        ("<svg><script>x()</script></svg>", "svg"),
        ('<meta http-equiv="refresh" content="0">', "meta"),
        ('<base href="https://evil.example">', "base"),
        ('<form action="https://evil.example"><input></form>', "form"),
        ('<img src="https://evil.example/pixel">', "evil"),
        ('<p style="background:url(https://evil.example)">a</p>', "evil"),
        ("<iframe src=x></iframe>", "iframe"),
    ],
)
def test_html_is_cleaned_of_what_acts(html: str, gone: str) -> None:
    """B26."""
    assert gone not in clean_html(f"<p>before</p>{html}")
    assert gone not in clean_html("<p>before</p>" * 1_001 + html)


def test_a_page_of_thousands_of_rows_is_shown_like_one_of_a_few() -> None:
    """B26: what stands in attributes, comments and unclosed tags is read the same."""
    row = '<tr><td align="right">5 < 6 <b title="</td>">&amp;</b> <!-- </td> --><a href="https://x.example/?a=1&b=2">x</a>'

    few, many = (clean_html(f"<table><tbody>{row * rows}</table>") for rows in (2, 1_000))
    [head, *rows] = few.split("<tr>")

    assert many.replace("</tbody></table>", "").split("<tr>") == [head, *[rows[0]] * 1_000]


def test_a_page_of_links_is_still_text() -> None:
    """B26: five thousand links are read, not replaced."""
    found = read("Content-Type: text/html", body='<a href="https://x.example">link</a> ' * 6_000)

    assert found.text.split().count("link") == 6_000
    assert found.html


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


@pytest.mark.parametrize(
    ("subject", "read_as"),
    [
        ("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café"),
        ("=?utf-8?q?caf=C?= =?utf-8?q?3=A9?=", "café"),
        ("=?utf-8?q?caf=?=\r\n =?utf-8?q?C3=A9?=", "café"),
        ("=?utf-8?q?caf=C\r\n 3=A9?=", "café"),
        ("=?utf-8?b?Y2Fm?= =?utf-8?b?w6k=?=", "café"),
        ("=?utf-8?b?Y2Fmw?= =?utf-8?b?6k=?=", "café"),
        ("=?utf-8?b?Y2Fmw6k?= =?utf-8?b?Y2Fmw6k?=", "cafécafé"),
        ("=?utf-8?b?Y2Fmw?= =?utf-8?q?6k?=", "caf6k"),
        ("=?utf-8?q?caf=C3=A9=0D=0ABcc:_x?=", "café  Bcc: x"),
    ],
)
def test_an_encoded_word_cut_anywhere_goes_on_in_the_next(subject: str, read_as: str) -> None:
    """B24: inside a character, inside what stands for a byte, or where a whole word ends."""
    assert read(f"Subject: {subject}").subject_line == read_as


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/enriched", "<bold>Twenty</bold> chairs,\nplease.\n\n<color><param>red</param>Red</color>, << 9\n", None),
        ("text/richtext", "<bold>Twenty</bold> chairs,\nplease.<nl><comment>no</comment>Red, <lt> 9", None),
        ("text/enriched", "<nofill>Twenty\nchairs</nofill>", "Twenty\nchairs"),
    ],
)
def test_enriched_text_is_read_without_its_marks(kind: str, body: str, text: str | None) -> None:
    """B25."""
    assert read(f"Content-Type: {kind}", body=body).text.rstrip() == (text or "Twenty chairs, please.\nRed, < 9")


def test_the_charset_of_a_page_is_sought_behind_its_styles() -> None:
    """B24: the first thousands of bytes tell nothing, and neither do its tags."""
    page = (
        f"<html><head><style>{'p {color: red} ' * 900}</style></head><body><p>Нужны двадцать стульев</p></body></html>"
    )

    assert read("Content-Type: text/html; charset=utf-8", body=page.encode("cp1251")).text == "Нужны двадцать стульев"


def test_seven_bit_japanese_stands_in_a_header_as_it_is() -> None:
    """B24: no encoded word, no charset."""
    subject = "椅子を20脚".encode("iso2022_jp").decode("ascii")

    assert read(f"Subject: {subject}").subject_line == "椅子を20脚"


def test_an_invitation_says_what_when_and_who() -> None:
    """B29: not a blank body."""
    body = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Tasting\r\nDTSTART:20260504T100000Z\r\n"
        "ORGANIZER;CN=Lea Lead:mailto:lea@customer.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )

    found = read(
        "Content-Type: multipart/mixed; boundary=b", body=f"--b\r\nContent-Type: text/calendar\r\n\r\n{body}\r\n--b--"
    )

    assert found.text.splitlines() == [
        "Invitation: Tasting",
        "From: 2026-05-04 10:00 UTC",
        "Organiser: Lea Lead <lea@customer.example>",
    ]


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


def test_an_encrypted_mail_says_so() -> None:
    """B29."""
    body = "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    body += "--b\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--b--"

    assert read("Content-Type: multipart/encrypted; boundary=b", body=body).text == "(encrypted message)"


@pytest.mark.parametrize(
    "date", ["Mon, 4 Jan 2199 10:00:00 +0000", "not a date", "", "Mon, 99 Foo 2026 99:99:99 +9999", "0"]
)
def test_an_impossible_date_is_the_time_of_arrival(date: str) -> None:
    """B31: and the original is kept."""
    arrived = datetime(2026, 5, 4, 10, tzinfo=UTC)

    found = understand(mail(f"Date: {date}"), envelope=Envelope(received_at=arrived))

    assert found.date == arrived
    assert found.date_header == date


def test_a_true_date_is_kept_in_utc() -> None:
    """B31."""
    found = read("Date: Mon, 4 May 2026 12:00:00 +0200")

    assert found.date == datetime(2026, 5, 4, 10, tzinfo=UTC)

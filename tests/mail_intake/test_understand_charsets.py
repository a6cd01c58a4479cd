"""What the letters of a mail are, whatever they are called (B24)."""

import base64

import pytest
from clew_mail_intake.understanding.understand import understand

from tests.mail_intake.mails import read


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

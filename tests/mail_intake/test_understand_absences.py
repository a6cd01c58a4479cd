"""Notes of who is away, in many languages and without a header's help, and people who write alike (B20)."""

import pytest

from tests.mail_intake.mails import read

UTF8 = "Content-Type: text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "subject",
    [
        "תגובה אוטומטית: כיסאות",
        "رد تلقائي: كراسي",
        "Автоматичен отговор: Столове",
        "Аутоматски одговор: Столице",
        "Automatinis atsakymas: Kėdės",
        "Automātiskā atbilde: Krēsli",
        "Automaatvastus: Toolid",
        "Trả lời tự động: Ghế",
        "ตอบกลับอัตโนมัติ: เก้าอี้",
        "Balasan otomatis: Kursi",
        "Resposta automàtica: Cadires",
        "Out of Office AW: Stühle",
        "Automatische Antwort auf Ihre Nachricht",
        "Auto reply from Ann Lead",
    ],
)
def test_more_languages_say_in_the_subject_that_nobody_wrote(subject: str) -> None:
    """B20: a sign, an answered subject or whose it is may follow."""
    assert read(f"Subject: {subject}", UTF8, body="x").verdict == "auto_reply"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (
            "AUTO: Ann Lead is out of the office",
            "Back on the 5th.\n\nNote: This is an automated response to your message.",
        ),
        (
            "Ann Lead ist außer Haus.",
            "Zurück am 5.5.\n\nHinweis: Dies ist eine automatische Antwort auf Ihre Nachricht.",
        ),
        ("Away from my desk", "I will not be reading my mail. Your mail will be read when I return."),
        ("Your quote arrived", "Thank you. This is an automated reply; somebody will read it."),
        ("Accusé de réception", "Nous avons votre demande. Ceci est un message automatique."),
        ("お問い合わせ", "※このメールは自動返信です。"),
        ("Sabbatical", "I'm on sabbatical until June. For urgent questions contact Lou."),
        ("Jury", "I will be out of the office until further notice. For immediate help call Ben."),
        ("Dovolená", "Do 5. 5. jsem na dovolené. V naléhavých případech volejte kolegu."),
        ("Szabadság", "Május 5-ig szabadságon vagyok. Sürgős esetben hívja az irodát."),
        ("Concediu", "Sunt în concediu până luni. Pentru urgențe sunați la birou."),
        ("İzin", "5 Mayıs'a kadar izindeyim. Acil konular için ofisi arayın."),
        ("Απουσία", "Απουσιάζω μέχρι τις 5 Μαΐου."),
        ("חופשה", "אני בחופשה. לעניין דחוף פנו למשרד."),
        ("Semester", "Jag är föräldraledig och åter i maj."),
    ],
)
def test_a_note_without_a_headers_help_is_an_automatic_answer(subject: str, body: str) -> None:
    """B20: an absence, and until when or who helps; or that a machine says so, also at its end."""
    assert read(f"Subject: {subject}", UTF8, body=f"{body}\n").verdict == "auto_reply"


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        ("X-Amz-Auto-Reply: true", "auto_reply"),
        ("X-MDAutoResponder: yes", "auto_reply"),
        ("X-Out-Of-Office: 1", "auto_reply"),
        ("X-Acme-Vacation: until May", "auto_reply"),
        ("Content-Class: urn:content-classes:mdn", "auto_reply"),
        ("From: autoresponder@lead.example", "auto_reply"),
        ("Content-Class: urn:content-classes:dsn", "bounce"),
        ("Content-Class: urn:content-classes:message", "enquiry"),
        ("X-Auto-Response-Suppress: DR", "enquiry"),
        ("X-MIME-Autoconverted: from 8bit to base64", "enquiry"),
        ("X-Autoreply: no", "enquiry"),
    ],
)
def test_every_maker_has_a_header_of_its_own(header: str, verdict: str) -> None:
    """B19-B21"""
    assert read(header).verdict == verdict


def test_thanks_with_an_empty_return_path_are_an_automatic_answer() -> None:
    """B20: no person's mail has such a path (RFC 5321 4.5.5); what a form sends so is a visitor's."""
    thanks = "Thank you for your message. We answer within a day.\n"

    assert read("Subject: Re: Chairs", body=thanks, mail_from="").verdict == "auto_reply"
    assert read("Subject: Re: Chairs", body=thanks).verdict == "enquiry"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Out of office", "Hi Bob,\n\nI am out of the office until Monday, so ask Sue, it is urgent. We accept."),
        ("Urlaub", "Sehr geehrter Herr Klein,\n\nich bin ab dem 3.8. im Urlaub, dringend bitte an Frau Lang."),
        ("Re: Out of office", "No hurry.\n\nOn Monday Sue wrote:\n> I am out of the office and return on 5 May."),
        (
            "AW: Abwesenheitsnotiz",
            "Dann bis Mai.\n\nVon: Sue\nGesendet: Montag\nBetreff: Abwesenheitsnotiz\n\nIch bin bis 5.5. im Urlaub.",
        ),
        ("Order", "I'm on vacation until Monday. Please deliver the chairs to Sue, it is urgent."),
        ("Bestellung", "Ich bin bis Freitag im Urlaub, bitte liefern Sie in dringenden Fällen an die Vertretung."),
        ("Haus", "Ich bin bis 14.8. nicht im Haus. Die Lieferung bitte zum Nachbarn, dringend."),
        ("Delivery", "We are away until 12 July, the parcel should go to our neighbour. It's urgent."),
        ("Ledig lägenhet", "Jag är intresserad av en ledig lägenhet till 1 augusti, brådskande."),
        ("Newsletter", "This is an automated message I got from you. It says that my account is closed."),
        ("Door", "This is an automatic door. Please quote a new drive."),
        ("Tür", "Dies ist eine automatische Tür, die wir ersetzen wollen."),
        ("Puerta", "Esta es una puerta automática. Queremos cambiarla."),
        ("Porta", "Questa è una porta automatica che vogliamo sostituire."),
        ("Deur", "Dit is een automatische deur die we willen vervangen."),
        ("Fråga", "Detta meddelande är till er säljavdelning. Vi behöver stolar."),
        ("Ворота", "Это автоматические ворота, нужна цена."),
        ("Thank you for your offer", "Thank you for your offer, we have received your samples and take two hundred."),
    ],
)
def test_people_who_are_away_or_write_of_automatic_things_are_people(subject: str, body: str) -> None:
    """B20: who greets by name, wants something or quotes a note has written it themselves."""
    assert read(f"Subject: {subject}", UTF8, body=f"{body}\n").verdict == "enquiry"


def test_a_shop_that_could_not_deliver_a_parcel_is_no_mail_system() -> None:
    """B19, B21"""
    words = "Hello, we could not deliver your parcel: the following address does not exist.\n"

    assert read("From: noreply@shop.example", "Subject: Delivery failed", body=words).verdict == "list"

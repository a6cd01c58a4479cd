"""What is in a mail, end to end: sent by SMTP, seen on the deal, its files downloaded (B26-B30)."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from clew_shared.contracts.ids import utc_now
from clew_shared.testing.harness import RunningClew

from tests.journeys.test_thread import entries, the_deal_of
from tests.mail_intake.intake import INTAKE, wire
from tests.mail_intake.test_verify_signature import WORDS, Issued, opaque, p7

LOGO = b"\x89PNG\r\n\x1a\n" + b"logo" * 5_000
PHOTO = b"\x89PNG\r\n\x1a\n" + b"photo" * 5_000


async def test_a_picture_in_the_text_is_shown_and_the_logo_that_comes_again_is_not(clew: RunningClew) -> None:
    """B26, B27: a logo too large to be known by its size, and a page that fetches nothing from elsewhere."""
    await send(clew, with_pictures("<1@lead.example>", LOGO, PHOTO))
    deal = await the_deal_of(clew, "ann@lead.example")
    [first] = await entries(clew, deal["id"], 1)
    await send(clew, with_pictures("<2@lead.example>", LOGO, b"\x89PNG\r\n\x1a\n" + b"other" * 5_000))
    [latest, _] = await entries(clew, deal["id"], 2)

    assert [(file["name"], file["inline"]) for file in first["attachments"]] == [("p0.png", True), ("p1.png", True)]
    assert [file["name"] for file in latest["attachments"]] == ["p1.png"]
    page = await text_of(clew, f"/deals/{deal['id']}")
    assert all(f'<img src="{file["url"]}"' in page for file in (*first["attachments"], *latest["attachments"]))
    sent, headers = await page_of(clew, f"/mail/messages/{first['enquiry_id']}/page")
    assert f'src="/api/v1/mail/messages/{first["enquiry_id"]}/attachments/1"' in sent
    assert "tracker.example" not in sent
    assert "sandbox" in headers["Content-Security-Policy"]


async def test_a_mail_inside_its_signature_has_its_words_and_its_files(clew: RunningClew) -> None:
    """B29, B30: signed by nobody that we believe, which the deal says."""
    await send(clew, opaque(p7(Issued("ann@lead.example", begins=utc_now() - timedelta(days=1)), WORDS)))
    deal = await the_deal_of(clew, "ann@lead.example")
    [entry] = await entries(clew, deal["id"], 1)

    assert entry["body"] == "Zwanzig Stühle, bitte."
    assert (entry["secured"]["form"], entry["secured"]["result"]) == ("S/MIME", "untrusted")
    assert "signature of an untrusted issuer" in await text_of(clew, f"/deals/{deal['id']}")
    [file] = entry["attachments"]
    async with clew.http.get(clew.url + file["url"]) as response:
        assert await response.read() == b"%PDF-1.7 the plan"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''plan.pdf"
        assert "sandbox" in response.headers["Content-Security-Policy"]


def with_pictures(message_id: str, *pictures: bytes) -> EmailMessage:
    mail = a_mail(message_id)
    shown = "".join(f'<img src="cid:p{number}@lead">' for number in range(len(pictures)))
    mail.add_alternative(f'<p>Like this:</p>{shown}<img src="https://tracker.example/1.gif">', subtype="html")
    [_, html] = mail.iter_parts()
    for number, picture in enumerate(pictures):
        html.add_related(picture, "image", "png", cid=f"<p{number}@lead>", filename=f"p{number}.png")
    return mail


def a_mail(message_id: str, body: str = "Like this:") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann Lead <ann@lead.example>", INTAKE, "Chairs"
    mail["Message-ID"] = message_id
    mail.set_content(body)
    return mail


async def send(clew: RunningClew, mail: EmailMessage | bytes) -> None:
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    async with wire(clew.smtp) as talk:
        for line in (b"EHLO client.example", b"MAIL FROM:<ann@lead.example>", b"RCPT TO:<deals@in.localhost>", b"DATA"):
            await talk.say(line)
        reply = await talk.say(raw.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.")
        assert reply.startswith("250"), reply


async def page_of(clew: RunningClew, path: str) -> tuple[str, Any]:
    async with clew.http.get(f"{clew.url}{path}") as response:
        assert response.status == 200, await response.text()
        return await response.text(), response.headers


async def text_of(clew: RunningClew, path: str) -> str:
    return (await page_of(clew, path))[0]

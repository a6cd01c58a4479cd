"""Fill a fresh clew through its doors, as visitors and teammates would. Next: clew_shared.demo.site.demo_site."""

import asyncio
from email.message import EmailMessage
from smtplib import SMTP
from typing import Any, NamedTuple

from aiohttp import ClientSession

_PATIENCE = 60.0


class Visitor(NamedTuple):
    """Somebody who wrote, what became of it, and what it may be worth."""

    name: str
    email: str
    company: str
    text: str
    stage: str
    amount: str
    more: str = ""


VISITORS = (
    Visitor("Ann Lee", "ann@acme-roofing.example", "Acme Roofing", "Chairs for a canteen of sixty", "new", ""),
    Visitor("Bo Berg", "bo@balticfreight.example", "Baltic Freight", "Eight desks, two meeting tables", "new", "",
            "The desks should be adjustable in height, please."),
    Visitor("Chloe Dunn", "chloe@nordclinic.example", "Nord Clinic", "Waiting room for 24", "qualified", "9900"),
    Visitor("Dario Foss", "dario@kaleva.example", "Kaleva Oy", "Shelves for a library", "qualified", "31200"),
    Visitor("Edie Gray", "edie@rilaschool.example", "Rila School", "200 chairs, 40 tables", "proposal", "48000",
            "Our board meets on the 12th: could we have the offer before?"),
    Visitor("Femi Hill", "femi@tessa.example", "Tessa & Co", "New office, ground floor", "proposal", "22000"),
    Visitor("Gus Iversen", "gus@frostlog.example", "FrostLog", "Benches for changing rooms", "negotiation", "15400"),
    Visitor("Hana Juric", "hana@marinabay.example", "Marina Bay", "Terrace tables, weatherproof", "won", "18000"),
    Visitor("Ivo Kern", "ivo@motorix.example", "Motorix", "Reception desk", "lost", "6100"),
)  # fmt: skip


async def seed_demo(origin: str, smtp: str, token: str) -> None:
    """Let everybody write, by form or by mail, and move what came of it."""
    async with ClientSession(origin, headers={"Authorization": f"Bearer {token}"}) as session:
        for number, visitor in enumerate(VISITORS):
            await (_mail(smtp, visitor, visitor.text) if number % 3 == 1 else _post(session, visitor, visitor.text))
        for visitor in VISITORS:
            deal = await _deal_of(session, visitor.email)
            if visitor.stage != "new":
                await _move(session, deal, visitor)
        for visitor in VISITORS:
            if visitor.more:
                await _mail(smtp, visitor, visitor.more)


async def let_site_embed(origin: str, site: str, token: str) -> None:
    """Allow the form to stand in a frame on `site`, as its owner would allow it."""
    async with ClientSession(origin, headers={"Authorization": f"Bearer {token}"}) as session:
        async with session.get("/api/v1/forms/contact") as answer:
            definition = (await answer.json())["definition"]
        async with session.put("/api/v1/forms/contact", json=definition | {"frame_ancestors": [site]}) as answer:
            answer.raise_for_status()


async def _post(session: ClientSession, visitor: Visitor, text: str) -> None:
    body = {"name": visitor.name, "email": visitor.email, "company": visitor.company, "message": text}
    async with session.post("/f/contact", json=body) as answer:
        answer.raise_for_status()


async def _mail(smtp: str, visitor: Visitor, text: str) -> None:
    mail = EmailMessage()
    mail["From"] = f"{visitor.name} <{visitor.email}>"
    mail["To"] = "deals@in.localhost"
    mail["Subject"] = visitor.text
    mail.set_content(text)
    host, _, port = smtp.rpartition(":")

    def send() -> None:
        with SMTP(host, int(port), timeout=_PATIENCE) as client:
            client.send_message(mail)

    await asyncio.to_thread(send)


async def _deal_of(session: ClientSession, email: str) -> dict[str, Any]:
    async with asyncio.timeout(_PATIENCE):
        while True:
            async with session.get("/api/v1/deals", params={"contact_email": email}) as answer:
                items = (await answer.json())["items"]
            if items:
                found: dict[str, Any] = items[0]
                return found
            await asyncio.sleep(0.1)


async def _move(session: ClientSession, deal: dict[str, Any], visitor: Visitor) -> None:
    body: dict[str, Any] = {"patch": {"amount": visitor.amount, "currency": "EUR"}}
    if visitor.stage == "lost":
        body["lost_reason"] = "price"
    async with session.post(f"/api/v1/deals/{deal['id']}/transitions/{visitor.stage}", json=body) as answer:
        answer.raise_for_status()

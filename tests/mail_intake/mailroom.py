"""All services at work behind every door that mail comes through, and a look at where a mail has landed."""

from dataclasses import dataclass
from typing import Any

from clew_shared.testing.harness import RunningClew
from sqlalchemy import text

from tests.mail_intake.intake import a_mail, wire


@dataclass(slots=True)
class Mailroom:
    clew: RunningClew

    async def send(self, mail: bytes, *recipients: str, mail_from: str = "x@client.example", door: str = "smtp") -> str:
        """Send one mail by SMTP or LMTP; give the last reply."""
        async with wire(self.clew.addresses[door]) as talk:
            hello = b"EHLO client.example" if door == "smtp" else b"LHLO client.example"
            return await talk.hand_in(mail, recipients, mail_from, hello)

    async def post(self, words: str, *recipients: str, **fields: str) -> None:
        """Send a mail of these words; `fields` are those of `a_mail`."""
        fields.setdefault("message_id", f"<{abs(hash((words, *fields.values())))}@client.example>")
        reply = await self.send(a_mail(body=words, **fields), *recipients)
        assert reply.startswith("250"), reply

    async def landed(self, words: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Wait for the one entry that begins with `words`; give its deal and itself."""

        async def look() -> list[tuple[dict[str, Any], dict[str, Any]]]:
            return [
                (deal, entry)
                for deal in await self.deals()
                for entry in await self.entries(deal["id"])
                if (entry["body"] or "").startswith(words)
            ]

        [found] = await self.clew.eventually(look, 30)
        return found

    async def deals(self, **wanted: Any) -> list[dict[str, Any]]:
        return list((await self.clew.get("/api/v1/deals", status="all", limit=500, **wanted))["items"])

    async def entries(self, deal_id: str) -> list[dict[str, Any]]:
        return list((await self.clew.get(f"/api/v1/deals/{deal_id}/activities", limit=500))["items"])

    async def judged(self, subject: str) -> dict[str, Any]:
        """Wait until the mail with that subject has its verdict, and give it as the API does."""

        async def look() -> dict[str, Any] | None:
            items = (await self.clew.get("/api/v1/mail/messages", q=subject))["items"]
            return next((dict(item) for item in items if item["verdict"]), None)

        return await self.clew.eventually(look, 30)

    async def acknowledged(self, deal_id: str) -> dict[str, Any]:
        """Wait for the answer that went to the deal's sender, and until its replies would be known."""
        email = (await self.clew.get(f"/api/v1/deals/{deal_id}"))["contact"]["email"]

        async def look() -> dict[str, Any] | None:
            items = (await self.clew.get("/api/v1/sandbox/messages", limit=500))["items"]
            return next((dict(item) for item in items if item["to"] == email and item["deal_id"] == deal_id), None)

        sent = await self.clew.eventually(look, 30)
        await self.remembered(sent["message_id"])
        return sent

    async def remembered(self, message_id: str) -> None:
        """Wait until a reply to that id would be known."""
        query = text("SELECT count(*) FROM lifecycle.message_ref WHERE message_id = :message_id")

        async def look() -> bool:
            async with self.clew.services["lifecycle"].rail.reading() as connection:
                return bool(await connection.scalar(query, {"message_id": message_id}))

        await self.clew.eventually(look, 30)

    async def page(self, path: str) -> str:
        async with self.clew.http.get(self.clew.url + path) as response:
            assert response.status == 200
            return await response.text()

    async def raw(self, mail_id: str) -> bytes:
        async with self.clew.http.get(f"{self.clew.url}/api/v1/mail/messages/{mail_id}/raw") as response:
            assert response.status == 200
            return await response.read()

"""SMTP's local sister (RFC 2033): another greeting, and after the mail a reply for each of its recipients.

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.smtp_DATA.
"""

from clew_mail_intake.smtp.take_mail import IntakeSMTP


class IntakeLMTP(IntakeSMTP):
    """LMTP for a mail system on the same host."""

    door = "lmtp"
    greets_with = "LHLO"

    async def smtp_LHLO(self, hostname: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def _answer(self, status: str) -> None:
        # One error at most, however many it is told to: whoever makes too many is sent away.
        self._writer.write(f"{status}\r\n".encode() * (len(self._open_envelope().rcpt_tos) - 1))
        await self.push(status)

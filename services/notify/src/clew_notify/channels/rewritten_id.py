"""Read from a relay's answer the Message-ID that it gave a mail in place of ours. Next: clew_notify.settle.settle.

Some relays never leave ours, and name theirs in their answer to the mail: Exchange, Outlook.com and Brevo whole, in
angle brackets, Amazon SES by what stands before the `@`. What others answer names their queue (Postfix, SendGrid,
Mailjet) or nothing (Mailgun), and no id.
"""

import re

from clew_shared.identity.ses_id import ses_id

# Longer ones are no ids that anybody would give back to us whole.
_WHOLE = re.compile(r"<([^<>\s@]{1,200}@[^<>\s@]{1,200})>")
_SES = re.compile(r"(?:2\.\d\.\d )?Ok ([0-9a-z]{8,}(?:-[0-9a-z]+)+-[0-9]{6})", re.IGNORECASE)
_SES_HOST = re.compile(r"\bemail-smtp(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-[0-9]+)\.")


def rewritten_id(answer: str, host: str, message_id: str, addresses: tuple[str, ...]) -> str | None:
    """Give the id that the relay at `host` names in its `answer` to a mail; None where it names none but ours.

    `addresses` are those that we had named to it: some relays say them again.
    """
    said = answer.strip()
    if found := _SES.fullmatch(said):
        region = _SES_HOST.search(host.lower())
        return ses_id(found.group(1), region.group(1) if region else None)
    ours = {one.casefold() for one in (message_id.strip("<>"), *addresses)}
    named = dict.fromkeys(found for found in _WHOLE.findall(said) if found.casefold() not in ours)
    return f"<{next(iter(named))}>" if len(named) == 1 else None

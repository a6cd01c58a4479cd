"""The Message-IDs that Amazon SES gives: what stands before the `@` says which mail, what follows which region sent it.

In us-east-1 that is `email.amazonses.com`, elsewhere `eu-west-1.amazonses.com` and the like.
"""

import re

_FIRST_REGION = "us-east-1"
_GIVEN = re.compile(r"<([0-9a-z]{8,}(?:-[0-9a-z]+)+-[0-9]{6})@[a-z0-9-]+\.amazonses\.com>", re.IGNORECASE)


def ses_id(mail: str, region: str | None = None) -> str:
    """Give the id of the mail that SES calls `mail`, as that `region` writes it."""
    return f"<{mail}@{region if region and region != _FIRST_REGION else 'email'}.amazonses.com>"


def without_region(message_id: str) -> str | None:
    """Give an id of SES as somebody learns it who does not know the region; None for every other id."""
    found = _GIVEN.fullmatch(message_id)
    return ses_id(found.group(1)) if found else None

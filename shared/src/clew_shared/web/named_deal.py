"""The deal that somebody named in a form. Next: clew_lifecycle.routes.waiting_mail.WaitingMailActs.place."""

import re
from uuid import UUID

WHICH_DEAL = "Choose a deal from the list, or paste the address of its page."
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def read_deal(text: str) -> UUID | None:
    """Read the id of a deal, also out of the address of its page; None is to be told `WHICH_DEAL`."""
    found = _ID.search(text)
    return UUID(found[0]) if found else None

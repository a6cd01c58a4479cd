"""A mail as it was sent, safe to look at: its cleaned HTML with the pictures that came along (B26, B27).

Next: clew_mail_intake.understanding.clean_html.clean_html.
"""

import re
from collections.abc import Sequence
from html import escape
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.kept_files import KeptFile
from clew_mail_intake.process import Processing
from clew_mail_intake.showing.read_again import read_kept
from clew_mail_intake.understanding.clean_html import picture_names

# As the cleaner writes it.
_PICTURE = re.compile(r'src="cid:([^"]{0,1000})"')
_FRAME = (
    '<!doctype html><html lang=""><head><meta charset="utf-8"><title>{title}</title><base target="_blank"><style>'
    "body{{font:1rem/1.5 system-ui,sans-serif;margin:1.5rem;overflow-wrap:anywhere}}img{{max-width:100%;height:auto}}"
    "pre{{white-space:pre-wrap;font:inherit}}blockquote{{border-inline-start:3px solid #999;margin-inline:0;"
    "padding-inline-start:1rem}}</style></head><body>{body}</body></html>"
)


async def read_page(
    key: UUID, files: Sequence[KeptFile], processing: Processing, connection: AsyncConnection
) -> str | None:
    """Read the mail again and give it as a page, or None when its bytes are no longer kept."""
    found = await read_kept(key, processing, connection)
    if found is None:
        return None
    _, read = found
    if read.html:
        body = _with_pictures(read.html, key, files)
    else:
        words = "\n\n".join(filter(None, (read.text, read.quoted, read.signature)))
        body = f"<pre>{escape(words)}</pre>"
    return _FRAME.format(title=escape(read.subject_line or "(no subject)"), body=body)


def _with_pictures(html: str, key: UUID, files: Sequence[KeptFile]) -> str:
    """Have each picture that came along come from its part; one that did not come shows its alternative text."""
    places = {
        kept.file.content_id.lower(): f"/api/v1/mail/messages/{key}/attachments/{kept.number}"
        for kept in files
        if kept.file.content_id and kept.file.rejected is None and kept.file.type.startswith("image/")
    }

    def place(found: re.Match[str]) -> str:
        at = next((places[name] for name in picture_names(found[1]) if name in places), None)
        return f'src="{at}"' if at else ""

    return _PICTURE.sub(place, html)

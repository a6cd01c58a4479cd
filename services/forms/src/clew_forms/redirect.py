"""Decide where a visitor goes after sending, whatever the page asked for.

Next: clew_forms.routes.PublicForms.post_submission.
"""

import re

from yarl import URL

from clew_forms.definition import FormDefinition

_LONGEST = 2000
# No control, no space, no backslash, and nothing beyond ASCII: browsers repair all of those in ways of their own.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_ABSOLUTE = re.compile(r"https?://[^/?#@]+(?:[/?#].*)?", re.IGNORECASE)


def choose_redirect(asked: str | None, definition: FormDefinition, thanks: str) -> str:
    """Give the page's wish when it names an allowed host over http(s), else the form's own target, else `thanks`."""
    own = definition.redirect or thanks
    if not asked or len(asked) > _LONGEST or not _PLAIN.fullmatch(asked) or not _ABSOLUTE.fullmatch(asked):
        return own
    try:
        url = URL(asked)
    except ValueError:
        return own
    allowed = {host.lower() for host in definition.redirect_hosts}
    if url.user is not None or url.password is not None or (url.host or "").lower() not in allowed:
        return own
    # What is sent is what was understood, not what was written.
    return str(url)

"""How mail clients mark, in the attributes of an element, where a quote or a signature begins."""

import re

_TELLING = ("class", "id", "style", "name")
_QUOTE_MARKS = re.compile(
    r"""(?:class|id)\s*=\s*["']?[^"'>]{0,200}?(?:gmail_quote(?:_container)?\b|gmail_extra_quote|yahoo_quoted|
    moz-cite-prefix|divrplyfwdmsg|appendonsend|stopspelling|protonmail_quote|zmail_extra|replyforwardmessage|
    outlookmessageheader|mail_android_quote|tutanota_quote|ymail_android_signature_quote|isforwardcontent|
    reply-intro|gmail_attr|\bzwchr\b|quote-header|mailcontainer_quote|qtdseparateline)""",
    re.IGNORECASE | re.VERBOSE,
)
# Outlook and Windows Mail draw a line over the mail they answer.
_RULE_ABOVE = re.compile(
    r"border(?:-width)?:\s*none;\s*border-top:\s*solid\s+#?[a-z0-9]+\s+1\.0pt|"
    r"border-top-(?:color|width|style):[^\"]{0,80}border-top-(?:width|style|color):",
    re.IGNORECASE,
)
_SIGNATURE_MARKS = re.compile(
    r"""(?:class|id|name)\s*=\s*["']?[^"'>]{0,200}?(?:\bgmail_signature\b|moz-signature|protonmail_signature_block\b|
    outlook-mobile-signature|applemailsignature|composer_signature|messagesignaturesection|bloop_sign\b|
    ydp\w{0,16}signature\b|yahoo[-_]signature|front-signature|tutanota[-_]signature|\bsh-signature|zmail_signature|io-ox-signature|
    (?<=["'])(?:x_)?signature["'])""",
    re.IGNORECASE | re.VERBOSE,
)


def tells_something(attributes: str) -> bool:
    """Say whether the attributes are worth a closer look."""
    return any(map(attributes.__contains__, _TELLING))


def begins_quote(attributes: str) -> bool:
    """Say whether the element holds the mail that is answered, or stands over it."""
    return bool(_QUOTE_MARKS.search(attributes) or _RULE_ABOVE.search(attributes))


def begins_signature(attributes: str) -> bool:
    """Say whether the element is what its writer's client puts under every mail."""
    return _SIGNATURE_MARKS.search(attributes) is not None

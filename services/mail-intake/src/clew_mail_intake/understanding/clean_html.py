"""HTML that is safe to show a teammate: no scripts, no forms, no remote pictures."""

import re
from html import unescape
from urllib.parse import unquote

import nh3

from clew_mail_intake.understanding.limits import CLEANED_HTML_BYTES

# fmt: off
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div", "dl",
    "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li",
    "ol", "p", "pre", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul",
}
# fmt: on
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
    "font": {"color"},
}
_WITH_CONTENT = {"script", "style", "title", "template", "svg", "math", "noscript", "iframe", "object"}
_OPENED = re.compile(r"<[a-zA-Z]")
_CLOSED = re.compile(r"</[a-zA-Z]")
# The cleaner's time grows with the square of a run of ampersands.
_MOST_AMPERSANDS = 50_000
# A tree this deep is an attack on whoever draws it.
_DEEPEST = 2_000


def clean_html(html: str) -> str:
    """Return the allowed part of the HTML, or nothing when it is too large or too deep to be a page."""
    html = html[:CLEANED_HTML_BYTES]
    if not html or _may_be_deep(html) or html.count("&") > _MOST_AMPERSANDS:
        return ""
    if "cid:" in html:
        return _WITH_PICTURES.clean(html).strip()
    return _CLEANER.clean(html).strip()


def picture_names(cid: str) -> tuple[str, str]:
    """Return the Content-IDs that a `cid:` address in a page may mean, lower-case: as it stands and unquoted."""
    plain = unescape(cid).strip().lower()
    return plain, unquote(plain)


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src" and not value.strip().lower().startswith("cid:"):
        return None
    return value


def _cleaner(*, pictures: bool) -> nh3.Cleaner:
    # A remote picture tells its owner who read the mail, and when: only pictures that came along are kept.
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES if pictures else {**_ATTRIBUTES, "img": {"alt"}},
        attribute_filter=_keep_attribute if pictures else None,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _may_be_deep(html: str) -> bool:
    if html.count("<") < _DEEPEST:
        return False
    return len(_OPENED.findall(html)) - len(_CLOSED.findall(html)) > _DEEPEST and html.lower().count("<br") < (
        html.count("<") // 2
    )


_CLEANER = _cleaner(pictures=False)
_WITH_PICTURES = _cleaner(pictures=True)

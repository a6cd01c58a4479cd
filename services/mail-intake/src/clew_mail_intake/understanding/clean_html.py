"""HTML that is safe to show a teammate: no scripts, no forms, no remote pictures."""

from html import unescape
from urllib.parse import unquote

import nh3

from clew_mail_intake.understanding.flatten_html import flatten
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
# The cleaner's time grows with the square of the characters in a run of text that it writes as entities.
_WRITTEN_AS_ENTITIES = ("&", "\u00a0")
_MOST_ENTITIES = 50_000
# A page of fewer tags cannot be deep enough to hurt.
_FEW_TAGS = 1_000


def clean_html(html: str) -> str:
    """Return the allowed part of the HTML, or nothing when it is too strange to be a page."""
    html = html[:CLEANED_HTML_BYTES]
    if html.count("<") > _FEW_TAGS:
        html = flatten(html, _TAGS, _WITH_CONTENT)
    if not html or sum(map(html.count, _WRITTEN_AS_ENTITIES)) > _MOST_ENTITIES:
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


_CLEANER = _cleaner(pictures=False)
_WITH_PICTURES = _cleaner(pictures=True)

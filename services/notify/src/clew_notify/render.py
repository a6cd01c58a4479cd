"""Fill the shipped templates. Next: clew_notify.body.compose_body."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup, escape

from clew_notify.header_fields import one_line


class Rendered(NamedTuple):
    subject_line: str
    text: str
    html: str


class _Templates(NamedTuple):
    subject_line: Template
    text: Template
    html: Template


def render(template: str, context: Mapping[str, Any]) -> Rendered:
    """Render subject, text and HTML of `templates/mail/<template>.*`. Raises `jinja2.TemplateError`.

    What a stranger wrote is escaped in the HTML, and the subject is made one line whatever it holds.
    """
    found = _templates(template)
    return Rendered(
        subject_line=one_line(found.subject_line.render(context)),
        text=found.text.render(context),
        html=found.html.render(context),
    )


@cache
def _templates(name: str) -> _Templates:
    environment = _environment()
    return _Templates(*(environment.get_template(f"{name}.{kind}") for kind in ("subject", "txt", "html")))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("clew_notify", "templates/mail"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["lines"] = _lines
    return environment


def _lines(text: str) -> Markup:
    """Keep line ends in HTML, whatever reader shows it."""
    return Markup("<br>\n").join(escape(line) for line in text.splitlines())

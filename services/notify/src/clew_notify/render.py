"""Fill the shipped templates. Next: clew_notify.body.compose_body."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup, escape


class Rendered(NamedTuple):
    text: str
    html: str


class _Templates(NamedTuple):
    text: Template
    html: Template


def render(template: str, context: Mapping[str, Any]) -> Rendered:
    """Render text and HTML of `templates/mail/<template>.*`; what a stranger wrote is escaped in the HTML.

    Raises `jinja2.TemplateError`.
    """
    found = _templates(template)
    return Rendered(found.text.render(context), found.html.render(context))


def prepare(template: str) -> None:
    """Compile a template before the first event waits for it. Raises `jinja2.TemplateError` for one that is wrong."""
    _templates(template)


@cache
def _templates(name: str) -> _Templates:
    environment = _environment()
    return _Templates(*(environment.get_template(f"{name}.{kind}") for kind in ("txt", "html")))


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

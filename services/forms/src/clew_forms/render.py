"""Render the pages that visitors see; they work without scripts and cookies.

Next: clew_forms.routes.PublicForms.show_form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from clew_shared.web.assets import Assets
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clew_forms.definition import FormDefinition
from clew_forms.screen import FieldError

ASSETS_AT = "/f/-/assets"
_PLAIN_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A page as it is being filled in: whose it is, what was typed, what is wrong, what else there is to say."""

    sid: str
    token: str
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()
    notice: str = ""


class PublicPages:
    """The templates, compiled once, and the style sheets that they name."""

    def __init__(self) -> None:
        self.assets = Assets(("clew_forms", "clew_shared.web"), ASSETS_AT)
        self._templates = Environment(
            loader=PackageLoader("clew_forms"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(style=self._style, icon=self.assets["icon.svg"].url)

    def form(self, definition: FormDefinition, filled: Filled, status: int = 200) -> web.Response:
        errors = {error.field_id: error for error in filled.errors}
        return self._page("form.html", definition, status, page=filled, errors=errors)

    def thanks(self, definition: FormDefinition) -> web.Response:
        return self._page("thanks.html", definition, 200)

    def closed(self, definition: FormDefinition) -> web.Response:
        return self._page("closed.html", definition, 410)

    def refused(self, definition: FormDefinition, status: int, detail: str) -> web.Response:
        return self._page("refused.html", definition, status, detail=detail)

    def embed_script(self, definition: FormDefinition) -> web.Response:
        """Answer the script that puts the form into another site's page."""
        script = self._templates.get_template("embed.js").render(definition=definition)
        return web.Response(
            text=script,
            content_type="text/javascript",
            headers={
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "Cache-Control": "public, max-age=300",
            },
        )

    def _page(self, template: str, definition: FormDefinition, status: int, **context: object) -> web.Response:
        html = self._templates.get_template(template).render(definition=definition, **context)
        return web.Response(text=html, status=status, content_type="text/html", headers=page_headers(definition))

    def _style(self, name: str) -> Markup:
        asset = self.assets[name]
        return Markup('<link rel="stylesheet" href="{}" integrity="{}">').format(asset.url, asset.integrity)


def plain_headers() -> dict[str, str]:
    """Headers of an answer that has no page, such as a redirect."""
    return dict(_PLAIN_HEADERS)


def page_headers(definition: FormDefinition) -> dict[str, str]:
    """Headers of a page without any script (CSP Level 3): nothing to run is stricter than a nonce.

    Browsers hold `form-action` against the redirect after a post too, so the allowed hosts stand there.
    """
    targets = " ".join(f"https://{host} http://{host}" for host in _redirect_hosts(definition))
    ancestors = " ".join(("'self'", *definition.frame_ancestors))
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        f"form-action 'self' {targets}".strip(),
        "base-uri 'none'",
        f"frame-ancestors {ancestors}",
    )
    return {**_PLAIN_HEADERS, "Content-Security-Policy": "; ".join(policy)}


def _redirect_hosts(definition: FormDefinition) -> list[str]:
    own = (definition.redirect or "").partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]
    return sorted({*definition.redirect_hosts, own} - {""})

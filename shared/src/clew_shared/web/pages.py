"""Render pages and fragments with one look and one set of security headers.

Next: clew_shared.web.headers.page_headers
"""

import secrets
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from clew_shared.runtime.sessions import ACTOR
from clew_shared.web import wording
from clew_shared.web.assets import Assets
from clew_shared.web.headers import page_headers

_TITLES = {
    403: ("Not for you", "Your role does not cover this page."),
    404: ("Nothing here", "The page does not exist, or what it showed is gone."),
    405: ("That does not work here", "This address does not take that kind of request."),
    409: ("Changed meanwhile", "Somebody else was faster. Look at the latest state and try again."),
    503: ("Back in a moment", "A part of clew is starting or catching up. Nothing is lost; try again shortly."),
}
_UNEXPECTED = ("Something went wrong", "This one is on us. It has been written down; please try again.")
_FILTERS = ("money", "when", "day", "initials", "hue", "size", "words", "match_words", "flag_words", "why_words")


class Pages:
    """The templates and static files of some packages, and always the shared ones.

    `assets_at` is the path below which the static files of these pages are served.
    """

    def __init__(self, *packages: str, assets_at: str = "/assets") -> None:
        everything = (*packages, "clew_shared.web")
        self.assets = Assets(everything, assets_at)
        self._templates = Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in everything]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update({name: getattr(wording, name) for name in _FILTERS})
        self._templates.globals.update(
            asset=lambda name: self.assets[name].url,
            style=self._style,
            script=self._script,
            module=self._module,
            import_map=self._import_map,
        )

    def add_assets(self, router: web.UrlDispatcher) -> None:
        """Serve the static files of these pages."""
        self.assets.add_to(router)

    def render(
        self,
        request: web.Request,
        template: str,
        context: Mapping[str, Any],
        *,
        status: int = 200,
        frame_ancestors: Iterable[str] = (),
    ) -> web.Response:
        """Answer a page, or a fragment of one, with a nonce of its own."""
        nonce = secrets.token_urlsafe(18)
        shell = {
            "nonce": nonce,
            "request_path": request.path,
            "query": request.query,
            "me": request.get(ACTOR),
            "theme": request.cookies.get("theme", "system"),
        }
        html = self._templates.get_template(template).render(shell | dict(context))
        return web.Response(
            text=html, status=status, content_type="text/html", headers=page_headers(nonce, frame_ancestors)
        )

    def error(self, request: web.Request, status: int, *, detail: str | None = None) -> web.Response:
        """Answer an error page in the same look; `detail` is a sentence for the person who sees it."""
        title, usual = _TITLES.get(status, _UNEXPECTED if status >= 500 else (HTTPStatus(status).phrase, ""))
        return self.render(
            request, "error.html", {"status": status, "title": title, "detail": detail or usual}, status=status
        )

    def _style(self, name: str) -> Markup:
        asset = self.assets[name]
        return Markup('<link rel="stylesheet" href="{}" integrity="{}">').format(asset.url, asset.integrity)

    @pass_context
    def _script(self, context: Context, name: str) -> Markup:
        asset = self.assets[name]
        return Markup('<script defer nonce="{}" src="{}" integrity="{}"></script>').format(
            context["nonce"], asset.url, asset.integrity
        )

    @pass_context
    def _module(self, context: Context, name: str) -> Markup:
        asset = self.assets[name]
        return Markup('<script type="module" nonce="{}" src="{}" integrity="{}"></script>').format(
            context["nonce"], asset.url, asset.integrity
        )

    @pass_context
    def _import_map(self, context: Context) -> Markup:
        # The map holds our own file names and digests only, and escapes "<" itself.
        found = Markup(self.assets.import_map())  # noqa: S704
        return Markup('<script type="importmap" nonce="{}">{}</script>').format(context["nonce"], found)

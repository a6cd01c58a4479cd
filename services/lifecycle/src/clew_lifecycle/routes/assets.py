"""The static files of the staff pages, for every service. Next: clew_shared.web.assets.Assets.serve."""

from aiohttp import web
from clew_shared.runtime.web import public

from clew_lifecycle.routes.site import Site


class AssetRoutes:
    def __init__(self, site: Site) -> None:
        self._assets = site.pages.assets

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get(self._assets.at + "/{digest}/{name:.+}", self.serve)]

    @public
    async def serve(self, request: web.Request) -> web.Response:
        """The sign-in page needs its looks before anybody is signed in."""
        return await self._assets.serve(request)

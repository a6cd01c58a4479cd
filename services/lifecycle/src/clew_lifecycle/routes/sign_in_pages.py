"""Signing in and out. Next: clew_lifecycle.sign_in.use_link."""

from aiohttp import web
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import COOKIE, SECURE_COOKIE, credential_of
from clew_shared.runtime.web import public

from clew_lifecycle.routes.site import Site
from clew_lifecycle.sign_in import digest, request_sign_in, safe_path, use_link
from clew_lifecycle.store.team import SESSION_LIFE, end_session, look_at_link


class SignInPages:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._is_secure = site.settings.public_origin.startswith("https://")

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/sign-in", self.ask),
            web.post("/sign-in", self.request),
            web.get("/sign-in/{token}", self.open),
            web.post("/sign-in/{token}", self.confirm),
            web.post("/sign-out", self.sign_out),
        ]

    @public
    async def ask(self, request: web.Request) -> web.Response:
        state = "sent" if request.query.get("sent") else "ask"
        return self._form(request, state, safe_path(request.query.get("next", "/")))

    @public
    async def request(self, request: web.Request) -> web.Response:
        """Answer the same for every address: who works here is nobody else's to know."""
        _refuse_other_sites(request)
        form = await request.post()
        email, next_path = str(form.get("email", "")).strip(), safe_path(str(form.get("next", "/")))
        if "@" not in email:
            errors = {"email": "That is no email address."}
            return self._form(request, "ask", next_path, email=email, errors=errors, status=422)
        async with self._site.rail.unit_of_work() as uow:
            await request_sign_in(email, next_path, self._site.settings.public_origin, uow)
        return web.Response(status=303, headers={"Location": "/sign-in?sent=1"})

    @public
    async def open(self, request: web.Request) -> web.Response:
        """Sign in by a link from the terminal at once; one that was mailed waits for a press of a button."""
        token = request.match_info["token"]
        async with self._site.rail.reading() as connection:
            shown_in = await look_at_link(digest(token), connection)
        if shown_in == "mail":
            return self._site.show(request, "sign_in_link.html", {"token": token})
        return await self._enter(request, token)

    @public
    async def confirm(self, request: web.Request) -> web.Response:
        _refuse_other_sites(request)
        return await self._enter(request, request.match_info["token"])

    async def sign_out(self, request: web.Request) -> web.Response:
        secret = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE) or ""
        async with self._site.rail.unit_of_work() as uow:
            await end_session(digest(secret), uow.connection)
        self._site.verifier.forget(credential_of("session", secret))
        response = web.Response(status=303, headers={"Location": "/sign-in"})
        response.del_cookie(self._cookie, path="/", secure=self._is_secure, httponly=True, samesite="Lax")
        return response

    async def _enter(self, request: web.Request, token: str) -> web.Response:
        async with self._site.rail.unit_of_work() as uow:
            signed_in = await use_link(token, uow)
        if signed_in is None:
            return self._form(request, "expired", "/", status=410)
        response = web.Response(status=303, headers={"Location": signed_in.next_path, "Cache-Control": "no-store"})
        response.set_cookie(
            self._cookie,
            signed_in.secret,
            path="/",
            max_age=int(SESSION_LIFE.total_seconds()),
            httponly=True,
            secure=self._is_secure,
            samesite="Lax",
        )
        return response

    @property
    def _cookie(self) -> str:
        return SECURE_COOKIE if self._is_secure else COOKIE

    def _form(
        self,
        request: web.Request,
        state: str,
        next_path: str,
        *,
        email: str = "",
        errors: dict[str, str] | None = None,
        status: int = 200,
    ) -> web.Response:
        context = {"state": state, "email": email, "next": next_path, "errors": errors or {}}
        return self._site.show(request, "sign_in.html", context, status)


def _refuse_other_sites(request: web.Request) -> None:
    """Another site must not sign somebody in as somebody else (Fetch Metadata)."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise Problem(403, "Not from this site", "The request came from another site than this one.")

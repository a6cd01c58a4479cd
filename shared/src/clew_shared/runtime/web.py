"""The HTTP edge that all services share: who asks, may they, and how errors look.

Next: clew_shared.runtime.sessions.Verifier.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableSet, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit
from weakref import WeakSet

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.keep_to_description import keep_to_description
from clew_shared.runtime.listening import taking_port
from clew_shared.runtime.metrics import count_request
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import ACTOR, COOKIE, SECURE_COOKIE, Actor, Verifier, credential_of
from clew_shared.runtime.slow_clients import Patience, PatientRunner
from clew_shared.runtime.trace import following

HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[web.StreamResponse]])
ErrorPage = Callable[[web.Request, Problem], web.Response]

_PUBLIC = "clew_public"
_SHOWN_BY = "clew_shown_by"
_ENDLESS: web.AppKey[MutableSet[asyncio.Task[Any]]] = web.AppKey("endless", MutableSet)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KEEPALIVE_SECONDS = 75.0
# How long the rest of a refused body is read away, so that the answer is not lost with the connection.
_LINGERING_SECONDS = 2.0

log = structlog.get_logger()


def public(handler: HandlerT) -> HandlerT:
    """Mark a handler as open to everybody; every other one needs a teammate or a token."""
    setattr(handler, _PUBLIC, True)
    return handler


def is_public(handler: object) -> bool:
    return bool(getattr(handler, _PUBLIC, False))


def shows_problems(show: Callable[[Problem], web.Response]) -> Callable[[HandlerT], HandlerT]:
    """Have what goes wrong at a handler be said in the words of its own protocol."""

    def mark(handler: HandlerT) -> HandlerT:
        setattr(handler, _SHOWN_BY, show)
        return handler

    return mark


def actor_of(request: web.Request) -> Actor:
    return request[ACTOR]


def mark_endless(request: web.Request) -> None:
    """Say that this request ends only when somebody hangs up: stopping then hangs up instead of waiting for it."""
    task = asyncio.current_task()
    if task is not None:
        request.app[_ENDLESS].add(task)


async def _hang_up(app: web.Application) -> None:
    endless = app[_ENDLESS]
    for task in list(endless):
        task.cancel()


def make_app(
    routes: Sequence[web.AbstractRouteDef], verifier: Verifier, public_origin: str, error_page: ErrorPage
) -> web.Application:
    """Build the application of one or more services from their routes."""
    app = web.Application(
        middlewares=[_trace(), _errors(error_page), _identify(verifier, public_origin), keep_to_description],
        client_max_size=1 << 20,
    )
    app.add_routes(routes)
    app[_ENDLESS] = WeakSet[asyncio.Task[Any]]()
    app.on_shutdown.append(_hang_up)
    return app


def _trace() -> Middleware:
    @web.middleware
    async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        with following(request.headers.get("traceparent")):
            response = await handler(request)
        resource = request.match_info.route.resource
        path = resource.canonical if resource is not None else "(none)"
        count_request(request.method, path, response.status, time.perf_counter() - started)
        log.debug("http.answered", method=request.method, route=path, status=response.status)
        return response

    return trace


def _errors(error_page: ErrorPage) -> Middleware:
    @web.middleware
    async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return _show(request, problem, error_page)
        except web.HTTPException as answer:
            if answer.status == 405 and request.method == "OPTIONS":
                return web.Response(status=204, headers=_kept_headers(answer))
            if answer.status < 400:
                raise
            return _show(request, Problem(answer.status, answer.reason, headers=_kept_headers(answer)), error_page)
        except Exception as error:
            if is_unavailable(error):
                log.warning("http.engine_away", error=str(error)[:200])
                away = Problem(503, "Not available now", "Please try again soon.", headers={"Retry-After": "5"})
                return _show(request, away, error_page)
            log.exception("http.failed", method=request.method, path=request.path)
            return _show(request, Problem(500, "Something went wrong", "It is ours to mend, and logged."), error_page)

    return errors


def _kept_headers(answer: web.HTTPException) -> dict[str, str]:
    return {name: answer.headers[name] for name in ("Allow", "Retry-After") if name in answer.headers}


def _show(request: web.Request, problem: Problem, error_page: ErrorPage) -> web.Response:
    shown_by: Callable[[Problem], web.Response] | None = getattr(request.match_info.handler, _SHOWN_BY, None)
    if shown_by is not None:
        return shown_by(problem)
    if wants_html(request):
        return error_page(request, problem)
    return problem.to_response()


def wants_html(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return "text/html" in accept and not request.path.startswith("/api/")


def _identify(verifier: Verifier, public_origin: str) -> Middleware:
    @web.middleware
    async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_public(request.match_info.handler) or request.match_info.http_exception is not None:
            return await handler(request)
        actor = await identify_actor(request, verifier, public_origin)
        if actor is None:
            if wants_html(request) and request.method in _SAFE:
                return web.Response(status=303, headers={"Location": f"/sign-in?next={quote(request.path_qs)}"})
            raise Problem(
                401, "Sign in", "A session or an API token is needed.", headers={"WWW-Authenticate": "Bearer"}
            )
        if actor.role == "read_only" and request.method not in _SAFE:
            raise Problem(403, "Not allowed", "Your role may look and not change.")
        request[ACTOR] = actor
        return await handler(request)

    return identify


async def identify_actor(request: web.Request, verifier: Verifier, public_origin: str) -> Actor | None:
    """Give who asks, or None. Raises `Problem` 403 when a cookie comes with a request from elsewhere."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return await verifier.verify(credential_of("token", token.strip()))
    session = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE)
    if not session:
        return None
    if request.method not in _SAFE and not _is_from_here(request, public_origin):
        raise Problem(403, "Not from this site", "The request came from another site than this one.")
    return await verifier.verify(credential_of("session", session))


def _is_from_here(request: web.Request, public_origin: str) -> bool:
    """Tell a request of our own pages from one that another site made the browser send (Fetch Metadata, Origin)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and (origin == public_origin or urlsplit(origin).netloc == request.host)


async def start_site(
    app: web.Application, host: str, port: int, patience: Patience | None = None
) -> tuple[web.AppRunner, int]:
    """Listen; give the port that was taken."""
    runner = PatientRunner(
        app,
        patience or Patience(),
        access_log=None,
        keepalive_timeout=_KEEPALIVE_SECONDS,
        lingering_time=_LINGERING_SECONDS,
        shutdown_timeout=5,
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    with taking_port(port, "http_port", "http_host"):
        await site.start()
    return runner, int(runner.addresses[0][1])

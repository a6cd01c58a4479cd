"""One origin before several services: the path's prefix decides, as any proxy in production would do it."""

from collections.abc import AsyncIterator, Mapping

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

from clew_shared.runtime.merged_health import merged_document, merged_metrics, merged_readiness
from clew_shared.runtime.openapi import PATH

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
    )
)
_SESSION = web.AppKey("session", ClientSession)


def origin_app(targets: Mapping[str, str], prefixes: Mapping[str, tuple[str, ...]]) -> web.Application:
    """Build the proxy before `targets` (URLs by service); the service without prefixes takes the rest."""
    rest = next(url for name, url in targets.items() if not prefixes[name])
    table = [(prefix, url) for name, url in targets.items() for prefix in prefixes[name]]

    async def readyz(request: web.Request) -> web.Response:
        return await merged_readiness(request.app[_SESSION], targets)

    async def metrics(request: web.Request) -> web.Response:
        return await merged_metrics(request.app[_SESSION], targets)

    async def openapi(request: web.Request) -> web.Response:
        return await merged_document(request.app[_SESSION], targets)

    async def forward(request: web.Request) -> web.StreamResponse:
        if not request.raw_path.startswith("/"):
            return web.Response(status=400, text="Ask for a path of this origin.\n")
        target = next((url for prefix, url in table if _is_below(request.path, prefix)), rest)
        try:
            return await _forward(request, target)
        except (ClientError, OSError, TimeoutError):
            return web.Response(status=502, headers={"Retry-After": "2"}, text="The service is starting; try again.\n")

    app = web.Application(client_max_size=0)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.router.add_get(PATH, openapi)
    app.router.add_route("*", "/{path:.*}", forward)
    app.cleanup_ctx.append(_keep_session)
    return app


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


async def _keep_session(app: web.Application) -> AsyncIterator[None]:
    app[_SESSION] = ClientSession(
        timeout=ClientTimeout(total=None, connect=5),
        connector=TCPConnector(limit=0),
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
    )
    yield
    await app[_SESSION].close()


async def _forward(request: web.Request, target: str) -> web.StreamResponse:
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP]
    headers += [("X-Forwarded-For", request.remote or ""), ("X-Forwarded-Proto", request.scheme)]
    async with request.app[_SESSION].request(
        request.method,
        # As it was sent: what is decoded here would be decoded twice.
        URL(target + request.raw_path, encoded=True),
        headers=headers,
        data=request.content if request.body_exists else None,
        allow_redirects=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    ) as upstream:
        response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
        for name, value in upstream.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                response.headers.add(name, value)
        if "Content-Length" in upstream.headers:
            response.content_length = int(upstream.headers["Content-Length"])
        await response.prepare(request)
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response

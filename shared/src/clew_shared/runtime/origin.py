"""One origin before several services: the path's prefix decides, as any proxy in production would do it."""

from collections.abc import AsyncIterator, Mapping

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

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


def origin_app(targets: Mapping[tuple[str, ...], str]) -> web.Application:
    """Build the proxy; the target without prefixes takes the rest."""
    rest = next(url for prefixes, url in targets.items() if not prefixes)
    table = [(prefix, url) for prefixes, url in targets.items() for prefix in prefixes]

    async def forward(request: web.Request) -> web.StreamResponse:
        target = next((url for prefix, url in table if _is_below(request.path, prefix)), rest)
        try:
            return await _forward(request, target)
        except (ClientError, OSError, TimeoutError):
            return web.Response(status=502, headers={"Retry-After": "2"}, text="The service is starting; try again.\n")

    app = web.Application(client_max_size=0)
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
        target + request.raw_path,
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

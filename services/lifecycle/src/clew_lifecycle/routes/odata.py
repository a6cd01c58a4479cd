"""OData 4.01 at `/odata/v4`. Next: clew_lifecycle.odata.answer.answer."""

from typing import Any

import msgspec
from aiohttp import web
from clew_shared.runtime.api import read_version
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.web import actor_of, shows_problems

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Unsupported
from clew_lifecycle.odata.answer import Answer, Question, answer
from clew_lifecycle.odata.represent import etag
from clew_lifecycle.odata.write_entity import add_entity, change_entity, delete_entity, read_writing
from clew_lifecycle.routes.site import Site

_ROOT = "/odata/v4"
_METHODS = "GET, HEAD, POST, PATCH, DELETE"
_TYPES = {"json": "application/json", "xml": "application/xml", "text": "text/plain"}
_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_STRINGS = msgspec.json.Encoder(decimal_format="string")


def show_problem(problem: Problem) -> web.Response:
    """Say what went wrong as OData does (JSON format 4.01, 21)."""
    details = [{"code": error.code, "message": error.message, "target": error.pointer} for error in problem.errors]
    error: dict[str, Any] = {
        "code": str(problem.extensions.get("code", problem.title)),
        "message": problem.detail or problem.title,
    }
    if details:
        error |= {"target": details[0]["target"], "details": details}
    return web.Response(
        body=msgspec.json.encode({"error": error}),
        status=problem.status,
        content_type="application/json",
        headers={**problem.headers, "OData-Version": "4.01"},
    )


class ODataRoutes:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail
        self._public_url = site.settings.public_url

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.route("*", _ROOT + r"{tail:(?:/.*)?}", self.handle)]

    @shows_problems(show_problem)
    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(status=204, headers={"Allow": _METHODS})
        try:
            return _show(await self._answer(request))
        except FilterError as error:
            raise Problem(400, "Bad request", str(error), code="BadRequest") from None
        except Unsupported as refused:
            raise Problem(501, "Not supported", str(refused), code="NotImplemented") from None

    async def _answer(self, request: web.Request) -> Answer:
        question = self._question(request)
        if question.path.strip("/").lower() == "$batch":
            raise Unsupported("$batch")
        if request.method in ("GET", "HEAD"):
            async with self._rail.reading() as connection:
                return await answer(question, connection)
        if request.method in ("POST", "PATCH", "DELETE"):
            return await self._write(request, question)
        if request.method == "PUT":
            raise Unsupported("PUT; send PATCH with what changes")
        raise Problem(405, "Not allowed", "That is not done here.", headers={"Allow": _METHODS})

    async def _write(self, request: web.Request, question: Question) -> Answer:
        writing = read_writing(question, "entities" if request.method == "POST" else "entity")
        version = read_version(request) if request.method != "POST" else None
        if request.method == "DELETE":
            async with self._rail.unit_of_work() as uow:
                return await delete_entity(writing, version, uow)
        if request.content_type != "application/json":
            raise Problem(415, "Unsupported media type", "Send application/json.")
        body = await request.read()
        async with self._rail.unit_of_work() as uow:
            if request.method == "POST":
                return await add_entity(writing, body, uow)
            return await change_entity(writing, body, version, uow)

    def _question(self, request: web.Request) -> Question:
        """Take the address as it was sent: what decodes it once decodes `%2527` for good."""
        path, _, query = request.raw_path.partition("?")
        if not path.startswith(_ROOT):
            raise Problem(404, "Not found", "Nothing is here.")
        origin = (self._public_url or f"{request.scheme}://{request.host}").rstrip("/")
        below = path[len(_ROOT) :].removeprefix("/")
        return Question(f"{origin}{_ROOT}/", below, query, request.headers, actor_of(request))


def _show(given: Answer) -> web.Response:
    wishes = given.wishes
    headers = {"OData-Version": wishes.version, "Vary": "Accept, Prefer, OData-MaxVersion", **given.headers}
    if wishes.applied:
        headers["Preference-Applied"] = ", ".join(wishes.applied)
    if given.version is not None:
        headers["ETag"] = etag(given.version)
    if given.body is None:
        return web.Response(status=given.status, headers=headers)
    body = given.body
    if not isinstance(body, bytes):
        body = (_STRINGS if wishes.quoted else _NUMBERS).encode(body)
    kind = _TYPES[wishes.format]
    if wishes.format == "json":
        # A parameter that a response's content_type argument does not take.
        headers["Content-Type"] = f"{kind};odata.metadata={wishes.level};IEEE754Compatible={str(wishes.quoted).lower()}"
        return web.Response(body=body, status=given.status, headers=headers)
    return web.Response(body=body, status=given.status, content_type=kind, charset="utf-8", headers=headers)

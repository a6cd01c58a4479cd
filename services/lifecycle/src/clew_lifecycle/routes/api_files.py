"""Files of deals in the JSON API. Next: clew_lifecycle.keep_file.keep_file."""

from uuid import UUID

import msgspec
from aiohttp import BodyPartReader, StreamReader, content_disposition_filename, parse_content_disposition, web
from clew_shared.runtime.api import answer, read_id
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.web import actor_of
from clew_shared.web.strange_file import GIVEN_TYPES, strange_file

from clew_lifecycle.changes import invalid
from clew_lifecycle.keep_file import MOST_BYTES, keep_file, read_file, remove_file, too_large
from clew_lifecycle.routes.entry_view import EntryView, view_entry
from clew_lifecycle.routes.site import Site


class FileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the file is called, where its bytes are the whole body."""

    name: str | None = None


class FileApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/deals/{id}/files", self.add),
            web.get("/api/v1/files/{id}", self.read),
            web.delete("/api/v1/files/{id}", self.remove),
        ]

    @describes(
        "Keep a file with a deal: the body's bytes, or the part `file` of a form (multipart/form-data).",
        body=bytes,
        takes="application/octet-stream",
        query=FileQuery,
        answer=EntryView,
        status=201,
    )
    async def add(self, request: web.Request) -> web.Response:
        deal_id = read_id(request, "deal")
        name, kind, content = await _read_upload(request)
        async with self._rail.unit_of_work() as uow:
            entry = await keep_file(deal_id, name, kind, content, actor_of(request), uow)
        return answer(view_entry(entry), 201, {"Location": f"/api/v1/files/{entry.facts.attachments[0].id}"})

    @describes("Download a file.", answer=bytes, gives=GIVEN_TYPES, problems=(410,))
    async def read(self, request: web.Request) -> web.StreamResponse:
        async with self._rail.reading() as connection:
            file = await read_file(self._id(request), connection)
        return strange_file(file.content, file.name, file.type)

    @describes("Remove a file; that it was there stays on the timeline.", problems=(410,))
    async def remove(self, request: web.Request) -> web.Response:
        async with self._rail.unit_of_work() as uow:
            await remove_file(self._id(request), actor_of(request), uow)
        return web.Response(status=204)

    def _id(self, request: web.Request) -> UUID:
        return read_id(request, "file")


async def _read_upload(request: web.Request) -> tuple[str, str, bytes]:
    """Give name, type and bytes. Raises `Problem` 413 as soon as it is too much, 422 for a form without a file."""
    if request.content_length is not None and request.content_length > MOST_BYTES + (64 << 10):
        raise too_large()
    if request.content_type != "multipart/form-data":
        return _named(request), request.content_type, await _read_all(request.content)
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file":
                kind = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return part.filename or "file", kind, await _read_all(part)
    except (ValueError, AssertionError) as error:
        raise Problem(400, "Malformed form", str(error)[:200]) from None
    raise invalid("/file", "The form has no part called file.")


def _named(request: web.Request) -> str:
    """Give what a body that is the file is called: by the address, or by its Content-Disposition (RFC 6266)."""
    _, given = parse_content_disposition(request.headers.get("Content-Disposition"))
    return request.query.get("name") or content_disposition_filename(given) or "file"


async def _read_all(source: StreamReader | BodyPartReader) -> bytes:
    read = bytearray()
    while chunk := await (source.read_chunk() if isinstance(source, BodyPartReader) else source.readany()):
        read += chunk
        if len(read) > MOST_BYTES:
            raise too_large()
    return bytes(read)

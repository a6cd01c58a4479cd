"""Changes to many records in the JSON API. Next: clew_lifecycle.bulk.start_job.start_job."""

from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import answer, page, read_cursor, read_id, read_json, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.bulk.preview import BulkPreview, preview
from clew_lifecycle.bulk.read_job import BulkRowFilter, BulkRowView, BulkView, list_rows, read_job
from clew_lifecycle.bulk.start_job import start_job, start_undo
from clew_lifecycle.bulk.wanted import BulkChange
from clew_lifecycle.bulk.work_on_jobs import CHUNK, work_once
from clew_lifecycle.routes.site import Site


class BulkApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/bulk", self.start),
            web.get("/api/v1/bulk/{id}", self.read),
            web.get("/api/v1/bulk/{id}/rows", self.rows),
            web.post("/api/v1/bulk/{id}/undo", self.undo),
        ]

    @describes(
        "Change many records at once, or see what would come of it.",
        body=BulkChange,
        answer=(BulkView, BulkPreview),
        status=(202, 200),
    )
    async def start(self, request: web.Request) -> web.Response:
        wanted, actor = await read_json(request, BulkChange), actor_of(request)
        if wanted.dry_run:
            return answer(await preview(wanted, actor, self._rail))
        async with self._rail.unit_of_work() as uow:
            job_id = await start_job(wanted, actor, uow)
        return await self._begin(job_id)

    @describes("See how a bulk change is getting on.", answer=BulkView)
    async def read(self, request: web.Request) -> web.Response:
        return answer(await self._read(read_id(request, "bulk change")))

    @describes("List what came of each record.", query=BulkRowFilter, lists=BulkRowView)
    async def rows(self, request: web.Request) -> web.Response:
        job_id, wanted = read_id(request, "bulk change"), read_query(request, BulkRowFilter)
        limit, after = read_limit(request), read_cursor(request, int)
        await self._read(job_id)
        async with self._rail.reading() as connection:
            found = await list_rows(job_id, wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].place) if len(found) > limit else None))

    @describes(
        "Take a bulk change back, where nobody has changed it since.", answer=BulkView, status=202, problems=(409,)
    )
    async def undo(self, request: web.Request) -> web.Response:
        job_id = read_id(request, "bulk change")
        async with self._rail.unit_of_work() as uow:
            await start_undo(job_id, actor_of(request), uow)
        return await self._begin(job_id)

    async def _begin(self, job_id: UUID) -> web.Response:
        """Do a small one at once; what is more is done by whoever has time."""
        job = await self._read(job_id)
        if job.total <= CHUNK:
            await work_once(self._rail, job_id)
            job = await self._read(job_id)
        return answer(job, 202, {"Location": f"/api/v1/bulk/{job_id}"})

    async def _read(self, job_id: UUID) -> BulkView:
        async with self._rail.reading() as connection:
            found = await read_job(job_id, connection)
        if found is None:
            raise not_found("bulk change")
        return found

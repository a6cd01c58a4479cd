"""Pipelines, waiting enquiries and teammates in the JSON API. Next: clew_lifecycle.store.workflow.load_workflow."""

from typing import Any
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import allowed_filters, answer, page, read_cursor, read_limit, write_cursor

from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.team import list_teammates
from clew_lifecycle.store.waiting import list_enquiries
from clew_lifecycle.store.workflow import list_lost_reasons, load_workflow


class WorkflowApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/pipelines", self.pipelines),
            web.get("/api/v1/enquiries", self.enquiries),
            web.get("/api/v1/teammates", self.teammates),
        ]

    async def pipelines(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            workflow = await load_workflow(connection)
            reasons = await list_lost_reasons(connection)
        return answer(page([{**_view(pipeline), "lost_reasons": reasons} for pipeline in workflow.pipelines]))

    async def enquiries(self, request: web.Request) -> web.Response:
        given = allowed_filters(request, ("status",))
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_enquiries(given.get("status", "waiting"), limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    async def teammates(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            return answer(page(await list_teammates(connection)))


def _view(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "key": pipeline.key,
        "name": pipeline.name,
        "status_mode": pipeline.status_mode,
        "version": pipeline.version,
        "stages": [
            {
                "key": stage.key,
                "name": stage.name,
                "category": stage.category,
                "probability": stage.probability,
                "rot_days": stage.rot_days,
                "is_opportunity": stage.is_opportunity,
            }
            for stage in pipeline.stages
        ],
    }

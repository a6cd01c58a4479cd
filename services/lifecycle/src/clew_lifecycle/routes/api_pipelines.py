"""Pipelines in the JSON API: looked at, drafted, published. Next: clew_lifecycle.publish_pipeline.publish_pipeline."""

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_json
from clew_shared.runtime.describes import describes
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.definition import Definition
from clew_lifecycle.publish_pipeline import (
    NewPipeline,
    Publication,
    Published,
    add_pipeline,
    find_wrongs,
    keep_draft,
    publish_pipeline,
)
from clew_lifecycle.routes.pipeline_view import PipelineDetail, PipelineView, view_detail, view_pipeline
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.pipelines import VersionView, find_pipeline, list_versions
from clew_lifecycle.store.workflow import list_lost_reasons, load_workflow

_EXAMPLE = {
    "key": "onboarding",
    "name": "Onboarding",
    "stages": [{"key": "welcome", "name": "Welcome"}, {"key": "done", "name": "Done", "category": "won"}],
    "transitions": [
        {"key": "finish", "name": "Finish", "from": "welcome", "to": "done", "required": ["/contact/email"]}
    ],
}


class PipelineApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/pipelines", self.list),
            web.post("/api/v1/pipelines", self.add),
            web.get("/api/v1/pipelines/{key}", self.read),
            web.put("/api/v1/pipelines/{key}", self.draft),
            web.post("/api/v1/pipelines/{key}/publish", self.publish),
            web.get("/api/v1/pipelines/{key}/versions", self.versions),
        ]

    @describes("List the pipelines with their stages.", lists=PipelineView)
    async def list(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            workflow = await load_workflow(connection)
            reasons = await list_lost_reasons(connection)
        places = {pipeline.key: f"{place:05}" for place, pipeline in enumerate(workflow.pipelines)}
        views = [view_pipeline(pipeline, reasons) for pipeline in workflow.pipelines]
        return answer(cut(request, views, lambda view: (places[view.key],)))

    @describes(
        "Make a pipeline, published at once unless it is a draft.",
        body=NewPipeline,
        answer=PipelineDetail,
        status=201,
        problems=(409,),
        example=_EXAMPLE,
    )
    async def add(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewPipeline)
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            await add_pipeline(wanted, actor_of(request), uow)
            found = await _detail(wanted.key, uow.connection)
        return answer(found, 201)

    @describes("Read the whole of a pipeline.", answer=PipelineDetail)
    async def read(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            return answer(await _detail(request.match_info["key"], connection))

    @describes("Keep what a pipeline's next version is going to be.", body=Definition, answer=PipelineDetail)
    async def draft(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, Definition)
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            await keep_draft(request.match_info["key"], wanted, uow)
            found = await _detail(request.match_info["key"], uow.connection)
        return answer(found)

    @describes(
        "Publish a pipeline's draft, and move the deals of steps that it drops.",
        body=Publication,
        answer=Published,
        problems=(409,),
    )
    async def publish(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, Publication)
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            published = await publish_pipeline(request.match_info["key"], wanted, actor_of(request), uow)
        return answer(published)

    @describes("List the versions of a pipeline.", lists=VersionView)
    async def versions(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            known = await find_pipeline(request.match_info["key"], connection)
            if known is None:
                raise not_found("pipeline")
            found = await list_versions(known.id, connection)
        return answer(cut(request, found, lambda view: (f"{view.number:09}",)))


async def _detail(key: str, connection: AsyncConnection) -> PipelineDetail:
    row = await find_pipeline(key, connection)
    if row is None:
        raise not_found("pipeline")
    workflow = await load_workflow(connection)
    draft = msgspec.convert(row.draft, Definition) if row.draft is not None else None
    problems = await find_wrongs(key, draft, connection) if draft is not None else []
    return await view_detail(row, workflow.by_key.get(key), await list_lost_reasons(connection), problems, connection)

"""Pipelines, waiting enquiries and teammates in the JSON API. Next: clew_lifecycle.store.workflow.load_workflow."""

from typing import Literal
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, cut, page, read_cursor, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes

from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.team import TeammateView, list_teammates
from clew_lifecycle.store.waiting import EnquiryFilter, WaitingView, list_enquiries
from clew_lifecycle.store.workflow import LostReasonView, list_lost_reasons, load_workflow


class StageView(msgspec.Struct, frozen=True, kw_only=True):
    """A column; `probability` in percent, `rot_days` until a deal that rests here is pointed at."""

    key: str
    name: str
    category: Literal["open", "won", "lost", "archived"]
    probability: int | None
    rot_days: int | None
    is_opportunity: bool


class PipelineView(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline as it is published now."""

    id: UUID
    key: str
    name: str
    status_mode: str
    version: int
    stages: list[StageView]
    lost_reasons: list[LostReasonView]


class WorkflowApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/pipelines", self.pipelines),
            web.get("/api/v1/enquiries", self.enquiries),
            web.get("/api/v1/teammates", self.teammates),
        ]

    @describes("List the pipelines with their stages.", lists=PipelineView)
    async def pipelines(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            workflow = await load_workflow(connection)
            reasons = await list_lost_reasons(connection)
        places = {pipeline.key: f"{place:06}" for place, pipeline in enumerate(workflow.pipelines)}
        views = [_view(pipeline, reasons) for pipeline in workflow.pipelines]
        return answer(cut(request, views, lambda view: (places[view.key],)))

    @describes("List what waits for a person to place it.", query=EnquiryFilter, lists=WaitingView)
    async def enquiries(self, request: web.Request) -> web.Response:
        wanted = read_query(request, EnquiryFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_enquiries(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("List who works here.", lists=TeammateView)
    async def teammates(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await list_teammates(connection)
        return answer(cut(request, found, lambda mate: (mate.name, mate.email)))


def _view(pipeline: Pipeline, reasons: list[LostReasonView]) -> PipelineView:
    return PipelineView(
        id=pipeline.id,
        key=pipeline.key,
        name=pipeline.name,
        status_mode=pipeline.status_mode,
        version=pipeline.version,
        stages=[msgspec.convert(stage, StageView, from_attributes=True) for stage in pipeline.stages],
        lost_reasons=reasons,
    )

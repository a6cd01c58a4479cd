"""Enquiries that wait, and problems, in the JSON API. Next: clew_lifecycle.convert_enquiry.convert_enquiry."""

from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import (
    answer,
    page,
    read_cursor,
    read_id,
    read_json,
    read_limit,
    read_query,
    read_version,
    write_cursor,
)
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.convert_enquiry import Conversion, convert_enquiry, drop_enquiry
from clew_lifecycle.open_problem import ProblemChanges, edit_problem
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.conversions import ConversionView
from clew_lifecycle.store.problems import ProblemFilter, ProblemView, list_problems, read_problem
from clew_lifecycle.store.waiting import EnquiryDetail, EnquiryFilter, WaitingView, list_enquiries, read_enquiry


class EnquiryApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/enquiries", self.list),
            web.get("/api/v1/enquiries/{id}", self.read),
            web.post("/api/v1/enquiries/{id}/convert", self.convert),
            web.post("/api/v1/enquiries/{id}/drop", self.drop),
            web.get("/api/v1/problems", self.problems),
            web.get("/api/v1/problems/{id}", self.problem),
            web.patch("/api/v1/problems/{id}", self.edit_problem),
        ]

    @describes("List what waits for a person to place it.", query=EnquiryFilter, lists=WaitingView)
    async def list(self, request: web.Request) -> web.Response:
        wanted = read_query(request, EnquiryFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_enquiries(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("Read an enquiry that a person places, and what it became.", answer=EnquiryDetail)
    async def read(self, request: web.Request) -> web.Response:
        return await self._answer(read_id(request, "enquiry"))

    @describes(
        "Have an enquiry become a deal, a contact, a problem or a comment; the same again gives the same.",
        body=Conversion,
        answer=ConversionView,
        status=(201, 200),
        example={"to": "deal"},
    )
    async def convert(self, request: web.Request) -> web.Response:
        enquiry_id, wanted = read_id(request, "enquiry"), await read_json(request, Conversion)
        async with self._rail.unit_of_work() as uow:
            found, is_new = await convert_enquiry(enquiry_id, wanted, actor_of(request), uow)
        return answer(found, 201 if is_new else 200)

    @describes("Have an enquiry wait no longer.", answer=EnquiryDetail, problems=(409,))
    async def drop(self, request: web.Request) -> web.Response:
        enquiry_id = read_id(request, "enquiry")
        async with self._rail.unit_of_work() as uow:
            await drop_enquiry(enquiry_id, uow)
        return await self._answer(enquiry_id)

    @describes("List problems, the newest first.", query=ProblemFilter, lists=ProblemView)
    async def problems(self, request: web.Request) -> web.Response:
        wanted = read_query(request, ProblemFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_problems(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("Read a problem.", answer=ProblemView, etag=True)
    async def problem(self, request: web.Request) -> web.Response:
        return await self._problem(read_id(request, "problem"))

    @describes("Change or solve a problem.", body=ProblemChanges, answer=ProblemView, if_match=True, etag=True)
    async def edit_problem(self, request: web.Request) -> web.Response:
        problem_id, wanted = read_id(request, "problem"), await read_json(request, ProblemChanges)
        async with self._rail.unit_of_work() as uow:
            await edit_problem(problem_id, wanted, uow, read_version(request))
        return await self._problem(problem_id)

    async def _answer(self, enquiry_id: UUID) -> web.Response:
        async with self._rail.reading() as connection:
            found = await read_enquiry(enquiry_id, connection)
        if found is None:
            raise not_found("enquiry")
        return answer(found)

    async def _problem(self, problem_id: UUID) -> web.Response:
        async with self._rail.reading() as connection:
            found = await read_problem(problem_id, connection)
        if found is None:
            raise not_found("problem")
        return answer(found, headers={"ETag": f'"{found.version}"'})

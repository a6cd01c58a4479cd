"""Forms for programs: `/api/v1/forms`. Next: clew_forms.form_book.publish_form."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, cut, page, read_cursor, read_json, read_limit, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.rail import Rail
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_forms.definition import BadDefinition, FormDefinition, check_definition
from clew_forms.form_book import FormBook, LiveForm, count_submissions, publish_form, read_forms
from clew_forms.list_submissions import SubmissionView, list_submissions


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    slug: str
    title: str
    version: int
    closed_at: datetime | None
    url: str


class FormView(_Form, frozen=True, kw_only=True):
    """A form in the list; `url` is where visitors find it."""

    submissions: int


class FormDetails(_Form, frozen=True, kw_only=True):
    """A form with its definition as it is published now."""

    definition: FormDefinition


_EXAMPLE = {
    "slug": "callback",
    "title": "Call me back",
    "fields": [
        {"id": "phone", "type": "tel", "label": "Your number", "required": True, "maps_to": "phone"},
        {"id": "when", "type": "text", "label": "When"},
    ],
}


class FormsApi:
    """Reading and publishing definitions, and reading what came in."""

    def __init__(self, rail: Rail, book: FormBook, public_origin: str) -> None:
        self._rail = rail
        self._book = book
        self._origin = public_origin

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/forms", self.list_forms),
            web.get("/api/v1/forms/{slug}", self.show_form),
            web.put("/api/v1/forms/{slug}", self.put_form),
            web.get("/api/v1/forms/{slug}/submissions", self.list_submissions),
        ]

    @describes("List the forms.", lists=FormView)
    async def list_forms(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            forms = await read_forms(connection)
            counts = await count_submissions(connection, [form.id for form in forms])
        views = [FormView(**self._fields(form), submissions=counts.get(form.id, 0)) for form in forms]
        return answer(cut(request, views, lambda view: (view.slug,)))

    @describes("Read a form with its definition.", answer=FormDetails)
    async def show_form(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            form = await _find(connection, request)
        return answer(FormDetails(**self._fields(form), definition=form.definition))

    @describes(
        "Publish a definition as the form's next version.", body=FormDefinition, example=_EXAMPLE, answer=FormDetails
    )
    async def put_form(self, request: web.Request) -> web.Response:
        """Publish the definition in the body as the form's next version; the same again changes nothing."""
        definition = await read_json(request, FormDefinition)
        try:
            check_definition(definition)
        except BadDefinition as error:
            errors = [FieldError(pointer="", code="definition", message=problem) for problem in error.problems]
            raise Problem(422, "Not a form", str(error), errors=errors) from None
        if definition.slug != request.match_info["slug"]:
            raise Problem(422, "Another form", "The slug in the address and the one in the definition differ.")
        async with self._rail.unit_of_work() as uow:
            form = await publish_form(uow.connection, definition)
        self._book.forget()
        return answer(FormDetails(**self._fields(form), definition=form.definition))

    @describes("List what a form received, the latest first.", lists=SubmissionView)
    async def list_submissions(self, request: web.Request) -> web.Response:
        limit, before = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            form = await _find(connection, request)
            items = await list_submissions(connection, form.id, form.definition.slug, limit + 1, before)
        more = len(items) > limit
        return answer(page(items[:limit], write_cursor(items[limit - 1].id) if more else None))

    def _fields(self, form: LiveForm) -> dict[str, Any]:
        return {
            "id": form.id,
            "slug": form.definition.slug,
            "title": form.definition.title,
            "version": form.version,
            "closed_at": form.closed_at,
            "url": f"{self._origin}/f/{form.definition.slug}",
        }


async def _find(connection: AsyncConnection, request: web.Request) -> LiveForm:
    found = await read_forms(connection, request.match_info["slug"])
    if not found:
        raise not_found("form")
    return found[0]

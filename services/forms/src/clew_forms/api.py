"""Forms for programs: `/api/v1/forms`. Next: clew_forms.form_book.publish_form."""

from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import answer, page, read_cursor, read_limit, write_cursor
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.rail import Rail
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_forms.definition import BadDefinition, read_definition
from clew_forms.form_book import FormBook, LiveForm, count_submissions, publish_form, read_forms
from clew_forms.list_submissions import list_submissions


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

    async def list_forms(self, _: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            forms = await read_forms(connection)
            counts = await count_submissions(connection, [form.id for form in forms])
        return answer(page([{**self._view(form), "submissions": counts.get(form.id, 0)} for form in forms]))

    async def show_form(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            form = await _find(connection, request)
        return answer({**self._view(form), "definition": form.definition})

    async def put_form(self, request: web.Request) -> web.Response:
        """Publish the definition in the body as the form's next version; the same again changes nothing."""
        try:
            definition = read_definition(await request.read())
        except BadDefinition as error:
            errors = [FieldError(pointer="", code="definition", message=problem) for problem in error.problems]
            raise Problem(422, "Not a form", str(error), errors=errors) from None
        if definition.slug != request.match_info["slug"]:
            raise Problem(422, "Another form", "The slug in the address and the one in the definition differ.")
        async with self._rail.unit_of_work() as uow:
            form = await publish_form(uow.connection, definition)
        self._book.forget()
        return answer({**self._view(form), "definition": form.definition})

    async def list_submissions(self, request: web.Request) -> web.Response:
        limit, before = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            form = await _find(connection, request)
            items = await list_submissions(connection, form.id, form.definition.slug, limit + 1, before)
        more = len(items) > limit
        return answer(page(items[:limit], write_cursor(items[limit - 1].id) if more else None))

    def _view(self, form: LiveForm) -> dict[str, object]:
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

"""The staff's look at the forms and what they brought in. Next: clew_forms.list_submissions.list_submissions."""

from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import read_cursor, write_cursor
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.web.pages import Pages

from clew_forms.form_book import count_submissions, read_forms
from clew_forms.list_submissions import list_submissions

_ON_A_PAGE = 50


class StaffPages:
    """`/forms` and a page for each form below it."""

    def __init__(self, rail: Rail, pages: Pages, public_origin: str) -> None:
        self._rail = rail
        self._pages = pages
        self._origin = public_origin

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/forms", self.show_forms), web.get("/forms/{slug}", self.show_submissions)]

    async def show_forms(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            forms = await read_forms(connection)
            counts = await count_submissions(connection, [form.id for form in forms])
        return self._pages.render(
            request, "staff_forms.html", {"forms": forms, "counts": counts, "origin": self._origin}
        )

    async def show_submissions(self, request: web.Request) -> web.Response:
        before = read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await read_forms(connection, request.match_info["slug"])
            if not found:
                raise not_found("form")
            form = found[0]
            items = await list_submissions(connection, form.id, form.definition.slug, _ON_A_PAGE + 1, before)
        shown, more = items[:_ON_A_PAGE], len(items) > _ON_A_PAGE
        older = f"/forms/{form.definition.slug}?cursor={write_cursor(shown[-1].id)}" if more else None
        context = {"form": form, "submissions": shown, "older_url": older, "origin": self._origin}
        return self._pages.render(request, "staff_form.html", context)

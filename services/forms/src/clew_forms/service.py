"""How the forms service is put together. Next: clew_forms.routes.PublicForms.post_submission."""

import asyncio
from functools import cache
from importlib.resources import files

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import Settings
from clew_shared.web.pages import Pages

from clew_forms.api import FormsApi
from clew_forms.client_address import read_networks
from clew_forms.definition import read_definition
from clew_forms.form_book import FormBook, publish_form, read_forms
from clew_forms.group_commit import GroupCommit
from clew_forms.render import PublicPages
from clew_forms.routes import PublicForms
from clew_forms.staff_pages import StaffPages
from clew_forms.store import forget_keys
from clew_forms.tables import METADATA, RAIL

NAME = "forms"
_FORGET_SECONDS = 600.0


def build(settings: Settings) -> Service:
    rail = Rail(NAME, settings, METADATA, RAIL)
    book = FormBook(rail)
    public = PublicForms(
        book,
        GroupCommit(rail),
        PublicPages(),
        secret=cache(settings.secret_key),
        trusted=read_networks(settings.trusted_proxies),
        region=settings.region,
    )
    api = FormsApi(rail, book, settings.public_origin)
    staff = StaffPages(rail, Pages("clew_forms"), settings.public_origin)

    async def seed() -> None:
        """Have the form "contact" from the first start on; what somebody made of it since stays."""
        definition = read_definition(files("clew_forms").joinpath("seeds/contact.json").read_bytes())
        async with rail.unit_of_work() as uow:
            if not await read_forms(uow.connection, definition.slug):
                await publish_form(uow.connection, definition)

    async def forget() -> None:
        async with rail.unit_of_work() as uow:
            await forget_keys(uow.connection)
        await asyncio.sleep(_FORGET_SECONDS)

    return Service(
        name=NAME,
        rail=rail,
        migrations="clew_forms.migrations",
        tells=(EnquiryReceived,),
        prefixes=("/f", "/forms", "/api/v1/forms"),
        routes=lambda: [*public.routes(), *api.routes(), *staff.routes()],
        timers=(forget,),
        seed=seed,
    )

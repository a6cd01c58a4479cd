"""What people do with a mail that waits to be placed. Next: clew_lifecycle.convert_enquiry.convert_enquiry."""

from aiohttp import web
from clew_shared.runtime.api import read_id
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.web import actor_of
from clew_shared.web.named_deal import WHICH_DEAL, read_deal

from clew_lifecycle.convert_enquiry import Conversion, convert_enquiry, drop_enquiry
from clew_lifecycle.routes.site import Site


class WaitingMailActs:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/deals/of-mail/{mail_id}", self.place),
            web.post("/deals/of-mail/{mail_id}/drop", self.drop),
        ]

    async def place(self, request: web.Request) -> web.Response:
        """Put it on the deal that the form names, or open one for it; the same again leads to the same deal."""
        mail_id, form = read_id(request, "mail", "mail_id"), await request.post()
        wanted = _wanted(str(form.get("deal", "")).strip())
        async with self._rail.unit_of_work() as uow:
            placed, _ = await convert_enquiry(mail_id, wanted, actor_of(request), uow)
        return web.Response(status=303, headers={"Location": f"/deals/{placed.target_id}?done=saved#mail-{mail_id}"})

    async def drop(self, request: web.Request) -> web.Response:
        mail_id = read_id(request, "mail", "mail_id")
        async with self._rail.unit_of_work() as uow:
            await drop_enquiry(mail_id, uow)
        return web.Response(status=303, headers={"Location": f"/mail/messages/{mail_id}?done=discarded"})


def _wanted(named: str) -> Conversion:
    if not named:
        return Conversion(to="deal")
    deal = read_deal(named)
    if deal is None:
        raise Problem(422, "Which deal?", WHICH_DEAL)
    return Conversion(to="comment", deal=deal)

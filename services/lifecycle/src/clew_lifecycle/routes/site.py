"""What every route of lifecycle needs. Next: clew_lifecycle.routes.board.BoardPages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings
from clew_shared.web.pages import Pages

from clew_lifecycle.live import Hub
from clew_lifecycle.verify import TeamVerifier
from clew_lifecycle.webhooks.wired import Webhooks


@dataclass(frozen=True, slots=True)
class Site:
    rail: Rail
    settings: Settings
    verifier: TeamVerifier
    pages: Pages
    hub: Hub
    webhooks: Webhooks

    def show(self, request: web.Request, template: str, context: Mapping[str, Any], status: int = 200) -> web.Response:
        """Render a page of ours; its frame names whoever is signed in."""
        return self.pages.render(request, template, context, status=status)


def errors_by_field(problem: Problem) -> dict[str, str]:
    """Give a form's errors as its page shows them."""
    return {error.pointer.rpartition("/")[2]: error.message for error in problem.errors} or {"body": problem.detail}

"""Who may have webhooks, and what they may hear.

A webhook tells what its owner may read. Everybody who works here reads deals, companies and contacts; who else works
here is told to those alone who run the team. An owner who is gone is told nothing.
"""

from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor

from clew_lifecycle.store.webhook_endpoints import EndpointView

_RUN_THE_TEAM = ("admin", "manager")
_MAY_HAVE = (*_RUN_THE_TEAM, "sales")


def may_have(role: str | None) -> bool:
    return role in _MAY_HAVE


def may_hear(role: str | None, name: str) -> bool:
    return role in _RUN_THE_TEAM or (may_have(role) and not name.startswith("teammate."))


def whose(actor: Actor) -> str | None:
    """Give whose endpoints the actor sees: None for everybody's."""
    return None if actor.role in _RUN_THE_TEAM else actor.email


def check_sees(actor: Actor, endpoint: EndpointView | None) -> EndpointView:
    """Raises `Problem` 404 for an endpoint that is not there, or not there for them."""
    if endpoint is None or whose(actor) not in (None, endpoint.owner):
        raise not_found("webhook")
    return endpoint

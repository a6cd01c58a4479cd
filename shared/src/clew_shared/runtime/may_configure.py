"""Who may change how clew works. Next: clew_shared.runtime.problem.Problem."""

from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import Actor


def check_may_configure(actor: Actor) -> None:
    """Raise `Problem` 403 for whoever only works the deals."""
    if actor.role not in ("admin", "manager"):
        raise Problem(403, "Not allowed", "Only an admin or a manager may change the configuration.")

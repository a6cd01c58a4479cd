"""Lifecycle, wired: the composition root. Next: clew_lifecycle.store.columns."""

from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import Settings

import clew_lifecycle.store.tables
import clew_lifecycle.store.team_tables
import clew_lifecycle.store.workflow_tables  # noqa: F401
from clew_lifecycle.store.columns import RAIL, metadata


def build(settings: Settings) -> Service:
    rail = Rail("lifecycle", settings, metadata, RAIL)
    return Service(name="lifecycle", rail=rail, migrations="clew_lifecycle.migrations")

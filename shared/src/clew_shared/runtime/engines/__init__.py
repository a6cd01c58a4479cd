"""The broker and the database as children of this process. Next: clew_shared.runtime.engines.running.engines."""

from clew_shared.runtime.engines.child import ChildFailedError
from clew_shared.runtime.engines.lock import DirectoryInUseError
from clew_shared.runtime.engines.nats_server import EmbeddedNats
from clew_shared.runtime.engines.postgres import EmbeddedPostgres
from clew_shared.runtime.engines.running import Engines, EngineSettings, attached_or_started, engines

__all__ = [
    "ChildFailedError",
    "DirectoryInUseError",
    "EmbeddedNats",
    "EmbeddedPostgres",
    "EngineSettings",
    "Engines",
    "attached_or_started",
    "engines",
]

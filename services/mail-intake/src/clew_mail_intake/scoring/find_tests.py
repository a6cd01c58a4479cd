"""Which kinds of test a folder of mails holds, by the names that its sub-folders have or by what lies in itself.

Next: clew_mail_intake.scoring.score.score_folder.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

# For mails of which nothing is known but that they can be read.
UNKNOWN: Final = "mails"


def find_tests(folder: Path) -> dict[str, Path]:
    """Return the folder of each kind of test that is there; raises `OSError` for a folder that cannot be read."""
    names = {path.name for path in folder.iterdir()}
    found = {kind: folder / kind for kind in KINDS if (folder / kind).is_dir()}
    if found:
        return found
    own = next((kind for kind, is_one in KINDS.items() if folder.resolve().name == kind or is_one(folder, names)), None)
    if own is None and any(folder.rglob("*.eml")):
        own = UNKNOWN
    return {own: folder} if own else {}


def _holds(*wanted: str) -> Callable[[Path, set[str]], bool]:
    return lambda _, names: names.issuperset(wanted)


def _has_trees(folder: Path, _: set[str]) -> bool:
    return any(tree_of(path) is not None for path in folder.rglob("*.eml"))


def tree_of(mail: Path) -> Path | None:
    """Return the file that says what another parser found in a mail."""
    return next(filter(Path.exists, (mail.with_suffix(".json"), mail.with_suffix(".crlf.json"))), None)


KINDS: Final[dict[str, Callable[[Path, set[str]], bool]]] = {
    "machine": _holds("expected.json"),
    "ordinary": lambda *_: False,
    "reply-trim": _holds("emails", "trimmed"),
    "forwards": _holds("emails", "embedded"),
    "talon-standard-replies": lambda _, names: any(name.endswith("-reply-text") for name in names),
    "talon-html-replies": lambda *_: False,
    "mime-tree": _has_trees,
}

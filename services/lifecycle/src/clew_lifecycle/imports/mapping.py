"""Which column of a file is which field of ours: mapping files, in TOML or JSON. Next: clew_lifecycle.imports.fill."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from clew_shared.runtime.settings import OperatorError

Policy = Literal["ignore", "warning", "error"]


class KnownIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A CSV beside the imported file (or the mapping) whose column lists the values that are known."""

    file: str
    column: str


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a value comes from, and what is made of it.

    One of `column`, `constant` and `template` (`"{product} for {account}"`, by columns). `values` translates what
    the file says, `default` stands for what it leaves out. `missing` and `unknown` say whether it is reported, or keeps
    the row out, when there is nothing, or nothing that `values` or `known_in` have. `type` and `label` define a
    custom attribute that is not there yet.
    """

    column: str | None = None
    constant: str | None = None
    template: str | None = None
    values: dict[str, str] | None = None
    known_in: KnownIn | None = None
    default: str | None = None
    missing: Policy = "ignore"
    unknown: Policy | None = None
    type: Literal["text", "number", "date"] | None = None
    label: str | None = None

    @property
    def on_unknown(self) -> Policy:
        """Of a value that should have been translated nobody knows the meaning; one that is in no list has one."""
        return self.unknown or ("error" if self.values is not None else "warning")


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a file is to be read. `source` says whose ids are in it; `dates` are formats of `strptime`, else ISO.

    `history` names, for stages of a deal, when it came there. A column alone may stand for a rule.
    """

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    dates: tuple[str, ...] = ()
    decimal: Literal["point", "comma"] | None = None
    encoding: str | None = None
    separator: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] | None = None
    region: str | None = None
    fields: dict[str, str | Rule]
    custom: dict[str, str | Rule] = {}
    history: dict[str, str | Rule] = {}

    def rules(self, room: Literal["fields", "custom", "history"]) -> dict[str, Rule]:
        given: dict[str, str | Rule] = getattr(self, room)
        return {name: Rule(column=rule) if isinstance(rule, str) else rule for name, rule in given.items()}


def read_mapping(path: Path, fields: tuple[str, ...], needed: tuple[str, ...]) -> Mapping:
    """Read a mapping that may fill `fields`. Raises `OperatorError` for what it cannot mean."""
    try:
        given: Any = (msgspec.json.decode if path.suffix == ".json" else _read_toml)(path.read_bytes())
        mapping = msgspec.convert(given, Mapping)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path}: {error}") from None
    if unknown := sorted(set(mapping.fields) - set(fields)):
        raise OperatorError(f"{path}: there is no field {', '.join(unknown)}; there are {', '.join(fields)}")
    if missing := [name for name in needed if name not in mapping.fields]:
        raise OperatorError(f"{path}: no column is given for {', '.join(missing)}")
    for name, rule in {**mapping.rules("fields"), **mapping.rules("custom"), **mapping.rules("history")}.items():
        if sum(part is not None for part in (rule.column, rule.constant, rule.template)) != 1:
            raise OperatorError(f"{path}: {name} needs one of column, constant and template")
    return mapping


def _read_toml(content: bytes) -> dict[str, Any]:
    return tomllib.loads(content.decode())

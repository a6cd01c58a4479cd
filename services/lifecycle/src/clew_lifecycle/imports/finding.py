"""What is to be said of a row of a file, and who can do something about it. Next: clew_lifecycle.imports.report."""

from dataclasses import dataclass, field
from typing import Literal

# Who can mend it, where that is not whoever writes the file.
_MENDED_BY = {
    "other_company": "whoever knows both companies: is it one order or two?",
    "unknown_owner": "an administrator of clew, by adding the teammate, or the file",
    "unknown_stage": "the mapping, or the file",
    "unknown_pipeline": "the mapping, or the file",
    "unknown_lost_reason": "the mapping, or an administrator of clew, by adding the reason",
    "unknown_company_type": "the mapping, or an administrator of clew, by adding the type",
    "encoding": "whoever saves the file",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is one word for what is wrong in `column`; a row with a warning went in all the same."""

    level: Literal["error", "warning"]
    line: int
    column: str
    code: str
    message: str
    fields: list[str] = field(default_factory=list)

    @classmethod
    def error(cls, line: int, column: str, code: str, message: str, fields: list[str] | None = None) -> "Finding":
        return cls("error", line, column, code, message, fields or [])

    @classmethod
    def warning(cls, line: int, column: str, code: str, message: str, fields: list[str] | None = None) -> "Finding":
        return cls("warning", line, column, code, message, fields or [])

    @property
    def mended_by(self) -> str:
        return _MENDED_BY.get(self.code, "whoever writes the file")

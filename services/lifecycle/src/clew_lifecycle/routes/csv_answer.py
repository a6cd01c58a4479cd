"""Lists as CSV (RFC 4180), such that no spreadsheet takes a cell for a formula.

Next: clew_lifecycle.routes.api_reports.ReportApi.
"""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

CSV = "text/csv"
# What makes spreadsheets compute, also where they read it through blanks or as wide characters.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def wants_csv(request: web.Request, asked: str | None) -> bool:
    """Tell whether CSV is wanted: by `format`, else by an Accept header that prefers it to JSON (RFC 9110 12.5.1)."""
    if asked is not None:
        return asked == "csv"
    return _weight(request, CSV) > _weight(request, "application/json")


def csv_answer(
    kind: type[msgspec.Struct], items: Sequence[msgspec.Struct], name: str, headers: dict[str, str] | None = None
) -> web.Response:
    """Answer a row for each item below the names of its fields."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(kind.__struct_encode_fields__)
    writer.writerows([_cell(getattr(item, field)) for field in kind.__struct_fields__] for item in items)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return web.Response(
        text=written.getvalue(), content_type=CSV, charset="utf-8", headers={**disposition, **(headers or {})}
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return "; ".join(" ".join(_cell(part) for part in msgspec.structs.astuple(item)) for item in value)
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        # The apostrophe says "text" to every spreadsheet.
        return f"'{value}"
    return str(value)


def _weight(request: web.Request, wanted: str) -> float:
    """Give how much a type of content is liked; the most specific range that matches it decides."""
    found: dict[str, float] = {}
    for given in request.headers.get("Accept", "*/*").split(","):
        media, *parameters = (part.strip().lower() for part in given.split(";"))
        weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        try:
            found[media] = float(weights[0]) if weights else 1.0
        except ValueError:
            found[media] = 0.0
    ranges = (wanted, f"{wanted.partition('/')[0]}/*", "*/*")
    return next((found[media] for media in ranges if media in found), 0.0)

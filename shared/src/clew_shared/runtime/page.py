"""A page of a list, as every list of the API answers."""

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items of a list; `next_cursor` leads to those after them, null behind the last."""

    items: Sequence[T]
    next_cursor: str | None = None

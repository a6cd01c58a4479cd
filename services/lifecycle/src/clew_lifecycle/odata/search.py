"""Read `$search`: words and phrases, AND, OR, NOT and parentheses, without recursion.

Next: clew_lifecycle.odata.build_query.build_query.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from clew_lifecycle.domain.odata_filter.syntax import FilterError
from clew_lifecycle.store.deals import contains

_MOST_WORDS = 50
_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()])|([^\s()"]+))')
_BINDS = {"OR": 1, "AND": 2, "NOT": 3}


@dataclass(frozen=True, slots=True)
class Word:
    """`kind` is a phrase or word to look for, an operator, or a parenthesis."""

    kind: Literal["text", "AND", "OR", "NOT", "(", ")"]
    text: str = ""


def read_search(text: str) -> list[Word]:
    """Give the search in reverse Polish order. Raises `FilterError`."""
    output: list[Word] = []
    waiting: list[Word] = []
    after_operand = False
    for word in _words(text):
        if word.kind in ("AND", "OR", ")") and not after_operand:
            raise FilterError(f"A word is missing before {word.kind} in $search.")
        if word.kind in ("text", "NOT", "(") and after_operand:
            # Words side by side must all be there.
            _shift(Word("AND"), waiting, output)
        if word.kind == "text":
            output.append(word)
        elif word.kind == ")":
            _close(waiting, output)
        else:
            _shift(word, waiting, output)
        after_operand = word.kind in ("text", ")")
    if not after_operand:
        raise FilterError("$search ends where a word is missing.")
    while waiting:
        if waiting[-1].kind == "(":
            raise FilterError("A parenthesis in $search is not closed.")
        output.append(waiting.pop())
    return output


def compile_search(search: Sequence[Word], columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Look for each word in any of the columns, whatever its case."""
    if not columns:
        raise FilterError("$search has nothing to look at here.")
    negates = any(word.kind == "NOT" for word in search)
    found: list[ColumnElement[bool]] = []
    for word in search:
        if word.kind == "text":
            any_of = or_(*(contains(column, word.text) for column in columns))
            # Only a NOT can tell an unknown from a false, and an index serves the bare condition alone.
            found.append(func.coalesce(any_of, false()) if negates else any_of)
        elif word.kind == "NOT":
            found.append(not_(found.pop()))
        else:
            right, left = found.pop(), found.pop()
            found.append(and_(left, right) if word.kind == "AND" else or_(left, right))
    return found[0]


def _words(text: str) -> list[Word]:
    words: list[Word] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise FilterError("A phrase in $search does not end.", position)
        words.append(_word(found))
        position = found.end()
    if len(words) > _MOST_WORDS:
        raise FilterError(f"More than {_MOST_WORDS} words in $search.")
    return words


def _word(found: re.Match[str]) -> Word:
    phrase, parenthesis, word = found.groups()
    if phrase is not None:
        text = re.sub(r"\\(.)", r"\1", phrase[1:-1])
        if not text.strip():
            raise FilterError("A phrase in $search is empty.")
        return Word("text", text)
    if parenthesis is not None:
        return Word("(" if parenthesis == "(" else ")")
    if word in ("AND", "OR", "NOT"):
        return Word(word)  # type: ignore[arg-type]  # one of the three
    if "'" in word[:1] or ";" in word:
        raise FilterError(f"{word[:50]} is no word to search for; quote it.")
    return Word("text", word)


def _shift(operator: Word, waiting: list[Word], output: list[Word]) -> None:
    if operator.kind not in ("(", "NOT"):
        while waiting and waiting[-1].kind != "(" and _BINDS[waiting[-1].kind] >= _BINDS[operator.kind]:
            output.append(waiting.pop())
    waiting.append(operator)


def _close(waiting: list[Word], output: list[Word]) -> None:
    while waiting and waiting[-1].kind != "(":
        output.append(waiting.pop())
    if not waiting:
        raise FilterError("A parenthesis too many in $search.")
    waiting.pop()

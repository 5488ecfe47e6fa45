"""From what people write to an expression, by recursive descent. Raises ExpressionError in words, never anything else.

any    = all *( "or" all )
all    = one *( "and" one )
one    = "not" one / "(" any ")" / count "of" "(" any *( "," any ) ")" / input
input  = name [ "@" name ] / DQUOTE name DQUOTE     ; in quotes: a check that is called `not`
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from healthchecks.expression import RESERVED, AtLeast, Expression, Input, Not, inputs_of

MAX_LENGTH = 1000
MAX_DEPTH = 16
MAX_INPUTS = 50

NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
TOKEN = re.compile(rf'\s*([(),]|"{NAME}(?:@{NAME})?"|{NAME}(?:@{NAME})?(?![\w@.-])|[A-Z]+(?!\w))')
WORD = re.compile(rf'"?({NAME})(?:@({NAME}))?"?')


class ExpressionError(ValueError):
    """What was written is no expression. The message says what to write."""


@lru_cache(1024)
def parse(text: str) -> Expression:
    """The expression that `text` says."""
    reader = _Reader(_tokens(text))
    expression = reader.any(0)
    if reader.next:
        raise ExpressionError(f"'and' or 'or' is missing before {reader.next}")
    if len(inputs_of(expression)) > MAX_INPUTS:
        raise ExpressionError(f"at most {MAX_INPUTS} checks are taken into account")
    return expression


def _tokens(text: str) -> list[str]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        found = TOKEN.match(text, at)
        if found is None:
            raise ExpressionError(
                f"{text[at:].split(maxsplit=1)[0]} is neither the name of a check nor and, or, not, 2 of (…)"
            )
        tokens.append(found[1])
        at = found.end()
    return tokens


@dataclass
class _Reader:
    tokens: list[str]
    at: int = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def any(self, depth: int) -> Expression:
        return self._list("or", self._all, depth)

    def _all(self, depth: int) -> Expression:
        return self._list("and", self._one, depth)

    def _list(self, word: str, read: Callable[[int], Expression], depth: int) -> Expression:
        parts = [read(depth)]
        while self._take(word):
            parts.append(read(depth))
        return parts[0] if len(parts) == 1 else AtLeast(1 if word == "or" else len(parts), tuple(parts))

    def _one(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"at most {MAX_DEPTH} levels go into each other")
        if self._take("not"):
            return Not(self._one(depth + 1))
        if self._take("("):
            inner = self.any(depth + 1)
            self._require(")")
            return inner
        return self._counted(depth) if self._is_count() else self._input()

    def _is_count(self) -> bool:
        following = self.tokens[self.at + 1].lower() if self.at + 1 < len(self.tokens) else ""
        return self.next.isdecimal() and following == "of"

    def _counted(self, depth: int) -> Expression:
        count = int(self.next)
        self.at += 2
        self._require("(")
        parts = [self.any(depth + 1)]
        while self._take(","):
            parts.append(self.any(depth + 1))
        self._require(")")
        if not 1 <= count <= len(parts):
            raise ExpressionError(f"{count} of {len(parts)} cannot be: count from 1 to {len(parts)}")
        return parts[0] if len(parts) == 1 else AtLeast(count, tuple(parts))

    def _input(self) -> Expression:
        found = WORD.fullmatch(self.next)
        if found is None or self.next.lower() in RESERVED:
            raise ExpressionError(
                f"the name of a check is missing {f'before {self.next}' if self.next else 'at the end'}"
            )
        self.at += 1
        return Input(found[1], found[2] or "")

    def _take(self, token: str) -> bool:
        if self.next.lower() != token:
            return False
        self.at += 1
        return True

    def _require(self, token: str) -> None:
        if not self._take(token):
            raise ExpressionError(f"{token} is missing {f'before {self.next}' if self.next else 'at the end'}")

"""What a calculated check asks for: k of n, and, or, not, over the verdicts of other checks. Pure.

Logic with three values (Kleene's strong one): what is unknown decides nothing, and only where it could is the whole
unknown. `and` is n of n, `or` is 1 of n, so there is one rule:

    at least k are up ──► up        fewer than k can still be ──► down        else ──► unknown
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from healthchecks.state import State


@dataclass(frozen=True, slots=True)
class Input:
    """The verdict of a check: of the same endpoint, or of the one that is named."""

    check: str
    endpoint: str = ""

    def __str__(self) -> str:
        return f"{self.check}@{self.endpoint}" if self.endpoint else self.check


@dataclass(frozen=True, slots=True)
class Not:
    of: Expression


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many of these are up; all of them: `and`, one of them: `or`."""

    count: int
    of: tuple[Expression, ...]


Expression: TypeAlias = Input | Not | AtLeast

OPPOSITE = {State.UP: State.DOWN, State.DOWN: State.UP, State.UNKNOWN: State.UNKNOWN}


def evaluate(expression: Expression, states: Mapping[Input, State]) -> State:
    """The value of `expression`; of what `states` do not hold nothing is known."""
    if isinstance(expression, Input):
        return states.get(expression, State.UNKNOWN)
    if isinstance(expression, Not):
        return OPPOSITE[evaluate(expression.of, states)]
    values = [evaluate(part, states) for part in expression.of]
    if values.count(State.UP) >= expression.count:
        return State.UP
    return State.DOWN if len(values) - values.count(State.DOWN) < expression.count else State.UNKNOWN


def inputs_of(expression: Expression) -> list[Input]:
    """Every input once, in the order of reading."""
    if isinstance(expression, Input):
        return [expression]
    parts = (expression.of,) if isinstance(expression, Not) else expression.of
    return list(dict.fromkeys(one for part in parts for one in inputs_of(part)))


def renamed(expression: Expression, names: Mapping[Input, Input]) -> Expression:
    """The expression with other names for some of its inputs."""
    if isinstance(expression, Input):
        return names.get(expression, expression)
    if isinstance(expression, Not):
        return Not(renamed(expression.of, names))
    return AtLeast(expression.count, tuple(renamed(part, names) for part in expression.of))


def show(expression: Expression) -> str:
    """The expression as people write it: `expression_text.parse` reads it back."""
    if isinstance(expression, Input):
        return _quoted(expression)
    if isinstance(expression, Not):
        return f"not {_within(expression.of)}"
    if expression.count in {1, len(expression.of)}:
        word = " and " if expression.count == len(expression.of) else " or "
        return word.join(_within(part) for part in expression.of)
    return f"{expression.count} of ({', '.join(show(part) for part in expression.of)})"


RESERVED = frozenset({"and", "or", "not", "of"})


def _quoted(one: Input) -> str:
    """A check may be called `not`."""
    return f'"{one}"' if one.check in RESERVED and not one.endpoint else str(one)


def _within(part: Expression) -> str:
    is_list = isinstance(part, AtLeast) and part.count in {1, len(part.of)}
    return f"({show(part)})" if is_list else show(part)

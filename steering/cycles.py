"""Policies that let others answer, as fallbacks or by `use`, must end somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Fallbacks = Mapping[int, Iterable[int]]
"""Id of a policy to the ids of those that answer instead of it."""


def cycle_through(start: int, fallbacks: Fallbacks) -> list[int] | None:
    """The shortest way from a policy back to itself, both ends included; None if there is none."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop(0)
        for following in fallbacks.get(way[-1], ()):
            if following == start:
                return [*way, start]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None


def reachable(start: int, fallbacks: Fallbacks) -> set[int]:
    """A policy and all that may answer instead of it."""
    seen, ahead = {start}, [start]
    while ahead:
        following = set(fallbacks.get(ahead.pop(), ())) - seen
        seen |= following
        ahead += following
    return seen

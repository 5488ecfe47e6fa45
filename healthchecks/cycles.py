"""Whether something would follow from itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node")


def cycle_through(start: Node, follows_from: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """The shortest way from `start` back to it, both ends included; empty: there is none.

    >>> cycle_through("a", {"a": ["b"], "b": ["c", "a"]})
    ['a', 'b', 'a']
    """
    ways, seen = [[start]], set()
    for way in ways:
        for following in follows_from.get(way[-1], ()):
            if following == start:
                return [*way, start]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def depth_below(start: Node, follows_from: Mapping[Node, Iterable[Node]]) -> int:
    """How many steps the longest way from `start` has. There must be no cycle."""
    depths: dict[Node, int] = {}
    open_nodes = [start]
    while open_nodes:
        node = open_nodes[-1]
        unknown = [below for below in follows_from.get(node, ()) if below not in depths]
        if unknown:
            open_nodes += unknown
        else:
            depths[open_nodes.pop()] = 1 + max((depths[below] for below in follows_from.get(node, ())), default=-1)
    return depths[start]

"""Ordered rows within a form: members of a pool, steps of a policy, rules of a step.

A row's inputs are named `prefix-index-name`. The form itself carries all state: a button sends it with what to do,
`members:up:2`, and gets it back in the new order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.http import QueryDict

Row = dict[str, list[str]]
"""The inputs of a row by the rest of their names."""

ACTION = re.compile(
    r"(?P<prefix>[a-z0-9_-]+):(?P<verb>up|down|remove|duplicate|move|begin|add):(?P<argument>[a-z0-9_]+)"
)


MOVE = re.compile(r"(\d{1,4})_(\d{1,4})")
"""From a place to another."""


def row_prefixes(data: Mapping[str, object], prefix: str) -> list[str]:
    """`prefix-index` of each row that `data` has, in order."""
    pattern = re.compile(rf"{re.escape(prefix)}-(\d+)-")
    indexes = {int(match[1]) for key in data if (match := pattern.match(key))}
    return [f"{prefix}-{index}" for index in sorted(indexes)]


def perform(data: QueryDict, action: str) -> QueryDict:
    """`data` after `action`; an action that makes no sense changes nothing.

    `up`, `down`, `remove` and `duplicate` take the place of a row, `move` that of a row and its new one: `move:3_0`.
    `add` takes the name of the input that a new row starts with, whose value is that of `prefix-add`, and `begin` the
    kind of a new row.
    """
    match = ACTION.fullmatch(action)
    if match is None:
        return data
    prefix, verb, argument = match["prefix"], match["verb"], match["argument"]
    rows = take_rows(data, prefix)
    if verb == "add":
        rows.append({argument: [data.get(f"{prefix}-add", "")]})
    elif verb == "begin":
        rows.append({"kind": [argument]})
    elif verb == "move" and (places := MOVE.fullmatch(argument)):
        _move(rows, int(places[1]), int(places[2]))
    elif argument.isdecimal() and int(argument) < len(rows):
        _rearrange(rows, verb, int(argument))
    return put_rows(data, prefix, rows)


def take_rows(data: QueryDict, prefix: str) -> list[Row]:
    """The rows of `data`, in order."""
    return [
        {key[len(start) + 1 :]: values for key, values in data.lists() if key.startswith(f"{start}-")}
        for start in row_prefixes(data, prefix)
    ]


def put_rows(data: QueryDict, prefix: str, rows: list[Row]) -> QueryDict:
    """`data` with these rows in place of those it has."""
    written = QueryDict(mutable=True)
    old = tuple(f"{start}-" for start in row_prefixes(data, prefix))
    for key, values in data.lists():
        if not key.startswith(old):
            written.setlist(key, values)
    for index, row in enumerate(rows):
        for name, values in row.items():
            written.setlist(f"{prefix}-{index}-{name}", values)
    return written


def _rearrange(rows: list[Row], verb: str, place: int) -> None:
    if verb == "remove":
        del rows[place]
    elif verb == "duplicate":
        rows.insert(place + 1, dict(rows[place]))
    elif verb == "up" and place > 0:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    elif verb == "down" and place < len(rows) - 1:
        rows[place], rows[place + 1] = rows[place + 1], rows[place]


def _move(rows: list[Row], place: int, target: int) -> None:
    if max(place, target) < len(rows):
        rows.insert(target, rows.pop(place))

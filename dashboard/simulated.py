"""What a simulated change shows: where each endpoint's clients go, and the countries of the map.

report of docs/simulation.md ─► flows (split bars) ─► template
                             └► change_map (JSON) ──► static/js/simulated.js
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.worldmap import known_countries

LEAST_PART = 0.0005
"""Of an endpoint's clients: what is less is no way but rounding."""


@dataclass(frozen=True, slots=True)
class Part:
    """Those of an endpoint's clients that get `target`, as a piece of its bar; `place`: its colour, None for none."""

    target: str | None
    place: int | None
    start: float
    share: float


@dataclass(frozen=True, slots=True)
class Flow:
    """The clients of an endpoint, None for none. `share` of all queries."""

    source: str | None
    share: float
    parts: list[Part]


def flows(report: Mapping[str, Any]) -> list[Flow]:
    """Where the clients of every endpoint go: those that stay first."""
    places = {row["endpoint"]: place for place, row in enumerate(report["endpoints"]) if row["endpoint"]}
    return [
        Flow(row["endpoint"], row["before"], list(_parts(row, report["moves"], places)))
        for row in report["endpoints"]
        if row["before"]
    ]


def change_map(report: Mapping[str, Any]) -> dict[str, Any]:
    """Countries with what changes for their clients: round trips where they are known, else how many move."""
    known = known_countries()
    return {
        "by_latency": report["latency"] is not None,
        "countries": [
            {
                "name": known[row["country"]].name,
                "latitude": known[row["country"]].latitude,
                "longitude": known[row["country"]].longitude,
                "share": row["share"],
                "moved": row["moved"],
                "change_ms": _change_ms(row),
            }
            for row in report["countries"]
            if row["country"] in known
        ],
    }


def _parts(row: Mapping[str, Any], moves: list[dict[str, Any]], places: Mapping[str, int]) -> Iterator[Part]:
    leaving = [(move["to"], move["share"]) for move in moves if move["from"] == row["endpoint"]]
    staying = row["before"] - sum(share for _target, share in leaving)
    start = 0.0
    for target, share in [(row["endpoint"], staying), *leaving]:
        part = share / row["before"]
        if part >= LEAST_PART:
            yield Part(target, places.get(target) if target else None, start, part)
            start += part


def _change_ms(row: Mapping[str, Any]) -> float | None:
    latency = row["latency"]
    return None if latency is None else latency["after"]["mean_ms"] - latency["before"]["mean_ms"]

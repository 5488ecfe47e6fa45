"""Countries by how many of their clients a change moves, as static/js/simulated.js draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dashboard.worldmap import known_countries


def moved_map(countries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of a map: `moved` is a share of a country's own queries."""
    known = known_countries()
    return {
        "by_latency": False,
        "countries": [
            {
                "name": known[row["country"]].name,
                "latitude": known[row["country"]].latitude,
                "longitude": known[row["country"]].longitude,
                "share": row["share"],
                "moved": row["moved"],
                "change_ms": None,
            }
            for row in countries
            if row["country"] in known
        ],
    }

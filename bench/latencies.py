"""A latency map that was never measured, but always the same: distance, and what noise makes of it.

city database ─► networks drawn from it ─► round trips to each region ─► order ─► message (latency.table)
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

import maxminddb
import numpy as np

from bench.dataset import REGIONS
from latency.arrays import Floats, Indices
from latency.distance import great_circle_km
from latency.model import Model
from latency.table import Cells, Groups, MapMessage, encoded

DRAWN = 350_000
"""Networks, of which two thirds are allocated to a country and so have a place."""
MADE_S = 1_795_000_000
SEED = 17
NOISE = 0.35
"""Standard deviation of the logarithm: of a third of the clients, another region than the nearest is the best."""
ERROR_MS, SAMPLES = 3.0, 20.0


def latency_map(city: Path) -> bytes:
    """The map as edges are told it, of the regions with the numbers that bench.worlds gives them."""
    model = Model()
    keys, rtt_ms = _round_trips(city)
    no_rows, no_columns = np.empty(0, dtype=np.int64), np.empty((0, len(REGIONS)))
    cells = Cells(
        keys,
        no_rows,
        np.full(len(keys), SAMPLES),
        rtt_ms,
        np.full(rtt_ms.shape, ERROR_MS),
        rtt_ms.argsort(axis=1, kind="stable"),
    )
    groups = Groups(no_rows, no_rows, np.empty(0), no_columns, no_columns)
    regions = tuple(range(1, len(REGIONS) + 1))
    return encoded(MapMessage(1, 0, MADE_S, model.base_ms, model.slope_ms_per_km, 0.25, regions, groups, cells))


def best_regions(city: Path) -> dict[str, str]:
    """The first region of each client in the map, by the client's /24."""
    keys, rtt_ms = _round_trips(city)
    names = [region.name for region in REGIONS]
    firsts = rtt_ms.argmin(axis=1).tolist()
    return {str(IPv4Address(key << 8)): names[first] for key, first in zip(keys.tolist(), firsts, strict=True)}


@cache
def _round_trips(city: Path) -> tuple[Indices, Floats]:
    """Clients by their first 24 bits, rising, and what it takes from each to every region in ms."""
    model, noise = Model(), np.random.default_rng(SEED)
    clients = np.array(sorted(_clients(city)))
    latitudes, longitudes = clients[:, 1, None], clients[:, 2, None]
    regions = np.array([(region.latitude, region.longitude) for region in REGIONS]).T
    km = great_circle_km(latitudes, longitudes, regions[0], regions[1])
    rtt_ms = (model.base_ms + model.slope_ms_per_km * km) * noise.lognormal(0.0, NOISE, km.shape)
    return clients[:, 0].astype(np.int64), rtt_ms


def _clients(city: Path) -> Iterator[tuple[int, float, float]]:
    """Some networks that the database places, as a number, and where they are."""
    numbers = random.Random(SEED).sample(range(1 << 24), DRAWN)
    with maxminddb.open_database(city) as database:
        for number in numbers:
            record = cast("dict[str, Any] | None", database.get(str(IPv4Address(number << 8))))
            if record and "location" in record:
                yield number, record["location"]["latitude"], record["location"]["longitude"]

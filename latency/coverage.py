"""What estimates rest on, by country of the client and region: its own measurements, or what stands in for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.estimator import Evidence
from latency.intake import country_name
from latency.source import Source


class Pair(NamedTuple):
    country: str  # empty: unknown
    region_id: int


@dataclass(frozen=True, slots=True)
class Covered:
    """Clients of a country that are known, by what their estimate towards a region is carried by."""

    clients: int
    served: int  # of these: the region is the first in their order
    own: int  # they measured the region themselves
    network: int  # others of their network did
    country: int  # others of their country did
    samples: float  # own measurements that are remembered

    @property
    def other(self) -> int:
        """Whose estimate rests on what all clients have in common, or on distance alone."""
        return self.clients - self.own - self.network - self.country


def coverage(countries: Indices, served: Indices, evidence: Evidence, region_ids: Indices) -> dict[Pair, Covered]:
    """Of C clients: country codes (C,), the columns they are served by (C,), and evidence (C, R) by column."""
    codes, rows = np.unique(countries, return_inverse=True)
    columns = np.arange(len(region_ids))
    sources = {each: evidence.source == each for each in (Source.CELL, Source.NETWORK, Source.COUNTRY)}
    flags = [np.ones_like(sources[Source.CELL]), served[:, None] == columns, *sources.values()]
    counts = np.stack([_by_country(flag, rows, len(codes)) for flag in flags])
    samples = _by_country(np.where(sources[Source.CELL], evidence.samples, 0.0), rows, len(codes))
    return {
        Pair(country_name(code), region_id): _covered(counts[:, row, column], float(samples[row, column]))
        for row, code in enumerate(codes.tolist())
        for column, region_id in enumerate(region_ids.tolist())
    }


def _covered(counts: Floats, samples: float) -> Covered:
    clients, served, own, network, country = counts.astype(np.int64).tolist()
    return Covered(clients, served, own, network, country, samples)


def _by_country(values: Floats | Flags, rows: Indices, countries: int) -> Floats:
    """Sums (countries, R) of values (C, R)."""
    sums = np.zeros((countries, values.shape[1]))
    np.add.at(sums, rows, values)
    return sums

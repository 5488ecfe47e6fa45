"""What one turn of learning takes in. Turns after a state make the state of now: nothing else goes into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from latency.arrays import Flags, Floats, Indices
from latency.blobs import packed, unpacked
from latency.capacity.moves import Moves
from latency.rows import Columns, named, part_of
from telemetry.rum.sketch import LOG_UNITS

NONE = 0  # an AS number or country code that is not known


@dataclass(frozen=True, slots=True)
class Places(Columns):
    """Where regions are: ids rising, and degrees."""

    ids: Indices
    latitudes: Floats
    longitudes: Floats

    def same_as(self, other: Places) -> bool:
        """Whether the same regions are at the same places."""
        pairs = zip(self.state().values(), other.state().values(), strict=True)
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


class Location(NamedTuple):
    """What is known of where a client is; None: nothing."""

    asn: int | None
    country: str | None
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Newcomers(Columns):
    """Clients that were not there before: `keys` (latency.keys) rising; places NaN, and others NONE, if unknown."""

    keys: Indices
    asns: Indices
    countries: Indices  # 256 · first letter + second
    latitudes: Floats
    longitudes: Floats

    @classmethod
    def at(cls, keys: Sequence[int], locations: Sequence[Location]) -> Self:
        """Clients and where each of them is."""
        asns = [location.asn or NONE for location in locations]
        countries = [country_code(location.country) for location in locations]
        latitudes, longitudes = (
            np.array([location[axis] for location in locations], dtype=np.float64) for axis in (2, 3)
        )
        return cls(_whole(keys), _whole(asns), _whole(countries), latitudes, longitudes)


@dataclass(frozen=True, slots=True)
class Increments(Columns):
    """By how much windows of measurements have grown, by client, endpoint and window rising."""

    windows_s: Indices
    keys: Indices
    endpoint_ids: Indices
    region_ids: Indices  # of the endpoints
    counts: Indices
    log_sums: Indices  # as in telemetry.rum.sketch

    @classmethod
    def from_rows(cls, rows: ArrayLike) -> Self:
        """Rows of what the columns are, (N, 6), in whatever order; those of one window, client and endpoint add up."""
        columns = np.asarray(rows, dtype=np.int64).reshape(-1, 6).T
        windows_s, keys, endpoint_ids = columns[:3]
        columns = columns[:, np.lexsort((windows_s, endpoint_ids, keys))]
        is_first = np.append(True, (columns[:3, 1:] != columns[:3, :-1]).any(axis=0))[: columns.shape[1]]
        first = np.flatnonzero(is_first)
        sums = np.add.reduceat(columns[4:], first, axis=1) if len(first) else columns[4:]
        return cls(*columns[:4, first], *sums)

    def of_those(self, which: Flags) -> Self:
        """The increments that `which` (N,) says."""
        return type(self).of({name: column[which] for name, column in self.state().items()})

    def rtt_ms(self) -> Floats:
        """The mean of what was added (geometric)."""
        return np.asarray(np.exp(self.log_sums / self.counts / LOG_UNITS))


@dataclass(frozen=True, slots=True)
class Intake:
    """A turn: at `t_s`, with these regions. `full`: everything is looked at anew, not only what was measured."""

    t_s: float
    full: bool
    places: Places
    newcomers: Newcomers
    increments: Increments
    moves: Moves = field(default_factory=Moves.none)  # the capacity plan in force

    def to_bytes(self) -> bytes:
        """Compact, to be kept."""
        turn = {"t_s": np.array(self.t_s), "full": np.array(self.full)}
        for name in ("places", "newcomers", "increments", "moves"):
            turn |= named(getattr(self, name).state(), name)
        return packed(turn)

    @classmethod
    def from_bytes(cls, blob: bytes) -> Self:
        """What to_bytes() said."""
        arrays = unpacked(blob)
        moves = part_of(arrays, "moves")  # turns of before there were plans have none
        return cls(
            float(arrays["t_s"]),
            bool(arrays["full"]),
            Places.of(part_of(arrays, "places")),
            Newcomers.of(part_of(arrays, "newcomers")),
            Increments.of(part_of(arrays, "increments")),
            Moves.of(moves) if moves else Moves.none(),
        )


def country_code(country: str | None) -> int:
    """A country as a number: 256 · first letter + second."""
    return 256 * ord(country[0]) + ord(country[1]) if country and len(country) == 2 else NONE


def country_name(code: int) -> str:
    """What country_code() was given; empty: unknown."""
    return "" if code == NONE else chr(code >> 8) + chr(code & 0xFF)


def _whole(numbers: Sequence[int]) -> Indices:
    return np.array(numbers, dtype=np.int64)

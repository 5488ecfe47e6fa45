"""The latency map as it travels to edges: docs/snapshot-format.md has the format.

learned ─► MapMessage ─► encoded() ─► octets ─► edges (responder/core)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Floats, Indices

MAGIC = b"TML1"
HEAD = struct.Struct(">4sQQQfff")
COUNT = struct.Struct(">I")
MOST_REGIONS = 255
MOST_SAMPLES, MOST_GROUP_SAMPLES = 0xFF, 0xFFFF
ROUND_TRIP_UNITS = 64  # of a millisecond
MANTISSA = 256
MOST_ROUND_TRIP = 0xFFF  # 131 s
GROUP_UNITS = 8  # of a millisecond
LEAST_ERROR_MS = 0.5
MOST_ERROR = 15
ROWS_AT_ONCE = 65_536

Octets = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Groups:
    """G groups, by kind and key rising."""

    kinds: Indices  # (G,) of `GroupKind`
    keys: Indices  # (G,)
    samples: Floats  # (G,)
    rtt_ms: Floats  # (G, R): what each adds, or for the placeless the round trip itself
    error_ms: Floats  # (G, R)


@dataclass(frozen=True, slots=True)
class Cells:
    """C client prefixes: first the IPv4 ones, then the IPv6 ones, each by key rising."""

    ipv4: Indices  # first 24 bits
    ipv6: Indices  # first 48 bits
    samples: Floats  # (C,)
    rtt_ms: Floats  # (C, R)
    error_ms: Floats  # (C, R)
    order: Indices  # (C, R): columns, the one to serve first


@dataclass(frozen=True, slots=True)
class MapMessage:
    """A full map, or with a `base` what has changed since that one."""

    sequence: int
    base: int  # 0: a full map
    made_s: int
    distance_ms: float
    slope_ms_per_km: float
    caution: float
    regions: tuple[int, ...]  # ids, rising
    groups: Groups
    cells: Cells


def encoded(message: MapMessage) -> bytes:
    """As edges read it. Round trips and errors are rounded, and clipped to what can be written."""
    model = message.distance_ms, message.slope_ms_per_km, message.caution
    cells = message.cells
    rows = _rows(cells)
    return b"".join(
        [
            HEAD.pack(MAGIC, message.sequence, message.base, message.made_s, *model),
            bytes([len(message.regions)]),
            np.array(message.regions, dtype=">u4").tobytes(),
            _encoded_groups(message.groups),
            COUNT.pack(len(cells.ipv4)),
            cells.ipv4.astype(">u4").tobytes(),
            rows[: len(cells.ipv4)].tobytes(),
            COUNT.pack(len(cells.ipv6)),
            cells.ipv6.astype(">u8").tobytes(),
            rows[len(cells.ipv4) :].tobytes(),
        ]
    )


def round_trip_codes(rtt_ms: Floats) -> NDArray[np.uint16]:
    """Small floats: four bits of exponent, eight of mantissa, the nearest one."""
    units = np.maximum(rtt_ms, 0.0) * ROUND_TRIP_UNITS
    exponents = np.maximum(np.frexp(units)[1] - 8, 0)  # 0 below 256 units
    mantissas = np.rint(np.ldexp(units, -np.maximum(exponents - 1, 0)))
    codes = mantissas + MANTISSA * np.maximum(exponents - 1, 0)  # one too many carries into the exponent
    return np.asarray(np.minimum(codes, MOST_ROUND_TRIP), dtype=np.uint16)


def error_codes(error_ms: Floats) -> NDArray[np.uint8]:
    """Twice the octaves above LEAST_ERROR_MS, the nearest ones."""
    octaves = np.log2(np.maximum(error_ms, LEAST_ERROR_MS) / LEAST_ERROR_MS)
    return np.asarray(np.minimum(np.rint(2 * octaves), MOST_ERROR), dtype=np.uint8)


def order_bits(regions: int) -> int:
    """How many bits name a column."""
    return max((regions - 1).bit_length(), 1)


def _encoded_groups(groups: Groups) -> bytes:
    columns = groups.rtt_ms.shape[1]
    cell = np.dtype([("rtt", ">i2"), ("error", "u1")])
    written = np.zeros(
        len(groups.kinds), dtype=[("kind", "u1"), ("key", ">u4"), ("samples", ">u2"), ("cells", cell, (columns,))]
    )
    written["kind"], written["key"] = groups.kinds, groups.keys
    written["samples"] = np.minimum(np.rint(groups.samples), MOST_GROUP_SAMPLES)
    limits = np.iinfo(np.int16)
    written["cells"]["rtt"] = np.clip(np.rint(groups.rtt_ms * GROUP_UNITS), limits.min, limits.max)
    written["cells"]["error"] = error_codes(groups.error_ms)
    return COUNT.pack(len(written)) + written.tobytes()


def _rows(cells: Cells) -> Octets:
    """One row of octets a cell."""
    count, columns = cells.rtt_ms.shape
    rows = np.empty((count, 1 + 2 * columns + (columns * order_bits(columns) + 7) // 8), dtype=np.uint8)
    rows[:, 0] = np.minimum(np.rint(cells.samples), MOST_SAMPLES)
    for begin in range(0, count, ROWS_AT_ONCE):
        part = slice(begin, begin + ROWS_AT_ONCE)
        pairs = (round_trip_codes(cells.rtt_ms[part]) << 4) | error_codes(cells.error_ms[part])
        rows[part, 1 : 1 + 2 * columns] = pairs.astype(">u2").view(np.uint8).reshape(-1, 2 * columns)
        rows[part, 1 + 2 * columns :] = _packed_order(cells.order[part], order_bits(columns))
    return rows


def _packed_order(order: Indices, bits: int) -> Octets:
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint8)
    each = (order.astype(np.uint8)[:, :, None] >> shifts) & 1
    return np.packbits(each.reshape(len(order), order.shape[1] * bits), axis=1)

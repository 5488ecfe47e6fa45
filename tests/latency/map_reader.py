"""Reads a latency map as docs/snapshot-format.md has it, one number after the other: the reference for the encoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field


@dataclass
class Row:
    """What a map says of a client prefix or a group: `order` is of prefixes."""

    samples: int
    rtt_ms: list[float]
    error_ms: list[float]
    order: list[int] = field(default_factory=list)


@dataclass
class Map:
    sequence: int
    base: int
    made_s: int
    distance_ms: float
    slope_ms_per_km: float
    caution: float
    regions: list[int]
    groups: dict[tuple[int, int], Row]
    ipv4: dict[int, Row]
    ipv6: dict[int, Row]


class Octets:
    def __init__(self, octets: bytes) -> None:
        self.rest = octets

    def take(self, layout: str):
        size = struct.calcsize(">" + layout)
        taken, self.rest = struct.unpack(">" + layout, self.rest[:size]), self.rest[size:]
        return taken if len(taken) > 1 else taken[0]


def decoded(octets: bytes) -> Map:
    given = Octets(octets)
    assert given.take("4s") == b"TML1"
    sequence, base, made_s, distance_ms, slope, caution = given.take("QQQfff")
    regions = [given.take("I") for _ in range(given.take("B"))]
    count = len(regions)
    groups = dict(group(given, count) for _ in range(given.take("I")))
    tables = []
    for layout in ("I", "Q"):
        keys = [given.take(layout) for _ in range(given.take("I"))]
        assert keys == sorted(set(keys))
        tables.append({key: row(given, count) for key in keys})
    assert given.rest == b""
    assert list(groups) == sorted(groups)
    return Map(sequence, base, made_s, distance_ms, slope, caution, regions, groups, *tables)


def group(given: Octets, count: int) -> tuple[tuple[int, int], Row]:
    kind, key, samples = given.take("BIH")
    pairs = [given.take("hB") for _ in range(count)]
    return (kind, key), Row(samples, [rtt / 8 for rtt, _ in pairs], [error(code) for _, code in pairs])


def row(given: Octets, count: int) -> Row:
    samples = given.take("B")
    pairs = [given.take("H") for _ in range(count)]
    bits = max((count - 1).bit_length(), 1)
    length = (count * bits + 7) // 8
    text = "".join(f"{octet:08b}" for octet in (given.take("B") for _ in range(length)))
    order = [int(text[place * bits : (place + 1) * bits], 2) for place in range(count)]
    assert set(text[count * bits :]) <= {"0"}
    return Row(samples, [round_trip(pair >> 4) for pair in pairs], [error(pair & 15) for pair in pairs], order)


def round_trip(code: int) -> float:
    exponent, mantissa = code >> 8, code & 255
    return (mantissa if exponent == 0 else (256 + mantissa) * 2 ** (exponent - 1)) / 64


def error(code: int) -> float:
    return 0.5 * 2 ** (code / 2)

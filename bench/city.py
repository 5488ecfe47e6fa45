"""A database of the size of a city database, made up but always the same: real ones may not be handed on.

Every network that the shipped country database places in a country is cut into blocks of random length, each with a
city of that country: a name, a subdivision and coordinates around the country's own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import maxminddb
from mmdb_writer import SearchTreeLeaf, SearchTreeNode, TreeWriter

from responder import countries

COARSEST, FINEST = 14, 24
"""Lengths of the blocks."""
CUT_SHARE = 0.45
"""Of blocks between the two, so many are halved: it makes half a million of them."""
CITIES_PER_COUNTRY = 200
SPREAD_DEGREES = 8.0
IPV4_DEPTH = 96
EPOCH = 1_790_000_000
SEED = 11

#: address, prefix length, number of its city
Block = tuple[int, int, int]


def city_database(country: Path, file: Path) -> Path:
    """The database at `file`, made from `country` unless it is there already."""
    if not file.exists():
        print(f"making a city database, once: {file}", flush=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        print(f"{write_city_database(country, draft):,} networks", flush=True)
        draft.replace(file)
    return file


def write_city_database(country: Path, file: Path) -> int:
    """Write the database and say how many networks it has."""
    root = ipv4 = SearchTreeNode()
    for _ in range(IPV4_DEPTH):
        root = SearchTreeNode(root)
    leaves = {code: list(map(SearchTreeLeaf, cities)) for code, cities in _cities(random.Random(SEED)).items()}
    count = 0
    for code, block in _blocks(country, random.Random(SEED)):
        _insert(ipv4, block, leaves[code])
        count += 1
    TreeWriter(root, _metadata()).write(str(file))
    return count


def _insert(node: SearchTreeNode, block: Block, leaves: list[SearchTreeLeaf]) -> None:
    address, length, city = block
    for depth in range(length):
        side = "right" if address >> (31 - depth) & 1 else "left"
        if depth == length - 1:
            setattr(node, side, leaves[city])
            return
        child = getattr(node, side)
        if child is None:
            child = SearchTreeNode()
            setattr(node, side, child)
        node = child


def _metadata() -> dict[str, object]:
    return {
        "ip_version": 6,
        "database_type": "Bench-City",
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "description": {"en": "Made up for benchmarks"},
        "build_epoch": EPOCH,
    }


def _cities(chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    """Records of the cities of each country."""
    return {
        code: [_city(code, continent, number, (latitude, longitude), chance) for number in range(CITIES_PER_COUNTRY)]
        for code, continent, _name, latitude, longitude in countries()
    }


def _city(code: str, continent: str, number: int, middle: tuple[float, float], chance: random.Random) -> dict[str, Any]:
    latitude, longitude = middle
    return {
        "continent": {"code": continent},
        "country": {"iso_code": code},
        "subdivisions": [{"iso_code": f"{number % 20:02}"}],
        "city": {"names": {"en": f"{code} {number}"}},
        "location": {
            "latitude": round(max(-89.0, min(89.0, latitude + chance.uniform(-1, 1) * SPREAD_DEGREES)), 4),
            "longitude": round((longitude + chance.uniform(-1, 1) * SPREAD_DEGREES + 180) % 360 - 180, 4),
        },
    }


def _blocks(country: Path, chance: random.Random) -> Iterator[tuple[str, Block]]:
    with maxminddb.open_database(country) as database:
        for network, found in database:
            record = cast("dict[str, dict[str, str]]", found)
            if network.version == 4 and network.prefixlen <= FINEST and "country" in record:
                for address, length in _cut(int(network.network_address), network.prefixlen, chance):
                    yield record["country"]["iso_code"], (address, length, chance.randrange(CITIES_PER_COUNTRY))


def _cut(address: int, length: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Halves until a block is small enough, which is up to chance."""
    if length == FINEST or (length >= COARSEST and chance.random() >= CUT_SHARE):
        yield address, length
        return
    yield from _cut(address, length + 1, chance)
    yield from _cut(address | 1 << (31 - length), length + 1, chance)

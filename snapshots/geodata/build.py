"""Builds the country database from the text files of Debian's package tor-geoipdb.

    geoip   first,last,CC  ─► ranges ─► merged ─┐
    geoip6  first,last,CC  ─► ranges ─► merged ─┴► tree with shared subtrees ─► country.mmdb

The records are those of a GeoLite2 Country file: `{"continent": {"code": "EU"}, "country": {"iso_code": "DE"}}`.
The same input gives the same bytes: the file carries the date of its source, not that of the build.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from mmdb_writer import SearchTreeLeaf, SearchTreeNode, TreeWriter

# The source says UK where ISO 3166-1 says GB.
RENAMED = {"UK": "GB"}
# Codes that the registries give to space without a country.
CONTINENT_ONLY = {"AP": "AS", "EU": "EU"}
UNKNOWN = "??"

Tree = SearchTreeNode | SearchTreeLeaf | None


class SourceError(ValueError):
    """A source file that is not what it should be. The message names file and line."""


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses from `first` to `last`, both included, as integers, all of one code."""

    first: int
    last: int
    code: str


@dataclass(slots=True)
class Summary:
    """What a build read and wrote."""

    generated: datetime
    ranges: int
    size: int
    unplaced: Counter[str] = field(default_factory=Counter)


def build(ipv4: Path, ipv6: Path, continents: Mapping[str, str], output: Path) -> Summary:
    """Write the country database.

    `continents` maps each ISO 3166-1 alpha-2 code to its continent; ranges of other codes are left out and counted.
    Raises SourceError for a file that cannot be read as tor-geoipdb's.
    """
    tree = CountryTree(continents)
    ranges = list(merged(tree.placed(read(ipv4, IPv4Address))))
    ranges += merged(tree.placed(read(ipv6, IPv6Address)))
    generated = min(generation_date(ipv4), generation_date(ipv6))
    TreeWriter(tree.root(sorted(ranges, key=lambda range_: range_.first)), metadata(generated)).write(str(output))
    return Summary(generated, len(ranges), output.stat().st_size, tree.unplaced)


def read(path: Path, address: type[IPv4Address | IPv6Address]) -> Iterator[Range]:
    """The ranges of a source file, which must rise and not overlap."""
    last = -1
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        try:
            range_ = _parse(line, address)
        except ValueError as error:
            raise SourceError(f"{path}, line {number}: expected first,last,CC: {error}") from error
        if not last < range_.first <= range_.last:
            raise SourceError(f"{path}, line {number}: ranges must rise and not overlap")
        last = range_.last
        yield range_


def _parse(line: str, address: type[IPv4Address | IPv6Address]) -> Range:
    first_text, last_text, code = line.split(",")
    # IPv4 addresses are written as integers; in the tree they live in ::/96, and so keep their number.
    first, last = (address(int(text) if address is IPv4Address else text) for text in (first_text, last_text))
    return Range(int(first), int(last), RENAMED.get(code, code))


def generation_date(path: Path) -> datetime:
    """When the source was exported, from its header."""
    with path.open(encoding="ascii") as lines:
        for line in lines:
            label, _, date = line.removeprefix("#").strip().partition(":")
            if label == "Generated":
                return parsedate_to_datetime(date.strip())
            if not line.startswith("#"):
                break
    raise SourceError(f"{path}: no line '# Generated: …' in its header")


def merged(ranges: Iterable[Range]) -> Iterator[Range]:
    """The same with neighbours of one code joined."""
    current: Range | None = None
    for range_ in ranges:
        if current and current.code == range_.code and current.last + 1 == range_.first:
            current = Range(current.first, range_.last, range_.code)
            continue
        if current:
            yield current
        current = range_
    if current:
        yield current


def metadata(generated: datetime) -> dict[str, object]:
    """What the file says of itself."""
    return {
        "ip_version": 6,
        "database_type": "IPFire-Location-Country",
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "description": {"en": "IPFire Location, countries. CC BY-SA 4.0, https://location.ipfire.org/"},
        "build_epoch": int(generated.timestamp()),
    }


class CountryTree:
    """A search tree in which equal subtrees are one: readers only walk down, and it has two nodes where it had five."""

    def __init__(self, continents: Mapping[str, str]) -> None:
        self.unplaced: Counter[str] = Counter()
        self._continents = continents
        self._leaves: dict[str, SearchTreeLeaf] = {}
        self._nodes: dict[tuple[int, int], SearchTreeNode] = {}

    def placed(self, ranges: Iterable[Range]) -> Iterator[Range]:
        """The ranges whose code has a record; the others are counted."""
        for range_ in ranges:
            if range_.code in self._continents or range_.code in CONTINENT_ONLY:
                yield range_
            elif range_.code != UNKNOWN:
                self.unplaced[range_.code] += 1

    def root(self, ranges: list[Range]) -> SearchTreeNode:
        """The tree of all 128-bit addresses over sorted ranges."""
        tree = self._subtree(ranges, 0, len(ranges), 0, 128)
        return tree if isinstance(tree, SearchTreeNode) else SearchTreeNode(tree, tree)

    def _subtree(self, ranges: list[Range], start: int, end: int, first: int, bits: int) -> Tree:
        """The tree of `2 ** bits` addresses from `first` on, to which `ranges[start:end]` have a part."""
        if start == end:
            return None
        if end - start == 1 and ranges[start].first <= first and first + (1 << bits) - 1 <= ranges[start].last:
            return self._leaf(ranges[start].code)
        half = first + (1 << (bits - 1))
        left_end = _count_before(ranges, start, end, half)
        right_start = left_end - 1 if left_end > start and ranges[left_end - 1].last >= half else left_end
        left = self._subtree(ranges, start, left_end, first, bits - 1)
        right = self._subtree(ranges, right_start, end, half, bits - 1)
        return self._nodes.setdefault((id(left), id(right)), SearchTreeNode(left, right))

    def _leaf(self, code: str) -> SearchTreeLeaf:
        if code not in self._leaves:
            self._leaves[code] = SearchTreeLeaf(self._record(code))
        return self._leaves[code]

    def _record(self, code: str) -> dict[str, dict[str, str]]:
        if code in self._continents:
            return {"continent": {"code": self._continents[code]}, "country": {"iso_code": code}}
        return {"continent": {"code": CONTINENT_ONLY[code]}}


def _count_before(ranges: list[Range], start: int, end: int, address: int) -> int:
    """Where the ranges that start at `address` or behind it begin."""
    while start < end:
        middle = (start + end) // 2
        if ranges[middle].first < address:
            start = middle + 1
        else:
            end = middle
    return start

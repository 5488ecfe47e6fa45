"""Zones as master files (RFC 1035 section 5), which all peers read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.dataset import TTL_S, Dataset, Zone


def write_zones(dataset: Dataset, directory: Path, steered_lines: Sequence[str] = ()) -> dict[str, Path]:
    """One file per zone, by origin; the first zone also gets `steered_lines`."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {}
    for number, zone in enumerate(dataset.zones):
        file = directory / zone.origin.rstrip(".")
        file.write_text(zone_text(zone, () if number else steered_lines))
        files[zone.origin] = file
    return files


def zone_text(zone: Zone, steered_lines: Iterable[str] = ()) -> str:
    head = [
        f"$TTL {TTL_S}",
        f"$ORIGIN {zone.origin}",
        f"@ SOA ns host {zone.serial} 3600 600 86400 60",
        "@ NS ns",
        "ns A 198.51.100.53",
    ]
    records = (f"{label} A {address}" for label, address in zone.addresses())
    return "\n".join([*head, *records, *steered_lines, ""])

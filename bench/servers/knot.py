"""Knot DNS, with mod-geoip for steered names.

The module chooses by location or by weight, not by both: here by location, so that it does less than the others.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from bench.dataset import CONTINENTS, DEFAULT_REGION, STEERED_TTL_S, Dataset, SteeredName
from bench.masterfile import write_zones
from bench.servers.server import ADDRESS, Change, Server, program, run

CONFIGURATION = """\
server:
  rundir: "{directory}"
  listen: {address}@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  edns-client-subnet: on
log:
- target: stderr
  any: error
database:
  storage: "{directory}"
control:
  listen: "{directory}/control"
{geo}template:
- id: default
  zonefile-sync: -1
  journal-content: none
zone:
"""
GEO = """\
mod-geoip:
- id: geo
  config-file: "{directory}/geo.conf"
  ttl: {ttl}
  mode: geodb
  geodb-file: "{file}"
  geodb-key: [continent/code, country/iso_code]
"""


class Knot(Server):
    name: ClassVar[str] = "knot"
    programs: ClassVar[tuple[str, ...]] = ("knotd",)

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        geo, module = "", ""
        if dataset.geo:
            geo = GEO.format(directory=directory, ttl=STEERED_TTL_S, file=dataset.geo.resolve())
            module = "  module: mod-geoip/geo\n"
            (directory / "geo.conf").write_text("".join(_geo_lines(dataset)))
        fallback = [f"{name.label} A {name.address_in(DEFAULT_REGION)}" for name in dataset.steered]
        zones = write_zones(dataset, directory / "zones", fallback)
        parts = [CONFIGURATION.format(address=ADDRESS, port=port, directory=directory, geo=geo)]
        parts += (f'- domain: {origin}\n  file: "{file}"\n{module}' for origin, file in zones.items())
        (directory / "knot.conf").write_text("".join(parts))

    def command(self, directory: Path, port: int) -> list[str]:
        return [program("knotd"), "-c", str(directory / "knot.conf")]

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        action = "zone-reload" if change is Change.RECORD else "reload"
        run("knotc", "-s", directory / "control", action)


class KnotGeoip(Knot):
    name: ClassVar[str] = "knot-geoip"
    files: ClassVar[tuple[str, ...]] = ("/usr/lib/x86_64-linux-gnu/knot/modules-3.2/geoip.so",)
    steers: ClassVar[bool] = True
    only_steers: ClassVar[bool] = True


def _geo_lines(dataset: Dataset) -> Iterator[str]:
    origin = dataset.zones[0].origin
    for name in dataset.steered:
        yield f"{name.label}.{origin}:\n"
        yield from _rules(name, dataset)


def _rules(name: SteeredName, dataset: Dataset) -> Iterator[str]:
    for place, region in dataset.rules.items():
        kind, _, code = place.partition(":")
        key = f"{code};*" if kind == "continent" else f"{CONTINENTS[code]};{code}"
        yield f'- geo: "{key}"\n  A: {name.address_in(region)}\n'

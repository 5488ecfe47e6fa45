"""gdnsd: plugin geoip chooses the region, plugin weighted the endpoint in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from bench.dataset import CONTINENTS, DEFAULT_REGION, REGIONS, STEERED_TTL_S, Dataset, SteeredName
from bench.masterfile import write_zones
from bench.servers.server import ADDRESS, Change, Server, program, run

CONFIGURATION = """\
options => {{
  listen => {address}:{port}
  udp_threads => 1
  tcp_threads => 1
  run_dir => "{directory}/run"
  state_dir => "{directory}/state"
}}
"""


class Gdnsd(Server):
    name: ClassVar[str] = "gdnsd"
    programs: ClassVar[tuple[str, ...]] = ("gdnsd",)
    steers: ClassVar[bool] = True
    knows_distance: ClassVar[bool] = True

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        for part in ("run", "state", "geoip"):
            (directory / part).mkdir(exist_ok=True)
        steered = [f"{name.label} {STEERED_TTL_S} DYNA geoip!{name.label}" for name in dataset.steered]
        write_zones(dataset, directory / "zones", steered)
        options = CONFIGURATION.format(address=ADDRESS, port=port, directory=directory)
        (directory / "config").write_text(options + "".join(_plugins(dataset)))

    def command(self, directory: Path, port: int) -> list[str]:
        return [program("gdnsd"), "-c", str(directory), "start"]

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        run("gdnsdctl", "-c", directory, "reload-zones" if change is Change.RECORD else "replace")


def _plugins(dataset: Dataset) -> Iterator[str]:
    if dataset.geo is None:
        return
    yield "plugins => {\n geoip => {\n  maps => {\n   clients => {\n"
    yield f'    geoip2_db => "{dataset.geo.resolve()}"\n'
    yield from _distances() if dataset.by_distance else _map(dataset.rules)
    yield "   }\n  }\n  resources => {\n"
    for name in dataset.steered:
        regions = " ".join(f"{region.name} => %weighted!{name.label}-{region.name}" for region in REGIONS)
        yield f"   {name.label} => {{ map => clients dcmap => {{ {regions} }} }}\n"
    yield "  }\n }\n weighted => {\n"
    for name in dataset.steered:
        yield from _weights(name)
    yield " }\n}\n"


def _map(rules: dict[str, str]) -> Iterator[str]:
    """Countries stand within their continent."""
    others = [region.name for region in REGIONS if region.name != DEFAULT_REGION]
    yield f"    datacenters => [ {DEFAULT_REGION} {' '.join(others)} ]\n    map => {{\n"
    places = [(*place.split(":"), region) for place, region in rules.items()]
    for _, continent, region in (place for place in places if place[0] == "continent"):
        countries = " ".join(
            f"{code} => [ {within} ]"
            for kind, code, within in places
            if kind == "country" and CONTINENTS[code] == continent
        )
        yield f"     {continent} => {{ default => [ {region} ] {countries} }}\n"
    yield "    }\n"


def _distances() -> Iterator[str]:
    coordinates = " ".join(f"{region.name} => [ {region.latitude} {region.longitude} ]" for region in REGIONS)
    names = " ".join(region.name for region in REGIONS)
    yield f"    datacenters => [ {names} ]\n    auto_dc_coords => {{ {coordinates} }}\n"


def _weights(name: SteeredName) -> Iterator[str]:
    for region in REGIONS:
        endpoints = enumerate(name.in_region(region.name))
        items = " ".join(f"e{number} => [ {endpoint.address} {endpoint.weight} ]" for number, endpoint in endpoints)
        yield f"  {name.label}-{region.name} => {{ {items} }}\n"

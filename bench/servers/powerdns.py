"""PowerDNS with its back ends bind, geoip, and Lua records over bind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import ClassVar

from bench.dataset import CONTINENTS, DEFAULT_REGION, REGIONS, STEERED_TTL_S, TTL_S, Dataset, SteeredName
from bench.masterfile import write_zones
from bench.servers.server import ADDRESS, Change, Server, program, run

CONFIGURATION = """\
local-address={address}
local-port={port}
socket-dir={directory}
receiver-threads=1
distributor-threads=1
loglevel=3
security-poll-suffix=
version-string=anonymous
edns-subnet-processing=yes
expand-alias=no
zone-cache-refresh-interval=0
"""
MODULES = "/usr/lib/x86_64-linux-gnu/pdns"


class PowerDns(Server):
    name: ClassVar[str] = "pdns-bind"
    programs: ClassVar[tuple[str, ...]] = ("pdns_server",)
    files: ClassVar[tuple[str, ...]] = (f"{MODULES}/libbindbackend.so",)

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        self._write(dataset, directory, port, ["launch=bind"], [])

    def command(self, directory: Path, port: int) -> list[str]:
        return [program("pdns_server"), f"--config-dir={directory}", "--guardian=no", "--daemon=no"]

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        """Its cache keeps answers for 20 seconds unless it is told otherwise."""
        zone = min((directory / "zones").iterdir()).name
        for action in (["bind-reload-now", zone], ["purge"]):
            run("pdns_control", f"--socket-dir={directory}", *action)

    def _write(self, dataset: Dataset, directory: Path, port: int, settings: list[str], steered: list[str]) -> None:
        zones = write_zones(dataset, directory / "zones", steered)
        parts = (f'zone "{origin.rstrip(".")}" {{ type master; file "{file}"; }};\n' for origin, file in zones.items())
        (directory / "named.conf").write_text("".join(parts))
        common = CONFIGURATION.format(address=ADDRESS, port=port, directory=directory)
        lines = [*settings, f"bind-config={directory}/named.conf", ""]
        (directory / "pdns.conf").write_text(common + "\n".join(lines))


class PowerDnsLua(PowerDns):
    """Places are tested one after the other. The back end's distance is that of addresses, which here are nowhere."""

    name: ClassVar[str] = "pdns-lua"
    files: ClassVar[tuple[str, ...]] = (f"{MODULES}/libbindbackend.so", f"{MODULES}/libgeoipbackend.so")
    steers: ClassVar[bool] = True
    only_steers: ClassVar[bool] = True

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        (directory / "geo.yaml").write_text("domains: []\n")
        settings = ["launch=bind,geoip", "enable-lua-records=yes", *_geo_settings(dataset, directory)]
        self._write(dataset, directory, port, settings, [_lua_record(name, dataset) for name in dataset.steered])


class PowerDnsGeoip(PowerDns):
    """Chooses by country and continent, also where the others go by distance."""

    name: ClassVar[str] = "pdns-geoip"
    files: ClassVar[tuple[str, ...]] = (f"{MODULES}/libgeoipbackend.so",)
    steers: ClassVar[bool] = True
    only_steers: ClassVar[bool] = True

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        (directory / "geo.yaml").write_text("".join(_yaml(dataset)))
        common = CONFIGURATION.format(address=ADDRESS, port=port, directory=directory)
        lines = ["launch=geoip", *_geo_settings(dataset, directory), ""]
        (directory / "pdns.conf").write_text(common + "\n".join(lines))

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        for action in ("reload", "purge"):
            run("pdns_control", f"--socket-dir={directory}", action)


def _geo_settings(dataset: Dataset, directory: Path) -> list[str]:
    file = dataset.geo.resolve() if dataset.geo else ""
    return [f"geoip-database-files=mmdb:{file}", f"geoip-zones-file={directory}/geo.yaml"]


def _lua_record(name: SteeredName, dataset: Dataset) -> str:
    branches = [
        f"if {_test(place)} then return {_draw(name, region)} end" for place, region in _countries_first(dataset)
    ]
    script = "; " + " ".join([*branches, f"return {_draw(name, DEFAULT_REGION)}"])
    texts = " ".join(f'"{text}"' for text in wrap(script, 200, break_long_words=False, break_on_hyphens=False))
    return f"{name.label} {STEERED_TTL_S} LUA A {texts}"


def _countries_first(dataset: Dataset) -> list[tuple[str, str]]:
    return sorted(dataset.rules.items(), key=lambda rule: not rule[0].startswith("country"))


def _test(place: str) -> str:
    kind, _, code = place.partition(":")
    return f"{kind}('{code}')"


def _draw(name: SteeredName, region: str) -> str:
    choices = ",".join(f"{{{endpoint.weight},'{endpoint.address}'}}" for endpoint in name.in_region(region))
    return f"pickwrandom({{{choices}}})"


def _yaml(dataset: Dataset) -> Iterator[str]:
    zone = dataset.zones[0]
    origin = zone.origin.rstrip(".")
    yield f"domains:\n- domain: {origin}\n  ttl: {STEERED_TTL_S}\n  records:\n    {origin}:\n"
    yield f"    - soa: ns.{origin} host.{origin} {zone.serial} 3600 600 86400 60\n    - ns: ns.{origin}\n"
    yield f"    ns.{origin}:\n    - a: {{content: 198.51.100.53, ttl: {TTL_S}}}\n"
    for label, address in zone.addresses():
        yield f"    {label}.{origin}:\n    - a: {{content: {address}, ttl: {TTL_S}}}\n"
    for name in dataset.steered:
        for region in REGIONS:
            yield f"    {region.name}.{name.label}.{origin}:\n"
            for endpoint in name.in_region(region.name):
                yield f"    - a: {{content: {endpoint.address}, weight: {endpoint.weight}}}\n"
    yield "  services:\n"
    for name in dataset.steered:
        places = ", ".join(f"'{place}.{name.label}.{origin}'" for place in ("%mp", DEFAULT_REGION))
        yield f"    {name.label}.{origin}: [{places}]\n"
    yield "  mapping_lookup_formats: ['%cn-%cc', '%cn']\n  custom_mapping:\n"
    for place, served_by in dataset.rules.items():
        code = place.partition(":")[2]
        key = f"{CONTINENTS[code]}-{code}" if code in CONTINENTS else code
        yield f"    {key.lower()}: {served_by}\n"

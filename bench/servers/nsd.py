"""NSD: static zones only."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import ClassVar

from bench.dataset import Dataset
from bench.masterfile import write_zones
from bench.servers.server import ADDRESS, Change, Server, program, run

CONFIGURATION = """\
server:
  ip-address: {address}@{port}
  server-count: 1
  do-ip6: no
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{directory}"
  pidfile: "{directory}/nsd.pid"
  xfrdfile: "{directory}/xfrd.state"
  zonelistfile: "{directory}/zone.list"
  xfrdir: "{directory}"
  verbosity: 0
remote-control:
  control-enable: yes
  control-interface: "{directory}/control"
"""


class Nsd(Server):
    name: ClassVar[str] = "nsd"
    programs: ClassVar[tuple[str, ...]] = ("nsd",)

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        zones = write_zones(dataset, directory / "zones")
        parts = [CONFIGURATION.format(address=ADDRESS, port=port, directory=directory)]
        parts += (f'zone:\n  name: "{origin}"\n  zonefile: "{file}"\n' for origin, file in zones.items())
        (directory / "nsd.conf").write_text("".join(parts))

    def command(self, directory: Path, port: int) -> list[str]:
        return [program("nsd"), "-d", "-c", str(directory / "nsd.conf")]

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        run("nsd-control", "-c", directory / "nsd.conf", "reload")

"""BIND: static zones only."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import ClassVar

from bench.dataset import Dataset
from bench.masterfile import write_zones
from bench.servers.server import ADDRESS, Change, Server, program

CONFIGURATION = """\
options {{
  directory "{directory}";
  listen-on port {port} {{ {address}; }};
  listen-on-v6 {{ none; }};
  pid-file "{directory}/named.pid";
  session-keyfile "{directory}/session.key";
  managed-keys-directory "{directory}";
  recursion no;
  dnssec-validation no;
  notify no;
  empty-zones-enable no;
}};
controls {{ }};
logging {{ category default {{ null; }}; }};
"""


class Bind(Server):
    name: ClassVar[str] = "bind"
    programs: ClassVar[tuple[str, ...]] = ("named",)

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        zones = write_zones(dataset, directory / "zones")
        parts = [CONFIGURATION.format(address=ADDRESS, port=port, directory=directory)]
        parts += (f'zone "{origin}" {{ type primary; file "{file}"; }};\n' for origin, file in zones.items())
        (directory / "named.conf").write_text("".join(parts))

    def command(self, directory: Path, port: int) -> list[str]:
        return [program("named"), "-f", "-n", "1", "-U", "1", "-c", str(directory / "named.conf")]

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        os.kill(process.pid, signal.SIGHUP)

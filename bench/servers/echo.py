"""The bare echo: what sockets cost any server, and the unit of the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from bench.dataset import Dataset
from bench.servers.server import ADDRESS, Server
from bench.tools import tool
from bench.workloads import Workload


class Echo(Server):
    name: ClassVar[str] = "echo"
    judge: ClassVar[str] = "echo"

    def supports(self, workload: Workload) -> bool:
        return True

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        """It knows nothing."""

    def command(self, directory: Path, port: int) -> list[str]:
        return [str(tool("udp-echo")), f"{ADDRESS}:{port}"]

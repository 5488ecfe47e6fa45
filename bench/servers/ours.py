"""This project's responder, as an edge runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from bench.dataset import Dataset
from bench.servers.server import ADDRESS, Change, Server
from bench.worlds import write_world


class Ours(Server):
    name: ClassVar[str] = "ours"
    steers: ClassVar[bool] = True
    knows_distance: ClassVar[bool] = True
    knows_latency: ClassVar[bool] = True

    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        write_world(dataset, directory / "home")

    def command(self, directory: Path, port: int) -> list[str]:
        return [sys.executable, "-m", "bench.serve", str(directory / "home"), f"{ADDRESS}:{port}"]

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        """As if the feed had announced a generation whose chunks have arrived."""
        if process.stdin is not None:
            process.stdin.write("look\n")
            process.stdin.flush()

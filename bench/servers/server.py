"""What the runner asks of every server."""

from __future__ import annotations

import shutil
import subprocess
from abc import ABC, abstractmethod
from enum import Enum
from pathlib import Path
from typing import ClassVar

from bench.dataset import Dataset
from bench.workloads import Workload


class Change(Enum):
    """What is written anew while a server runs."""

    RECORD = "record"
    RULE = "rule"


class Server(ABC):
    """One way of serving a data set. `directory` is the server's own and stays the same over its calls."""

    name: ClassVar[str]
    programs: ClassVar[tuple[str, ...]] = ()
    files: ClassVar[tuple[str, ...]] = ()
    """Modules that come in packages of their own."""
    steers: ClassVar[bool] = False
    only_steers: ClassVar[bool] = False
    """A way of configuring a server whose other workloads are measured under its plain name."""
    knows_distance: ClassVar[bool] = False
    """Otherwise it goes by country and continent where others go by distance."""
    knows_latency: ClassVar[bool] = False
    """Otherwise it goes by distance, or by country and continent, where others go by a latency map."""
    judge: ClassVar[str] = "dns"

    def missing(self) -> str | None:
        """The first thing that is not installed."""
        programs = (program for program in self.programs if shutil.which(program, path=SEARCH_PATH) is None)
        files = (file for file in self.files if not Path(file).exists())
        return next(programs, None) or next(files, None)

    def supports(self, workload: Workload) -> bool:
        return self.steers if workload.steers else not self.only_steers

    @abstractmethod
    def prepare(self, dataset: Dataset, directory: Path, port: int) -> None:
        """Write what the server reads at start."""

    @abstractmethod
    def command(self, directory: Path, port: int) -> list[str]:
        """Run in the foreground, listening on ADDRESS and `port`, with one thread that answers."""

    def reload(self, directory: Path, process: subprocess.Popen[str], change: Change) -> None:
        """Have the running server read what `prepare` has written anew: the first zone, or the rules."""
        raise NotImplementedError


ADDRESS = "127.0.0.1"
CONTROL_S = 60.0
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program(name: str) -> str:
    """Where a program is, even if the caller's PATH leaves the system's own directories out."""
    return shutil.which(name, path=SEARCH_PATH) or name


def run(*command: str | Path) -> None:
    """A control program of a server. Raises CalledProcessError and TimeoutExpired."""
    name, *arguments = map(str, command)
    subprocess.run([program(name), *arguments], check=True, capture_output=True, timeout=CONTROL_S)

"""Edges that start in milliseconds: forked from a process that has imported everything already."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

NURSERY = """
import os, sys
from pathlib import Path
import edge.agent
from edge.main import run
edge.agent.POLL_S = 0.2
for line in sys.stdin:
    feed, home = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        run([feed], "a-node-token", ["127.0.0.1:0"], Path(home))
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("GONE", file=sys.stderr, flush=True)
"""
GONE = "GONE\n"
DEADLINE_S = 20


class Nursery:
    """One edge at a time, until the end of the block. Its log is no file: the disk may be full."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lines: list[str] = []
        self._is_gone = threading.Event()
        self._parent = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()
        self.process = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.kill()
        self._parent.stdin.close()
        self._parent.wait()
        self._listening.join()
        self._parent.stdout.close()
        self._parent.stderr.close()

    def start(self, feed: str) -> None:
        self._lines.clear()
        self._is_gone.clear()
        self._parent.stdin.write(f"{feed}\t{self._home}\n")
        self._parent.stdin.flush()
        self.process = int(self._parent.stdout.readline())

    def kill(self) -> None:
        """Without any warning, and return when it is gone."""
        os.kill(self.process, signal.SIGKILL)
        assert self._is_gone.wait(DEADLINE_S)
        self.process = 0

    def _listen(self) -> None:
        for line in self._parent.stderr:
            if line == GONE:
                self._is_gone.set()
            else:
                self._lines.append(line)

    @property
    def log(self) -> str:
        return "".join(self._lines)

    @property
    def generations(self) -> list[int]:
        """Those that it has served, in their order."""
        return [int(number) for number in re.findall(r"serving generation (\d+)\n", self.log)]

    @property
    def address(self) -> str:
        """Where it answers; empty: it does not yet."""
        found = re.search(r"answering on (\S+)\n", self.log)
        return found[1] if found else ""

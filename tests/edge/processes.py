"""Edges as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import Self

START = """
import sys
from pathlib import Path
from edge.main import run
feed, listen, home, python, take_over = sys.argv[1:]
renew_by = [python, *sys.orig_argv[1:-1], "True"]
run([feed], "a-node-token", listen.split(","), Path(home), take_over=take_over == "True", renew_by=renew_by)
"""
DIE_BEFORE_SERVING = """
import asyncio, os, signal, sys
from pathlib import Path
from edge.handover import take_place
place, predecessor = asyncio.run(take_place(Path(sys.argv[1]), take_over=True))
assert predecessor.sockets
os.kill(os.getpid(), signal.SIGKILL)
"""
NO_FEED = "http://127.0.0.1:1"
DEADLINE_S = 20


class EdgeProcess:
    """Killed at the end of the block, if it still runs. `python` is what it renews itself by."""

    def __init__(
        self, home, *listen: str, feed: str = NO_FEED, take_over: bool = False, python: str = sys.executable
    ) -> None:
        arguments = [feed, ",".join(listen), str(home), python, str(take_over)]
        self.process = subprocess.Popen([sys.executable, "-c", START, *arguments], stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def says(self, text: str) -> None:
        """Wait until it logs that. Blocks."""
        seen = []
        for line in iter(self.process.stderr.readline, ""):
            seen.append(line)
            if text in line:
                return
        raise AssertionError(f"{text!r} is not in what it said: {''.join(seen)}")

    def ends(self) -> tuple[int, str]:
        """Exit status and the rest of the log. Blocks."""
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, errors

"""Load on a running edge, by the program `responder/server/examples/load.rs`."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Self

RESPONDER = Path(__file__).parents[2] / "responder"
BUILD = ["cargo", "build", "--quiet", "--package", "responder-server", "--example", "load", "--message-format", "json"]
DEADLINE_S = 30


@cache
def program() -> str:
    """Built if it is not yet: `cargo test` builds it too."""
    built = subprocess.run(BUILD, cwd=RESPONDER, stdout=subprocess.PIPE, check=True, text=True).stdout
    executables = (json.loads(line).get("executable") for line in built.splitlines())
    return next(executable for executable in executables if executable and executable.endswith("/load"))


class Load:
    """Runs within the block, on `address`, for the name whose addresses are numbered."""

    def __init__(
        self,
        address: str,
        name: str,
        *,
        udp_sockets: int,
        tcp_connections: int = 0,
        diallers: int = 0,
        patience_ms: int = 5000,
    ) -> None:
        numbers = [str(number) for number in (udp_sockets, tcp_connections, diallers, patience_ms)]
        command = [program(), address, name, *numbers]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> dict[str, Any]:
        """What it found. Blocks until every query is answered, or lost."""
        found, _ = self._process.communicate(timeout=DEADLINE_S)
        return json.loads(found)

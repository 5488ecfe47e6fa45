"""An edge node installs and starts without the control plane: no Django, no Celery, no psycopg."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys
for name in ("django", "celery", "psycopg", "redis", "granian"):
    sys.modules[name] = None  # an import of it fails as if it were not installed
from trafficmgr.cli import main
sys.argv = ["trafficmgr", *sys.argv[1:]]
main()
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT, *arguments]
    environment = {"TRAFFICMGR_HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_help_needs_no_control_plane():
    assert run("--help").returncode == 0


def test_the_edge_gets_as_far_as_its_missing_token():
    done = run("edge")

    assert (done.returncode, done.stderr.split(":")[1]) == (1, " TRAFFICMGR_NODE_TOKEN is not set")


def test_what_does_need_it_fails():
    assert "ModuleNotFoundError" in run("web").stderr

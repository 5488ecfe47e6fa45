"""The contracts on imports hold, and each of them can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"]
COMMAND = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]

LAYERS = "A folder imports only what stands below it, and never a sibling"
EDGE = "Edge, responder and bench run without the control plane"
EDGE_COMMAND = "The command line of an edge node runs without the control plane"


@pytest.fixture
def copy(tmp_path):
    """The Python sources and the contracts, in a directory of their own."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def broken_contracts(directory: Path) -> set[str]:
    """Names of the contracts that fail in `directory`."""
    done = subprocess.run(COMMAND, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    broken = set(re.findall(r"^(.+) BROKEN(?: \(\d+ ignored imports?\))?$", done.stdout, re.MULTILINE))
    assert bool(broken) == bool(done.returncode), done.stdout + done.stderr
    return broken


def test_the_contracts_hold():
    assert broken_contracts(ROOT) == set()


def test_every_package_stands_under_the_contracts():
    listed = (ROOT / ".importlinter").read_text().partition("include_external_packages")[0].split()

    assert set(PACKAGES) - set(listed) == set()


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("regions/planted.py", "import snapshots.models", LAYERS),
        ("common/planted.py", "from accounts import models", LAYERS),
        ("snapshots/planted.py", "def late():\n    import api.urls", LAYERS),
        ("healthchecks/planted.py", "import telemetry.models", LAYERS),
        ("latency/planted.py", "import steering.models", LAYERS),
        ("api/planted.py", "import dashboard.urls", LAYERS),
        ("edge/planted.py", "import django.conf", EDGE),
        ("edge/planted.py", "from celery import shared_task", EDGE),
        ("edge/planted.py", "import psycopg", EDGE),
        ("bench/planted.py", "import django.conf", EDGE),
        ("trafficmgr/client/planted.py", "import django.conf", EDGE_COMMAND),
    ],
)
def test_a_planted_violation_is_found(copy, module, line, contract):
    (copy / module).write_text(f"{line}\n")

    assert broken_contracts(copy) == {contract}

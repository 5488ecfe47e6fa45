"""A state directory short enough and open enough for embedded services, and gone after the test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="trafficmgr-runtime-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)

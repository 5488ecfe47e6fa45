"""The compiled parts: load generator and echo."""

from __future__ import annotations

import subprocess
from pathlib import Path

WORKSPACE = Path(__file__).parents[1] / "responder"


def tool(name: str) -> Path:
    return WORKSPACE / "target" / "release" / name


def build() -> None:
    """Raises CalledProcessError; cargo has said why."""
    manifest = WORKSPACE / "Cargo.toml"
    command = [
        "cargo",
        "--quiet",
        "build",
        "--release",
        "--manifest-path",
        str(manifest),
        "--package",
        "responder-bench",
    ]
    subprocess.run(command, check=True)

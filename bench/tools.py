"""The compiled parts: load generator and echo."""

from __future__ import annotations

import subprocess
from pathlib import Path

WORKSPACE = Path(__file__).parents[1] / "responder"


def tool(name: str) -> Path:
    return WORKSPACE / "target" / "release" / name


def build() -> None:
    """Raises CalledProcessError; cargo has said why."""
    manifest = str(WORKSPACE / "benches" / "Cargo.toml")
    command = ["cargo", "--quiet", "build", "--release", "--no-default-features", "--manifest-path", manifest]
    subprocess.run(command, check=True)

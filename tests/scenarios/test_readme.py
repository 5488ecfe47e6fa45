"""Every example of the README and the docs runs, against a system as `make up` starts it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.client import addresses, eventually

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(kind, text, id=f"{page.relative_to(ROOT)}:{page.read_text()[: match.start()].count(chr(10)) + 1}")
    for page in PAGES
    for match in BLOCK.finditer(page.read_text())
    for kind, text in [match.groups()]
]


@pytest.fixture(scope="module")
def shell(system):
    """Runs a script where `trafficmgr` is found and the README's default addresses are those of the system."""
    host, _, port = system.dns.rpartition(":")
    environment = system.environment | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TRAFFICMGR_URL": system.web,
        "TRAFFICMGR_TOKEN": system.token,
    }

    def run(script: str) -> str:
        script = script.replace("@127.0.0.1 -p 5300", f"@{host} -p {port}")
        command = ["bash", "-euc", script]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_does_what_the_page_says(shell, kind, text):
    if kind == "sh":
        shell(text)
        return
    for command, shown in _console(text):
        printed = shell(command)
        assert not shown or sorted(printed.split()) == sorted(shown.split()), command


def test_the_steered_name_of_the_readme_is_answered(system):
    eventually(lambda: addresses(system.dns, "shop.example.test."), ["192.0.2.10"].__eq__, what="the README's shop")


def _console(text: str) -> list[tuple[str, str]]:
    """Each command with what the page shows that it prints; nothing shown: whatever it prints."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]

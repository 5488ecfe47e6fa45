"""One installation for all faults: each test mends what it broke."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import dns.exception
import pytest

from bench.namespaces import NotPermittedError
from tests.faults.installation import Edge, Installation
from tests.faults.network import own_network
from tests.faults.services import Postgres, Valkey, started
from tests.running_system import temporary_home
from tests.scenarios.client import addresses, call, eventually
from trafficmgr.demo.origins import fail, recover

OUTAGE_S = float(os.environ.get("FAULT_SECONDS", "6"))
"""How long something is away: longer than it takes to call an endpoint down. Minutes, where there is time for them."""


@pytest.fixture(scope="package")
def network() -> Iterator[str | None]:
    """None: a network to itself, in which parts can be cut off. Else why not."""
    with ExitStack() as stack:
        refusal = None
        try:
            stack.enter_context(own_network())
        except NotPermittedError as error:
            refusal = str(error)
        yield refusal


@pytest.fixture(scope="package")
def package_home() -> Iterator[Path]:
    with temporary_home() as path:
        yield path


@pytest.fixture(scope="package")
def valkey(network: str | None, package_home: Path) -> Valkey:
    return Valkey(package_home)


@pytest.fixture(scope="package")
def installation(network: str | None, package_home: Path, valkey: Valkey) -> Iterator[Installation]:
    postgres = Postgres(package_home / "postgres")
    with started(postgres, valkey):
        installation = Installation(package_home, postgres, valkey.url, separable=network is None)
        with installation.running():
            yield installation


@pytest.fixture(scope="package")
def edge(installation: Installation) -> Iterator[Edge]:
    with installation.edge("far") as edge:
        eventually(lambda: serves(edge), bool, what="the edge answers")
        yield edge


@pytest.fixture
def separated(network: str | None) -> None:
    """Skips where nothing can be cut off."""
    if network is not None:
        pytest.skip(f"parts cannot be cut off here: {network}")


@pytest.fixture
def down(installation: Installation) -> Iterator[Callable[[str], None]]:
    """Takes demo endpoints down for one test and waits until all are served again."""
    failed: list[str] = []

    def take_down(name: str) -> None:
        failed.append(name)
        fail(installation.home, name)

    yield take_down
    for name in failed:
        recover(installation.home, name)
    eventually(installation.down, lambda names: not names, what="endpoints recover")


def serves(edge: Edge) -> bool:
    try:
        return bool(addresses(edge.dns, "api.demo.test."))
    except (OSError, dns.exception.Timeout):
        return False


def put_address(installation: Installation, label: str, address: str) -> None:
    """Have a name of the demo's zone be one address."""
    body = {"name": label, "type": "A", "ttl": 60, "records": [address]}
    status, told, _type = call(installation, "PUT", f"/api/v1/zones/demo.test./rrsets/{label}/A", body)
    assert status in {200, 201}, told


def last() -> None:
    """Wait as long as an outage lasts."""
    end = time.monotonic() + OUTAGE_S
    while time.monotonic() < end:
        time.sleep(0.1)

"""A worker measures as a client of the network it is in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team
from latency.handshakes import Peer, round_trips_ms
from latency.tasks import measure_from
from latency.vantage import measure
from regions.models import AdminState, Endpoint, Region
from telemetry.models import BeaconWindow

NOW = datetime(2026, 11, 25, 8, 0, 7, tzinfo=UTC)
HERE = ["203.0.113.0"]


@pytest.fixture
def port() -> Iterator[int]:
    """Where this machine answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def eu(db) -> Region:
    ops = Team.objects.create(name="ops")
    return Region.objects.create(team=ops, name="eu", latitude=50.1, longitude=8.7, is_vantage=True)


def endpoint(region: Region, name: str, port: int, **columns: object) -> Endpoint:
    values = {"ipv4": "127.0.0.1", "port": port} | columns
    return Endpoint.objects.create(team=region.team, name=name, region=region, **values)


def measured(seconds: int = 0, prefixes=HERE, allow_private: bool = True) -> int:
    return measure("eu", prefixes, NOW + timedelta(seconds=seconds), allow_private=allow_private, stream=None)


def test_a_handshake_is_as_long_as_the_kernel_says(port):
    (answered, refused) = round_trips_ms([Peer("127.0.0.1", port), Peer("127.0.0.1", 1)])

    assert answered is not None
    assert 0 < answered < 1000
    assert refused is None


def test_what_a_vantage_measures_is_that_of_a_client_of_its_network(eu, port, monkeypatch):
    monkeypatch.setattr("latency.vantage.round_trips_ms", lambda peers: [12.5 for _peer in peers])
    fra = endpoint(eu, "fra", port)
    endpoint(eu, "drained", port, admin_state=AdminState.DRAINING)
    endpoint(eu, "named", port, ipv4=None, hostname="cdn.test.")
    endpoint(eu, "new", port, ipv4=None, ipv6="::1")

    assert measured() == 1
    assert list(BeaconWindow.objects.values_list("prefix", "endpoint_id", "count")) == [("203.0.113.0", fra.pk, 1)]
    assert measured(60, prefixes=["2001:db8:7::"]) == 1


def test_an_endpoint_counts_once_a_minute_however_often_it_is_measured(eu, port, monkeypatch):
    monkeypatch.setattr("latency.vantage.round_trips_ms", lambda peers: [12.5 for _peer in peers])
    endpoint(eu, "fra", port)

    assert [measured(seconds) for seconds in (0, 20, 52, 53, 54)] == [1, 0, 0, 1, 0]


def test_private_addresses_and_the_endpoints_of_others_are_left_alone(eu, port):
    endpoint(eu, "fra", port)
    rivals = Region.objects.create(team=Team.objects.create(name="rivals"), name="us", latitude=0, longitude=0)
    endpoint(rivals, "iad", port)

    assert measured(allow_private=False) == 0
    assert not BeaconWindow.objects.exists()


def test_a_worker_measures_for_the_networks_it_says_and_for_none_without(eu, port, settings, monkeypatch):
    monkeypatch.setattr("latency.vantage.round_trips_ms", lambda peers: [12.5 for _peer in peers])
    endpoint(eu, "fra", port)
    settings.VANTAGE_PREFIXES, settings.PROBE_PRIVATE_ADDRESSES = [], True

    measure_from("eu")
    assert not BeaconWindow.objects.exists()
    settings.VANTAGE_PREFIXES = HERE
    measure_from("eu")
    assert BeaconWindow.objects.get().prefix == "203.0.113.0"

"""A replay weighs its clients by who asks, by country and by network."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from responder import Health, choose, replay
from tests.responder.test_steered_answers import steered_world

DTAG, HERE = 3320, 64500
NAME = "www.z.test."
CLIENTS = [f"203.0.{number}.0/24" for number in range(64)]
OURS = CLIENTS[:16]
"""Of one network; the others are of another one."""


@pytest.fixture
def world(tmp_path):
    writer = MMDBWriter(4, "ASN")
    for client in CLIENTS:
        writer.insert_network(IPSet([client]), {"autonomous_system_number": DTAG if client in OURS else HERE})
    writer.to_db_file(str(tmp_path / "asn.mmdb"))
    world = steered_world()
    world.geo = {"asn": (tmp_path / "asn.mmdb").read_bytes()}
    return world.open()


def shares(world, **asking: Any) -> tuple[str, dict[int, float]]:
    found = replay(world, world, Health(), NAME, "A", CLIENTS, now_s=60, **asking)
    assert all(source == target for _country, source, target, _share in found["moves"])
    return found["weighed_by"], {source: share for _country, source, _target, share in found["moves"]}


def chosen(world, clients: list[str]) -> Counter[int]:
    return Counter(endpoint for endpoint, _explored in choose(world, Health(), NAME, "A", clients, now_s=60))


def test_a_network_counts_as_much_as_it_asks(world):
    weighed_by, found = shares(world, countries={"": 100}, networks={DTAG: 90, HERE: 10})
    ours, others = chosen(world, OURS), chosen(world, CLIENTS[16:])
    expected = {endpoint: 0.9 * ours[endpoint] / 16 + 0.1 * others[endpoint] / 48 for endpoint in ours | others}
    assert weighed_by == "networks"
    assert found == {endpoint: pytest.approx(share) for endpoint, share in expected.items()}


def test_without_queries_every_client_counts_alike(world):
    weighed_by, found = shares(world)
    assert weighed_by == "addresses"
    assert found == {endpoint: pytest.approx(count / 64) for endpoint, count in chosen(world, CLIENTS).items()}


def test_a_country_has_two_letters(world):
    with pytest.raises(ValueError, match="countries"):
        shares(world, countries={"DEU": 1})

"""Steered answers are counted by the client's network where there is a file of them."""

from __future__ import annotations

from typing import Any

import dns.edns
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from responder import Server
from tests.responder.doors import SocketDoor, ask
from tests.responder.test_steered_answers import WWW, steered_world

DTAG, HERE = 3320, 64500


@pytest.fixture
def asn_file(tmp_path):
    writer = MMDBWriter(4, "ASN")
    for network, number in [("203.0.113.0/24", DTAG), ("127.0.0.0/8", HERE)]:
        writer.insert_network(IPSet([network]), {"autonomous_system_number": number})
    writer.to_db_file(str(tmp_path / "asn.mmdb"))
    return (tmp_path / "asn.mmdb").read_bytes()


def ecs(subnet: str | None) -> list[dns.edns.Option]:
    if subnet is None:
        return []
    address, _, prefix = subnet.partition("/")
    return [dns.edns.ECSOption(address, int(prefix))]


def counted(world, questions: list[tuple[str, str | None]]) -> list[Any]:
    server = Server(["127.0.0.1:0"], world.open(), workers=1)
    try:
        for name, subnet in questions:
            ask(SocketDoor(server), name, "A", use_edns=0, options=ecs(subnet))
        return server.counters()["networks"]
    finally:
        server.stop()


def test_by_the_client_subnet_and_by_the_resolver_without_one(asn_file):
    world = steered_world()
    world.geo["asn"] = asn_file
    networks = counted(
        world,
        [
            ("www.z.test.", "203.0.113.0/24"),
            ("www.z.test.", "203.0.113.0/24"),
            ("www.z.test.", None),
            ("www.z.test.", "198.51.100.0/24"),  # a network that the file does not know
            ("local.z.test.", "203.0.113.0/24"),  # static data has no client
        ],
    )
    assert networks == [
        {"policy": WWW, "network": DTAG, "count": 2},
        {"policy": WWW, "network": HERE, "count": 1},
    ]


def test_none_without_a_file():
    assert counted(steered_world(), [("www.z.test.", "203.0.113.0/24")]) == []

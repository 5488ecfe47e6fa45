"""Break-glass at every door (P6): what is switched off is not answered, and never is nobody left (S1)."""

from __future__ import annotations

import json

import dns.message

from responder import Health, Server, Snapshot, explain, respond
from tests.edge.conftest import addresses_in
from tests.responder.doors import SocketDoor, ask
from tests.responder.test_steered_answers import steered_world

FIRST, SECOND = 10, 11
WWW = "www.z.test."


def answered(snapshot: Snapshot, *switched_off: int) -> list[str]:
    query = dns.message.make_query(WWW, "A").to_wire()
    wire = respond(snapshot, Health(), query, "198.51.100.53", switched_off=frozenset(switched_off))
    assert wire is not None
    return addresses_in(dns.message.from_wire(wire))


def test_what_is_switched_off_is_answered_only_if_everything_is() -> None:
    snapshot = steered_world().open()

    assert answered(snapshot) == ["192.0.2.1"]
    assert answered(snapshot, FIRST) == ["192.0.2.2"]
    assert answered(snapshot, FIRST, SECOND) == ["192.0.2.1"]
    assert answered(snapshot, 4711) == ["192.0.2.1"]


def test_the_explanation_says_who_was_switched_off() -> None:
    off = frozenset([FIRST])
    explained = json.loads(explain(steered_world().open(), Health(), WWW, "A", "198.51.100.53", switched_off=off))
    [policy] = explained["policies"]

    assert [(member["endpoint"], member["reason"]) for member in policy["not_candidates"]] == [
        (FIRST, "switched off by a break-glass order")
    ]
    assert policy["chosen"] == [SECOND]


def test_a_server_switches_off_and_on_between_two_queries_and_over_a_swap() -> None:
    world = steered_world()
    server = Server(["127.0.0.1:0"], world.open(), workers=1, switched_off=frozenset([FIRST]))
    door = SocketDoor(server)
    try:
        assert addresses_in(ask(door, WWW, "A")) == ["192.0.2.2"]
        server.set_switched_off(frozenset())
        assert addresses_in(ask(door, WWW, "A")) == ["192.0.2.1"]
        server.set_switched_off(frozenset([FIRST]))
        world.generation += 1
        server.swap(world.open())
        assert addresses_in(ask(door, WWW, "A")) == ["192.0.2.2"]
    finally:
        server.stop()

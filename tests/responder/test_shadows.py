"""A shadow is tried on live queries beside the policy that is served: counted, and in no octet of any answer."""

from __future__ import annotations

from typing import Any

import dns.edns
import dns.message
import pytest

from responder import Health, Server, SnapshotError, respond
from tests.responder.doors import SocketDoor, ask
from tests.responder.test_steered_answers import PAIR, WWW, steered_world
from tests.worlds import World

FOR_EVER = 2**40


def shadowed(*steps: dict[str, Any], **changed: Any) -> World:
    """The shadow of www would answer from the pool of the policy `pair`."""
    world = steered_world()
    [pools] = [policy["pools"] for policy in world.policies["policies"] if policy["id"] == PAIR]
    shadow = {"id": 7, "policy": WWW, "pools": pools, "steps": list(steps), "percent": 100, "until": FOR_EVER}
    world.policies |= {"format": 2, "shadows": [shadow | changed]}
    return world


def query(number: int) -> bytes:
    option = dns.edns.ECSOption(f"203.0.{number}.0", 24)
    return dns.message.make_query("www.z.test.", "A", use_edns=0, options=[option], id=number).to_wire()


@pytest.mark.parametrize("steps", [[], [{"kind": "sticky"}], [{"kind": "first", "count": 2}]])
def test_every_answer_is_the_same_to_the_octet_with_and_without_it(steps):
    with_it, without = shadowed(*steps).open(), steered_world().open()
    for number in range(256):
        answers = {respond(snapshot, Health(), query(number), "127.0.0.1", now_s=60) for snapshot in (with_it, without)}
        assert len(answers) == 1


def counted(world: World) -> list[Any]:
    server = Server(["127.0.0.1:0"], world.open(), workers=1)
    try:
        for name in ["www.z.test.", "www.z.test.", "pointer.z.test.", "local.z.test."]:
            ask(SocketDoor(server), name, "A")
        return server.counters()["shadows"]
    finally:
        server.stop()


def test_a_server_counts_what_it_would_have_answered_beside_what_was():
    [first] = counted(shadowed({"kind": "first", "count": 1}))
    assert (first["shadow"], first["country"], first["count"]) == (7, "", 3)
    assert first["endpoint"] != 0
    assert first["shadow_endpoint"] != 0


def test_one_that_has_ended_is_tried_on_nobody():
    assert counted(shadowed(until=1)) == []


def test_without_one_nothing_is_counted():
    assert counted(steered_world()) == []


def test_a_chunk_of_the_format_that_has_no_shadows_has_none():
    world = shadowed()
    world.policies["format"] = 1
    with pytest.raises(SnapshotError, match="format 1 has none"):
        world.open()

"""Promise: an endpoint that dies leaves all answers, moves only its own clients, and comes back when it rises."""

from __future__ import annotations

import ipaddress

import pytest

from tests.scenarios.client import addresses, call, eventually
from trafficmgr.demo.origins import fail, recover

FIRST, SECOND = "127.0.1.1", "127.0.2.1"  # fra-1 and iad-1, first and second of the policy `api`


@pytest.fixture
def down(system):
    """Takes demo endpoints down for one test and waits until all are served again."""
    failed: list[str] = []

    def take_down(name: str) -> None:
        failed.append(name)
        fail(system.home, name)

    yield take_down
    for name in failed:
        recover(system.home, name)
    eventually(lambda: _down(system), lambda names: not names, what="endpoints recover")


def test_a_dead_endpoint_leaves_the_answers_and_returns_after_it_rises(system, down):
    assert addresses(system.dns, "api.demo.test.") == [FIRST]

    down("fra-1")
    eventually(lambda: addresses(system.dns, "api.demo.test."), [SECOND].__eq__, what="api moves to iad-1")
    assert FIRST not in addresses(system.dns, "www.demo.test.", "91.0.0.0/24")

    recover(system.home, "fra-1")
    eventually(lambda: addresses(system.dns, "api.demo.test."), [FIRST].__eq__, what="api returns to fra-1")
    transitions = call(system, "GET", "/api/v1/transitions?endpoint=fra-1")[1]["results"]
    assert [row["to_state"] for row in transitions[:2]] == ["up", "down"]
    against = {vantage for vantage, vote in transitions[1]["votes"].items() if vote == "down"}
    assert len(against) > len(transitions[1]["votes"]) / 2


def test_a_sticky_client_keeps_its_answer_when_another_endpoint_leaves(system, down):
    clients = [str(ipaddress.IPv4Network((int(ipaddress.IPv4Address("20.0.0.0")) + 256 * n, 24))) for n in range(300)]
    before = {client: addresses(system.dns, "cdn.demo.test.", client)[0] for client in clients}
    gone = "127.0.2.2"  # iad-2
    assert gone in before.values()

    down("iad-2")
    own = next(client for client, address in before.items() if address == gone)
    eventually(lambda: addresses(system.dns, "cdn.demo.test.", own), lambda seen: seen != [gone], what="iad-2 leaves")
    after = {client: addresses(system.dns, "cdn.demo.test.", client)[0] for client in clients}

    moved = {client for client in clients if before[client] != after[client]}
    assert moved == {client for client in clients if before[client] == gone}


def test_with_every_endpoint_down_the_answer_is_not_empty(system, down):
    for name in ("fra-1", "iad-1", "sin-1"):
        down(name)
    eventually(lambda: _down(system), {"fra-1", "iad-1", "sin-1"}.__le__, what="all of api are down")

    eventually(lambda: addresses(system.dns, "api.demo.test."), [FIRST].__eq__, what="edges know of it")
    question = {"qname": "api.demo.test.", "qtype": "A", "client": "198.51.100.53"}
    status, explained, _type = call(system, "POST", "/api/v1/explain", question)
    assert status == 200, explained
    steps = explained["policies"][0]["steps"]
    assert [step["outcome"] for step in steps if step["kind"] == "healthy"] == ["bypassed"]


def _down(system) -> set[str]:
    status = call(system, "GET", "/api/v1/status")[1]
    return {row["endpoint"] for row in status["not_up"]}

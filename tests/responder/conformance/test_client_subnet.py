"""Client subnets (RFC 7871): the rules E1 to E4 of the design, on the wire.

What a malformed option does (E3) is in `test_queries.TestClientSubnet`.
"""

from __future__ import annotations

import ipaddress
import random
from typing import Any

import dns.edns
import dns.message
import dns.rcode
import pytest

from responder import Health
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, RespondDoor, ask, texts
from tests.responder.geography import country_database
from tests.responder.queries import answer_to, opt, query_with_opt, question, subnet_option
from tests.responder.test_steered_answers import endpoint, policy, pool
from tests.worlds import World

PLAIN, GEO, DISTANCE, FENCE, WEIGHTED, STICKY, NEVER, GEO_ONLY, PRIORITY = range(1, 10)
ZONE = """
@      60 SOA ns host 1 2 3 4 5
@      60 NS  ns
ns     60 A   192.0.2.53
www    60 A   192.0.2.1
"""
GERMANY, AMERICA, JAPAN = "203.0.0.0/16", "198.51.0.0/17", "100.64.0.0/10"
COUNTRIES = {GERMANY: "DE", AMERICA: "US", JAPAN: "JP", "2001:db8::/32": "DE"}
GEO_RULES = {
    "kind": "geo",
    "rules": [
        {"location": "country:DE", "regions": [1], "pools": []},
        {"location": "country:US", "regions": [2], "pools": []},
    ],
    "default": "all",
    "if_empty": {"action": "bypass"},
}
FENCED = {
    "kind": "fence",
    "label": None,
    "allow": [],
    "deny": ["cidr:203.0.113.0/25"],
    "if_empty": {"action": "refuse"},
}
STEPS: dict[int, list[dict[str, Any]]] = {
    PLAIN: [{"kind": "healthy", "if_empty": {"action": "bypass"}}, {"kind": "first", "count": 2}],
    GEO: [GEO_RULES],
    DISTANCE: [{"kind": "distance", "within_km": 0, "bias": 0}],
    FENCE: [FENCED],
    WEIGHTED: [{"kind": "weighted", "weight": 1}],
    STICKY: [{"kind": "sticky", "weight": 1}],
    NEVER: [GEO_RULES, {"kind": "sticky", "weight": 1}],
    GEO_ONLY: [GEO_RULES, {"kind": "sticky", "weight": 1}],
    PRIORITY: [{"kind": "priority", "priority": 0}],
}


def world() -> World:
    regions = [
        {"id": 1, "name": "eu", "latitude": 50.1, "longitude": 8.7},
        {"id": 2, "name": "us", "latitude": 39.0, "longitude": -77.5},
    ]
    endpoints = [endpoint(id_, ipv4=f"192.0.2.{id_}", region=1 if id_ < 15 else 2) for id_ in range(10, 20)]
    modes = {NEVER: "never", GEO_ONLY: "geo-only"}
    policies = [policy(id_, 1, *steps) | {"ecs": modes.get(id_, "always")} for id_, steps in STEPS.items()]
    content = {
        "format": 1,
        "regions": regions,
        "endpoints": endpoints,
        "pools": [pool(1, *range(10, 20))],
        "policies": policies,
        "flattened": {},
    }
    geo = {"country": country_database(COUNTRIES)}
    steered = {(f"p{id_}.z.test.", "A"): id_ for id_ in STEPS}
    return World(policies=content, geo=geo).add_zone("z.test.", ZONE, steered)


@pytest.fixture(scope="module")
def respond_door() -> RespondDoor:
    return RespondDoor(world().open(), Health())


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world())


def ask_for(door: Door, policy_id: int, prefix: str) -> tuple[list[str], int]:
    """The addresses that clients of `prefix` get, and the scope that they hold for."""
    network = ipaddress.ip_network(prefix)
    option = dns.edns.ECSOption(str(network.network_address), network.prefixlen)
    answer = ask(door, f"p{policy_id}.z.test.", "A", use_edns=0, options=[option])
    (echoed,) = (said for said in answer.options if isinstance(said, dns.edns.ECSOption))
    assert (echoed.address, echoed.srclen) == (option.address, option.srclen)
    assert echoed.scopelen is not None
    return texts(answer.answer), echoed.scopelen


class TestE1:
    """Echoed only if the query carried it; static data: scope 0; steered: the shortest that holds."""

    @pytest.mark.parametrize("name", ["www", "p2", "missing"])
    def test_without_the_option_there_is_none_in_the_answer(self, door: Door, name: str) -> None:
        assert ask(door, f"{name}.z.test.", "A", use_edns=0).options == ()
        assert ask(door, f"{name}.z.test.", "A").edns == -1

    @pytest.mark.parametrize("name", ["www.z.test.", "missing.z.test.", "www.example.net.", "p2.z.test."])
    def test_static_data_denials_and_refusals_have_scope_0(self, door: Door, name: str) -> None:
        rdtype = "TXT" if name.startswith("p2") else "A"
        answer = ask(door, name, rdtype, use_edns=0, options=[dns.edns.ECSOption("203.0.113.0", 24)])
        assert dns.edns.ECSOption("203.0.113.0", 24, 0) in answer.options

    @pytest.mark.parametrize(
        ("policy_id", "prefix", "scope"),
        [
            pytest.param(PLAIN, "203.0.113.0/24", 0, id="neither health nor first looks at the client"),
            pytest.param(PRIORITY, "203.0.113.0/24", 0, id="priority does not either"),
            pytest.param(GEO, "203.0.113.0/24", 16, id="geo: the network that the database knows"),
            pytest.param(GEO, "198.51.100.0/24", 17, id="geo: another network, another scope"),
            pytest.param(GEO, "203.0.113.7/32", 16, id="geo: a full address"),
            pytest.param(DISTANCE, "203.0.113.0/24", 16, id="distance: the network that was located"),
            pytest.param(WEIGHTED, "203.0.113.0/26", 24, id="weighted: what was hashed"),
            pytest.param(STICKY, "203.0.113.0/26", 24, id="sticky: what was hashed"),
            pytest.param(STICKY, "203.0.0.0/16", 24, id="sticky: less was sent than is looked at"),
            pytest.param(STICKY, "2001:db8::/64", 56, id="sticky: IPv6"),
            pytest.param(FENCE, "203.0.113.0/28", 25, id="fence: the block that matched"),
            pytest.param(FENCE, "203.0.113.128/28", 25, id="fence: its other half did not"),
        ],
    )
    def test_each_kind_of_step_has_its_scope(self, door: Door, policy_id: int, prefix: str, scope: int) -> None:
        assert ask_for(door, policy_id, prefix)[1] == scope

    @pytest.mark.parametrize("policy_id", STEPS)
    def test_within_its_scope_an_answer_is_the_same(self, respond_door: RespondDoor, policy_id: int) -> None:
        """A resolver gives it to everybody there (RFC 7871 section 7.3.1)."""
        chance = random.Random(policy_id)
        for block in COUNTRIES:
            network = ipaddress.ip_network(block)
            for _ in range(25):
                address = network[chance.getrandbits(network.max_prefixlen - network.prefixlen)]
                longest = 28 if network.version == 4 else 64
                asked = ipaddress.ip_network((address, longest), strict=False)
                answer, scope = ask_for(respond_door, policy_id, str(asked))
                if scope > longest:
                    continue
                held = asked.supernet(new_prefix=scope)
                for _ in range(4):
                    neighbour = held[chance.getrandbits(network.max_prefixlen - scope)]
                    near = ipaddress.ip_network((neighbour, longest), strict=False)
                    assert ask_for(respond_door, policy_id, str(near)) == (answer, scope), f"{near} beside {asked}"


class TestE2:
    """Source prefix 0: the resolver's address, scope 0."""

    @pytest.mark.parametrize("policy_id", [GEO, STICKY, WEIGHTED, FENCE, DISTANCE])
    def test_the_resolver_stands_for_the_client(self, respond_door: RespondDoor, policy_id: int) -> None:
        for source in ["203.0.113.9", "198.51.100.9", "100.64.7.1"]:
            door = RespondDoor(respond_door.snapshot, respond_door.health, source=source)
            hidden, scope = ask_for(door, policy_id, "0.0.0.0/0")
            assert (hidden, scope) == (texts(ask(door, f"p{policy_id}.z.test.", "A").answer), 0)

    def test_without_the_option_too(self, respond_door: RespondDoor) -> None:
        answers = {
            source: texts(ask(RespondDoor(respond_door.snapshot, Health(), source=source), "p2.z.test.", "A").answer)
            for source in ["203.0.113.9", "198.51.100.9"]
        }
        assert answers == {
            "203.0.113.9": ["p2.z.test. 30 A 192.0.2.10"],
            "198.51.100.9": ["p2.z.test. 30 A 192.0.2.15"],
        }


class TestE4:
    """SOA, NS, DS, DNSKEY: scope 0. A policy may say how much of the option it uses."""

    @pytest.mark.parametrize("rdtype", [2, 6, 43, 48])
    @pytest.mark.parametrize("name", ["z.test.", "p6.z.test."])
    def test_the_zones_own_types_have_scope_0(self, door: Door, name: str, rdtype: int) -> None:
        option = subnet_option(1, 24, 0, b"\xcb\0\x71")
        answer = answer_to(door, query_with_opt(opt(options=option), asked=question(name, rdtype)))
        assert answer.options == (dns.edns.ECSOption("203.0.113.0", 24, 0),)

    def test_never_means_the_resolver_alone(self, respond_door: RespondDoor) -> None:
        answers = {tuple(ask_for(respond_door, NEVER, prefix)[0]) for prefix in ("203.0.113.0/24", "198.51.100.0/24")}
        assert len(answers) == 1
        assert ask_for(respond_door, NEVER, "203.0.113.0/24")[1] == 0

    def test_geo_only_means_that_draws_look_at_the_resolver(self, respond_door: RespondDoor) -> None:
        in_germany = {tuple(ask_for(respond_door, GEO_ONLY, f"203.0.{n}.0/24")[0]) for n in range(20)}
        assert len(in_germany) == 1
        assert ask_for(respond_door, GEO_ONLY, "203.0.113.0/24")[1] == 16


def test_a_chain_has_the_longest_scope_of_its_names(open_door: OpenDoor) -> None:
    base = world()
    door = open_door(base.add_zone("a.test.", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 CNAME p2.z.test."))
    answer = ask(door, "www.a.test.", "A", use_edns=0, options=[dns.edns.ECSOption("203.0.113.0", 24)])
    assert answer.options == (dns.edns.ECSOption("203.0.113.0", 24, 16),)

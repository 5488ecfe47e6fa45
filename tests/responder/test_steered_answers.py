"""Steered names, ALIAS and flattening: what `answer()` makes of a policy's choice, and that explain tells the same."""

import json
from pathlib import Path
from typing import Any

import dns.edns
import dns.message
import dns.rcode
import pytest

from responder import Health, Server, explain, respond
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, SocketDoor, ask, texts
from tests.worlds import World, alias_line

WWW, NAMED, NOBODY, PAIR, STICKY, SHARDS, SPARED, RELATIVE = 5, 6, 7, 8, 9, 10, 11, 12

COUNTRIES = Path(__file__).parents[2] / "snapshots" / "geodata" / "country.mmdb"
GERMAN, AMERICAN = "91.1.2.0", "8.8.8.0"

ALIASES = [
    alias_line("flat", 50, "local.z.test."),
    alias_line("hopping", 50, "hop.z.test."),
    alias_line("steered", 50, "www.z.test."),
    alias_line("foreign", 50, "target.example.net."),
    alias_line("lost", 50, "lost.example.net."),
    alias_line("*.flats", 50, "local.z.test."),
]
RECORDS = """
@        60 SOA ns host 1 2 3 4 5
@        60 NS ns
ns       60 A 192.0.2.53
local    60 A 192.0.2.77
hop      20 CNAME local
pointer  50 CNAME www
"""
ZONE = "\n".join([RECORDS, *ALIASES])


def endpoint(number: int, **changed: object) -> dict[str, Any]:
    plain = dict.fromkeys(["ipv4", "ipv6", "hostname", "weight", "priority", "bias", "capacity"])
    rest = {"labels": {}, "admin_state": "enabled", "checked": True}
    return {"id": number, "name": f"e{number}", "region": 1, **plain, **rest, **changed}


def pool(number: int, *members: int) -> dict[str, Any]:
    said = {"weight": None, "priority": None, "bias": None}
    return {"id": number, "name": f"p{number}", **said, "members": [{"endpoint": id_, **said} for id_ in members]}


def policy(number: int, pool_id: int, *steps: dict[str, Any]) -> dict[str, Any]:
    fixed = {"salt": "5a17", "ttl": 30, "ttl_min": 5, "ecs": "always"}
    return {"id": number, "name": f"policy{number}", "pools": [pool_id], "steps": list(steps), **fixed}


def steered_world() -> World:
    policies = {
        "format": 1,
        "regions": [
            {"id": 1, "name": "eu", "latitude": 50.1, "longitude": 8.7},
            {"id": 2, "name": "us", "latitude": 39.0, "longitude": -77.5},
        ],
        "endpoints": [
            endpoint(10, ipv4="192.0.2.1", ipv6="2001:db8::1", labels={"shard": "a1"}),
            endpoint(11, ipv4="192.0.2.2", labels={"shard": "B2"}),
            endpoint(12, hostname="local.z.test."),
            endpoint(13, hostname="target.example.net."),
            endpoint(14, hostname="lost.example.net."),
        ],
        "pools": [pool(1, 10, 11), pool(2, 12), pool(3, 14), pool(4, 14, 13, 10), pool(5, 10, 11)],
        "policies": [
            policy(WWW, 1, {"kind": "healthy", "if_empty": {"action": "bypass"}}),
            policy(NAMED, 2),
            policy(NOBODY, 3),
            policy(PAIR, 4, {"kind": "first", "count": 2}),
            policy(STICKY, 5, {"kind": "sticky", "weight": 1}),
            policy(SHARDS, 1, {"kind": "label", "name_label": "shard"}, {"kind": "first", "count": 2}),
            policy(SPARED, 1, {"kind": "load", "low": 0.8, "high": 0.95}),
            policy(RELATIVE, 1, {"kind": "healthy", "relative": True}),
        ],
        "flattened": {"target.example.net.": {"ipv4": ["198.51.100.7", "198.51.100.8"], "ipv6": [], "ttl": 40}},
    }
    steered = {
        ("www.z.test.", "A"): WWW,
        ("www.z.test.", "AAAA"): WWW,
        ("named.z.test.", "A"): NAMED,
        ("sticky.z.test.", "A"): STICKY,
        ("*.any.z.test.", "A"): WWW,
        ("*.shards.z.test.", "A"): SHARDS,
        ("spared.z.test.", "A"): SPARED,
        ("near.z.test.", "A"): RELATIVE,
    }
    geo = {"country": COUNTRIES.read_bytes()}
    return World(policies=policies, geo=geo).add_zone("z.test.", ZONE, steered)


UP = Health(1, [(10, 4, "up"), (10, 6, "up"), (11, 4, "up"), (12, 0, "up"), (13, 0, "up"), (14, 0, "up")])
FIRST_DOWN = Health(2, [(10, 4, "down"), (10, 6, "up"), (11, 4, "up")])
NOT_YET_S = 2**40
"""A time of measurement after every test: news, whatever the clock."""


def loaded(share: float | None, sequence: int = 2) -> Health:
    """The first says that it is loaded so much."""
    return Health(sequence, UP.states, [(10, share, NOT_YET_S, 60)])


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(steered_world(), UP)


class TestSteered:
    def test_the_policy_chooses_the_address(self, door: Door) -> None:
        answer = ask(door, "wWw.z.test.", "A")
        assert texts(answer.answer) == ["wWw.z.test. 30 A 192.0.2.1"]
        assert answer.answer[0].name.to_text() == "wWw.z.test."
        assert texts(ask(door, "www.z.test.", "AAAA").answer) == ["www.z.test. 30 AAAA 2001:db8::1"]

    def test_health_moves_the_answer(self, open_door: OpenDoor) -> None:
        door = open_door(steered_world(), FIRST_DOWN)
        assert texts(ask(door, "www.z.test.", "A").answer) == ["www.z.test. 30 A 192.0.2.2"]
        assert texts(ask(door, "www.z.test.", "AAAA").answer) == ["www.z.test. 30 AAAA 2001:db8::1"]

    def test_the_ttl_is_the_lowest_while_an_endpoint_is_failing(self, open_door: OpenDoor) -> None:
        door = open_door(steered_world(), Health(2, UP.states, failing=[(11, 4, True)]))
        assert texts(ask(door, "www.z.test.", "A").answer) == ["www.z.test. 5 A 192.0.2.1"]
        assert texts(ask(door, "www.z.test.", "AAAA").answer) == ["www.z.test. 30 AAAA 2001:db8::1"]

    @pytest.mark.parametrize("verdict", ["up", "down"])
    def test_the_nearest_vantage_decides_where_vantages_disagree(self, open_door: OpenDoor, verdict: str) -> None:
        states = [(10, 4, verdict), (11, 4, "up")]
        health = Health(2, states, views=[(10, 4, [(1, False), (2, True)])])  # type: ignore[arg-type]
        door = open_door(steered_world(), health)
        for client, address in ((GERMAN, "192.0.2.2"), (AMERICAN, "192.0.2.1")):
            answer = ask(door, "near.z.test.", "A", use_edns=0, options=[dns.edns.ECSOption(client, 24)])
            assert texts(answer.answer) == [f"near.z.test. 30 A {address}"]
            (option,) = answer.options
            assert isinstance(option, dns.edns.ECSOption)
            assert option.scopelen > 0
        by_verdict = {"up": "192.0.2.1", "down": "192.0.2.2"}[verdict]
        assert texts(ask(door, "www.z.test.", "A").answer) == [f"www.z.test. 30 A {by_verdict}"]

    @pytest.mark.parametrize(("share", "last"), [(None, 1), (0.8, 1), (0.95, 2), (1.2, 2)])
    def test_a_full_endpoint_sends_its_clients_on(self, open_door: OpenDoor, share: float | None, last: int) -> None:
        door = open_door(steered_world(), loaded(share))
        assert texts(ask(door, "spared.z.test.", "A").answer) == [f"spared.z.test. 30 A 192.0.2.{last}"]

    def test_a_nearly_full_endpoint_sends_the_same_clients_on_each_time(self, open_door: OpenDoor) -> None:
        door = open_door(steered_world(), loaded(0.875))
        seen = []
        for number in range(100):
            subnet = dns.edns.ECSOption(f"203.0.{number}.0", 24)
            answers = [ask(door, "spared.z.test.", "A", use_edns=0, options=[subnet]) for _ in range(2)]
            assert answers[0].answer == answers[1].answer
            assert answers[0].options == (dns.edns.ECSOption(f"203.0.{number}.0", 24, 24),)
            seen += texts(answers[0].answer)
        assert 30 < seen.count("spared.z.test. 30 A 192.0.2.2") < 70

    def test_a_cname_leads_to_it(self, door: Door) -> None:
        assert texts(ask(door, "pointer.z.test.", "A").answer) == [
            "pointer.z.test. 50 CNAME www.z.test.",
            "www.z.test. 30 A 192.0.2.1",
        ]

    def test_a_wildcard_can_be_steered(self, door: Door) -> None:
        assert texts(ask(door, "x.any.z.test.", "A").answer) == ["x.any.z.test. 30 A 192.0.2.1"]

    def test_the_label_that_a_wildcard_stands_for_selects_a_shard(self, door: Door) -> None:
        assert texts(ask(door, "a1.shards.z.test.", "A").answer) == ["a1.shards.z.test. 30 A 192.0.2.1"]
        assert texts(ask(door, "b2.shards.z.test.", "A").answer) == ["b2.shards.z.test. 30 A 192.0.2.2"]
        assert texts(ask(door, "A1.Shards.z.test.", "A").answer) == ["A1.Shards.z.test. 30 A 192.0.2.1"]
        nowhere = ask(door, "c3.shards.z.test.", "A").answer
        assert sorted(texts(nowhere)) == ["c3.shards.z.test. 30 A 192.0.2.1", "c3.shards.z.test. 30 A 192.0.2.2"]

    def test_another_type_is_nodata(self, door: Door) -> None:
        answer = ask(door, "www.z.test.", "TXT")
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        assert texts(answer.authority)[0].startswith("z.test. 5 SOA")

    def test_any_says_no_more_than_hinfo(self, door: Door) -> None:
        assert texts(ask(door, "www.z.test.", "ANY").answer) == ['www.z.test. 3600 HINFO "RFC8482" ""']

    def test_a_host_name_is_a_cname_that_is_followed(self, door: Door) -> None:
        assert texts(ask(door, "named.z.test.", "A").answer) == [
            "named.z.test. 30 CNAME local.z.test.",
            "local.z.test. 60 A 192.0.2.77",
        ]

    def test_only_a_draw_narrows_the_scope(self, door: Door) -> None:
        option = dns.edns.ECSOption("203.0.113.64", 26)
        plain = ask(door, "www.z.test.", "A", use_edns=0, options=[option])
        assert plain.options == (dns.edns.ECSOption("203.0.113.64", 26, 0),)
        drawn = ask(door, "sticky.z.test.", "A", use_edns=0, options=[option])
        assert drawn.options == (dns.edns.ECSOption("203.0.113.64", 26, 24),)

    def test_a_hidden_subnet_has_scope_0(self, door: Door) -> None:
        answer = ask(door, "sticky.z.test.", "A", use_edns=0, options=[dns.edns.ECSOption("0.0.0.0", 0)])
        assert answer.options == (dns.edns.ECSOption("0.0.0.0", 0, 0),)


class TestApex:
    """No CNAME may stand at an apex: the addresses of host names are answered there instead (S13)."""

    def open(self, open_door: OpenDoor, policy_id: int) -> Door:
        world = steered_world()
        return open_door(world.add_zone("z.test.", ZONE, {("z.test.", "A"): policy_id}), UP)

    def test_a_name_of_our_own_is_flattened(self, open_door: OpenDoor) -> None:
        answer = ask(self.open(open_door, NAMED), "z.test.", "A")
        assert texts(answer.answer) == ["z.test. 30 A 192.0.2.77"]

    def test_a_name_that_nobody_knows_is_no_candidate(self, open_door: OpenDoor) -> None:
        answer = ask(self.open(open_door, NOBODY), "z.test.", "A")
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        assert texts(answer.authority)[0].startswith("z.test. 5 SOA")

    def test_the_known_addresses_of_a_foreign_name_are_answered(self, open_door: OpenDoor) -> None:
        answer = ask(self.open(open_door, PAIR), "z.test.", "A")
        assert texts(answer.answer) == ["z.test. 30 A 198.51.100.7", "z.test. 30 A 198.51.100.8"]


class TestAlias:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("flat.z.test.", ["flat.z.test. 50 A 192.0.2.77"]),
            ("hopping.z.test.", ["hopping.z.test. 20 A 192.0.2.77"]),
            ("steered.z.test.", ["steered.z.test. 30 A 192.0.2.1"]),
            ("x.flats.z.test.", ["x.flats.z.test. 50 A 192.0.2.77"]),
            ("foreign.z.test.", ["foreign.z.test. 40 A 198.51.100.7", "foreign.z.test. 40 A 198.51.100.8"]),
        ],
    )
    def test_the_targets_addresses_are_the_owners(self, door: Door, name: str, expected: list[str]) -> None:
        assert texts(ask(door, name, "A").answer) == expected

    @pytest.mark.parametrize("name", ["flat.z.test.", "foreign.z.test."])
    def test_a_target_without_the_family_is_nodata(self, door: Door, name: str) -> None:
        answer = ask(door, name, "AAAA")
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        assert texts(answer.authority)[0].startswith("z.test. 5 SOA")

    def test_a_target_that_nobody_knows_is_a_servfail(self, door: Door) -> None:
        assert ask(door, "lost.z.test.", "A").rcode() == dns.rcode.SERVFAIL

    @pytest.mark.parametrize("rdtype", ["TYPE65401", "TXT"])
    def test_it_is_never_shown(self, door: Door, rdtype: str) -> None:
        answer = ask(door, "flat.z.test.", rdtype)
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])

    def test_any_does_not_show_it(self, door: Door) -> None:
        assert texts(ask(door, "flat.z.test.", "ANY").answer) == ['flat.z.test. 3600 HINFO "RFC8482" ""']


def test_answer_counters_and_explanation_agree() -> None:
    snapshot = steered_world().open()
    server = Server(["127.0.0.1:0"], snapshot, FIRST_DOWN, workers=1)
    try:
        answer = ask(SocketDoor(server), "www.z.test.", "A")
        counted = [entry for entry in server.counters()["answers"] if entry["policy"]]
    finally:
        server.stop()
    assert texts(answer.answer) == ["www.z.test. 30 A 192.0.2.2"]
    assert counted == [{"policy": WWW, "endpoint": 11, "country": "", "rcode": 0, "explored": False, "count": 1}]
    explanation = json.loads(explain(snapshot, FIRST_DOWN, "www.z.test.", "A", "127.0.0.1"))
    assert explanation["health_sequence"] == 2
    assert explanation["stages"] == [{"name": "www.z.test.", "outcome": "steered", "policy": WWW}]
    step = explanation["policies"][0]["steps"][0]
    assert [(dropped["endpoint"], dropped["reason"]) for dropped in step["dropped"]] == [(10, "down over IPv4")]
    assert explanation["policies"][0]["chosen"] == [11]
    assert explanation["answer"]["records"] == ["www.z.test. 30 IN A 192.0.2.2"]


def test_health_set_on_a_running_server_moves_the_next_answer() -> None:
    server = Server(["127.0.0.1:0"], steered_world().open(), UP, workers=1)
    door = SocketDoor(server)
    try:
        assert texts(ask(door, "www.z.test.", "A").answer) == ["www.z.test. 30 A 192.0.2.1"]
        server.set_health(FIRST_DOWN)
        assert texts(ask(door, "www.z.test.", "A").answer) == ["www.z.test. 30 A 192.0.2.2"]
        server.swap(steered_world().open())
        assert texts(ask(door, "www.z.test.", "A").answer) == ["www.z.test. 30 A 192.0.2.2"]
    finally:
        server.stop()


def test_a_load_moves_the_answer_and_the_counters_and_the_explanation_say_the_same() -> None:
    world = steered_world().open()
    server = Server(["127.0.0.1:0"], world, loaded(0.5), workers=1)
    try:
        door = SocketDoor(server)
        assert texts(ask(door, "spared.z.test.", "A").answer) == ["spared.z.test. 30 A 192.0.2.1"]
        full = loaded(0.5).apply(3, [], [(10, 1.0, NOT_YET_S, 60)])
        server.set_health(full)
        assert texts(ask(door, "spared.z.test.", "A").answer) == ["spared.z.test. 30 A 192.0.2.2"]
        counts = {row["endpoint"]: row["count"] for row in server.counters()["answers"] if row["policy"] == SPARED}
        assert counts == {10: 1, 11: 1}
        explained = json.loads(explain(world, full, "spared.z.test.", "A", "127.0.0.1", None, now_s=100))
        (step,) = explained["policies"][0]["steps"]
        assert [drop["reason"] for drop in step["dropped"]] == ["load 1, 0 s old, sheds all clients"]
        assert [kept["why"] for kept in step["kept"]] == ["no load known"]
        assert explained["policies"][0]["chosen"] == [11]
    finally:
        server.stop()


class TestExplain:
    def explained(self, qname: str, qtype: str | int = "A", ecs: str | None = None) -> dict[str, Any]:
        text = explain(steered_world().open(), UP, qname, qtype, "198.51.100.53", ecs, now_s=100)
        explanation = json.loads(text)
        assert isinstance(explanation, dict)
        return explanation

    @pytest.mark.parametrize(
        ("qname", "outcomes"),
        [
            ("local.z.test.", ["static"]),
            ("pointer.z.test", ["cname", "steered"]),
            ("named.z.test.", ["steered", "static"]),
            ("flat.z.test.", ["alias", "static"]),
            ("foreign.z.test.", ["alias", "alias"]),
            ("none.z.test.", ["nxdomain"]),
            ("z.test.", ["nodata"]),
            ("example.net.", ["refused"]),
        ],
    )
    def test_each_name_on_the_way_is_a_stage(self, qname: str, outcomes: list[str]) -> None:
        assert [stage["outcome"] for stage in self.explained(qname)["stages"]] == outcomes

    def test_it_tells_of_whom_what_and_when(self) -> None:
        explanation = self.explained("Sticky.Z.test", ecs="203.0.113.0/24")
        asked = {key: explanation[key] for key in ("generation", "health_sequence", "at", "qtype", "zone")}
        assert asked == {"generation": 1, "health_sequence": 1, "at": 100, "qtype": "A", "zone": "z.test."}
        assert explanation["client"]["ecs"] == "203.0.113.0/24"
        assert explanation["answer"]["scope"] == 24

    def test_a_type_may_be_a_number(self) -> None:
        assert self.explained("www.z.test.", 28)["qtype"] == "AAAA"
        assert self.explained("www.z.test.", "TYPE28")["qtype"] == "AAAA"

    def test_it_answers_what_respond_answers(self) -> None:
        snapshot = steered_world().open()
        for octet in range(50):
            prefix = f"203.0.{octet}.0"
            explanation = json.loads(explain(snapshot, UP, "sticky.z.test.", "A", "192.0.2.9", f"{prefix}/24"))
            query = dns.message.make_query("sticky.z.test.", "A", use_edns=0, options=[dns.edns.ECSOption(prefix, 24)])
            wire = respond(snapshot, UP, query.to_wire(), "192.0.2.9")
            assert wire is not None
            answered = dns.message.from_wire(wire).answer[0][0]
            assert explanation["answer"]["records"] == [f"sticky.z.test. 30 IN A {answered}"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("a..b", "A", "192.0.2.1"), 'qname: "a..b": an empty label'),
            (("a.test.", "BOGUS", "192.0.2.1"), 'qtype: "BOGUS"'),
            (("a.test.", "A", "nobody"), 'client: "nobody"'),
            (("a.test.", "A", "192.0.2.1", "192.0.2.1/24"), 'ecs: "192.0.2.1/24": the address has bits set'),
            (("a.test.", "A", "192.0.2.1", "192.0.2.0/33"), "ecs"),
            (("a.test.", "A", "192.0.2.1", "everyone"), 'ecs: "everyone": not a prefix'),
        ],
    )
    def test_a_malformed_argument_is_named(self, arguments: tuple[Any, ...], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            explain(steered_world().open(), UP, *arguments)

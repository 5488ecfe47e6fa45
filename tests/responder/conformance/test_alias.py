"""ALIAS at an apex: the target's addresses, as health and steering have them (S13).

What else ALIAS does is in `test_steered_answers.TestAlias`.
"""

from typing import Any

import dns.edns
import dns.message
import dns.rcode
import pytest

from responder import Health
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.responder.test_steered_answers import endpoint, policy, pool
from tests.worlds import World, alias_line

WWW, STICKY = 5, 6
HEALTHY = {"kind": "healthy", "if_empty": {"action": "bypass"}}
BOTH_UP = Health(1, [(10, 4, "up"), (11, 4, "up"), (10, 6, "up"), (11, 6, "up")])
FIRST_DOWN = Health(2, [(10, 4, "down"), (11, 4, "up"), (10, 6, "up"), (11, 6, "up")])


def world(target: str, flattened: dict[str, Any] | None = None) -> World:
    policies = {
        "format": 1,
        "regions": [{"id": 1, "name": "eu", "latitude": 50.1, "longitude": 8.7}],
        "endpoints": [
            endpoint(10, ipv4="192.0.2.1", ipv6="2001:db8::1"),
            endpoint(11, ipv4="192.0.2.2", ipv6="2001:db8::2"),
        ],
        "pools": [pool(1, 10, 11)],
        "policies": [policy(WWW, 1, HEALTHY), policy(STICKY, 1, HEALTHY, {"kind": "sticky", "weight": 1})],
        "flattened": flattened or {},
    }
    lines = ["@ 60 SOA ns host 1 2 3 4 5", "@ 60 NS ns.example.net.", "@ 60 MX 10 mail", '@ 60 TXT "apex"']
    lines += ["static 60 A 192.0.2.77", "hop 20 CNAME www", alias_line("@", 50, target)]
    steered = {
        (f"{name}.z.test.", rdtype): id_ for name, id_ in (("www", WWW), ("sticky", STICKY)) for rdtype in ("A", "AAAA")
    }
    return World(policies=policies).add_zone("z.test.", "\n".join(lines), steered)


def apex(open_door: OpenDoor, target: str, health: Health = BOTH_UP) -> Door:
    return open_door(world(target), health)


@pytest.mark.parametrize(("rdtype", "address"), [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")])
def test_a_steered_target_is_steered(open_door: OpenDoor, rdtype: str, address: str) -> None:
    answer = ask(apex(open_door, "www.z.test."), "z.test.", rdtype)
    assert texts(answer.answer) == [f"z.test. 30 {rdtype} {address}"]


def test_a_target_that_is_down_is_left(open_door: OpenDoor) -> None:
    door = apex(open_door, "www.z.test.", FIRST_DOWN)
    assert texts(ask(door, "z.test.", "A").answer) == ["z.test. 30 A 192.0.2.2"]
    assert texts(ask(door, "z.test.", "AAAA").answer) == ["z.test. 30 AAAA 2001:db8::1"]


def test_the_lowest_ttl_on_the_way_holds(open_door: OpenDoor) -> None:
    assert texts(ask(apex(open_door, "hop.z.test."), "z.test.", "A").answer) == ["z.test. 20 A 192.0.2.1"]


def test_no_cname_ever_shows(open_door: OpenDoor) -> None:
    for rdtype in ["A", "AAAA", "CNAME", "ANY"]:
        answer = ask(apex(open_door, "hop.z.test."), "z.test.", rdtype)
        assert "CNAME" not in " ".join(texts(answer.answer))


@pytest.mark.parametrize(
    ("rdtype", "said"), [("MX", "z.test. 60 MX 10 mail.z.test."), ("TXT", 'z.test. 60 TXT "apex"')]
)
def test_the_apex_keeps_its_other_records(open_door: OpenDoor, rdtype: str, said: str) -> None:
    assert texts(ask(apex(open_door, "www.z.test."), "z.test.", rdtype).answer) == [said]


def test_the_scope_is_that_of_the_targets_steering(open_door: OpenDoor) -> None:
    subnet = dns.edns.ECSOption("203.0.113.0", 26)
    for target, scope in [("www.z.test.", 0), ("sticky.z.test.", 24), ("static.z.test.", 0)]:
        answer = ask(apex(open_door, target), "z.test.", "A", use_edns=0, options=[subnet])
        assert answer.options == (dns.edns.ECSOption("203.0.113.0", 26, scope),)


def test_sticky_clients_get_what_the_target_itself_would_give_them(open_door: OpenDoor) -> None:
    door = apex(open_door, "sticky.z.test.")
    for octet in range(30):
        option = dns.edns.ECSOption(f"203.0.{octet}.0", 24)
        answers = [ask(door, name, "A", use_edns=0, options=[option]) for name in ("z.test.", "sticky.z.test.")]
        assert len({str(answer.answer[0][0]) for answer in answers}) == 1


def test_a_foreign_target_is_answered_from_what_was_last_resolved(open_door: OpenDoor) -> None:
    known = {"cdn.example.net.": {"ipv4": ["198.51.100.7", "198.51.100.8"], "ipv6": [], "ttl": 40}}
    door = open_door(world("cdn.example.net.", known), BOTH_UP)
    assert texts(ask(door, "z.test.", "A").answer) == ["z.test. 40 A 198.51.100.7", "z.test. 40 A 198.51.100.8"]
    nodata = ask(door, "z.test.", "AAAA")
    assert (nodata.rcode(), nodata.answer) == (dns.rcode.NOERROR, [])
    assert [rrset.rdtype for rrset in nodata.authority] == [dns.rdatatype.SOA]


def test_a_foreign_target_that_nobody_resolved_is_a_servfail(open_door: OpenDoor) -> None:
    """No data would be believed and cached."""
    assert ask(apex(open_door, "lost.example.net."), "z.test.", "A").rcode() == dns.rcode.SERVFAIL


def test_a_target_that_is_missing_leaves_the_apex_without_addresses(open_door: OpenDoor) -> None:
    answer = ask(apex(open_door, "missing.z.test."), "z.test.", "A")
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


def test_a_dname_that_leads_too_far_is_not_the_clients_affair(open_door: OpenDoor) -> None:
    label = "x" * 60
    zone = f"@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nlong 60 DNAME {label}.{label}.{label}"
    lines = [zone, alias_line("@", 50, f"{label}.{label}.long.z.test.")]
    answer = ask(open_door(World().add_zone("z.test.", "\n".join(lines))), "z.test.", "A")
    assert (answer.rcode(), answer.answer) == (dns.rcode.SERVFAIL, [])

"""Addresses that the client will ask for next: RFC 1035 section 3.3, RFC 2782 and RFC 9460 section 4.1."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from responder import Health
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.responder.test_steered_answers import endpoint, policy, pool
from tests.worlds import World

ZONE = """
@             60 SOA   ns host 1 2 3 4 5
@             60 NS    ns
@             60 NS    ns.b.test.
@             60 NS    ns.example.net.
ns            60 A     192.0.2.53
ns            60 AAAA  2001:db8::53
@             60 MX    10 mail
@             60 MX    20 mail
@             60 MX    30 mail.b.test.
@             60 MX    40 mail.example.net.
mail          70 A     192.0.2.25
_web._tcp     60 SRV   0 0 80 www
www           60 A     192.0.2.80
www           60 AAAA  2001:db8::80
pointer       60 CNAME www
cnamed        60 MX    10 pointer
missing       60 MX    10 gone
cut           60 NS    ns.cut
ns.cut        60 A     192.0.2.99
glued         60 MX    10 ns.cut
refused       60 MX    0 .
steered       60 MX    10 anycast
*.wild        60 MX    10 mail
tomx          60 CNAME x.wild
ptr           60 PTR   www
"""
OTHER = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.54\nmail 60 A 192.0.2.26"
ANYCAST = 5

NS = ["ns.a.test. 60 A 192.0.2.53", "ns.a.test. 60 AAAA 2001:db8::53", "ns.b.test. 60 A 192.0.2.54"]
MAIL = ["mail.a.test. 70 A 192.0.2.25"]
WWW = ["www.a.test. 60 A 192.0.2.80", "www.a.test. 60 AAAA 2001:db8::80"]


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    policies = {
        "format": 1,
        "regions": [{"id": 1, "name": "eu", "latitude": 50.1, "longitude": 8.7}],
        "endpoints": [endpoint(10, ipv4="192.0.2.1")],
        "pools": [pool(1, 10)],
        "policies": [policy(ANYCAST, 1)],
        "flattened": {},
    }
    world = World(policies=policies).add_zone("b.test.", OTHER)
    return open_door(world.add_zone("a.test.", ZONE, {("anycast.a.test.", "A"): ANYCAST}), Health())


@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        pytest.param("a.test.", "NS", NS, id="name servers of the apex"),
        pytest.param("a.test.", "MX", [*MAIL, "mail.b.test. 60 A 192.0.2.26"], id="mail servers, each once"),
        pytest.param("_web._tcp.a.test.", "SRV", WWW, id="servers of a service"),
        pytest.param("x.wild.a.test.", "MX", MAIL, id="through a wildcard"),
        pytest.param("tomx.a.test.", "MX", MAIL, id="at the end of a chain"),
    ],
)
def test_addresses_in_our_zones_come_along(door: Door, name: str, rdtype: str, expected: list[str]) -> None:
    answer = ask(door, name, rdtype, tcp=True)
    assert texts(answer.additional) == expected
    assert answer.flags & dns.flags.AA


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("cnamed", id="an alias is not followed"),
        pytest.param("missing", id="a missing name is not denied"),
        pytest.param("glued", id="glue is not ours to answer"),
        pytest.param("refused", id="no mail (RFC 7505)"),
        pytest.param("steered", id="a choice made for one client would narrow the scope of a static answer"),
    ],
)
def test_others_are_left_for_the_client_to_ask(door: Door, name: str) -> None:
    answer = ask(door, f"{name}.a.test.", "MX")
    assert (answer.rcode(), len(answer.answer)) == (dns.rcode.NOERROR, 1)
    assert (answer.authority, answer.additional) == ([], [])


@pytest.mark.parametrize(
    ("name", "rdtype"), [("a.test.", "ANY"), ("a.test.", "SOA"), ("ptr.a.test.", "PTR"), ("www.a.test.", "A")]
)
def test_other_types_bring_nothing_along(door: Door, name: str, rdtype: str) -> None:
    assert ask(door, name, rdtype).additional == []


def test_the_scope_stays_0(door: Door) -> None:
    subnet = dns.edns.ECSOption("203.0.113.0", 24)
    answer = ask(door, "steered.a.test.", "MX", use_edns=0, options=[subnet])
    assert answer.options == (dns.edns.ECSOption("203.0.113.0", 24, 0),)


def test_a_truncated_answer_brings_nothing_along(open_door: OpenDoor) -> None:
    start = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
    zone = start + "\n".join(f"@ 60 MX {i} m{i}\nm{i} 60 A 192.0.2.{i}" for i in range(1, 41))
    answer = ask(open_door(World().add_zone("a.test.", zone)), "a.test.", "MX")
    assert answer.flags & dns.flags.TC
    assert (answer.answer, answer.additional) == ([], [])

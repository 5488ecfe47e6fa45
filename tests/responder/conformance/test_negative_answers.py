"""Names and types that are not there: RFC 2308, RFC 8020 and RFC 8499."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.worlds import world_of

ZONE = """
@           3600 SOA ns host 1 7200 900 1209600 300
@           3600 NS  ns
ns          60   A   192.0.2.53
a.b.c       60   A   192.0.2.1
_tcp._x     60   SRV 0 0 0 .
"""


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world_of("z.test.", ZONE))


def denied_by(answer: dns.message.Message) -> list[str]:
    assert answer.flags & dns.flags.AA
    assert (answer.answer, answer.additional) == ([], [])
    return [text.split(" SOA ")[0] for text in texts(answer.authority)]


@pytest.mark.parametrize("name", ["c.z.test.", "b.c.z.test.", "_x.z.test."])
@pytest.mark.parametrize("rdtype", ["A", "NS", "ANY", "TYPE65280"])
def test_an_empty_non_terminal_is_no_data(door: Door, name: str, rdtype: str) -> None:
    """RFC 8020: NXDOMAIN would deny what is below it too."""
    answer = ask(door, name, rdtype)
    assert answer.rcode() == dns.rcode.NOERROR
    assert denied_by(answer) == ["z.test. 300"]


@pytest.mark.parametrize("name", ["d.z.test.", "x.c.z.test.", "x.a.b.c.z.test.", "x.y.z.z.test."])
def test_what_has_nothing_at_or_below_it_does_not_exist(door: Door, name: str) -> None:
    answer = ask(door, name, "A")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert denied_by(answer) == ["z.test. 300"]


@pytest.mark.parametrize("rdtype", ["TXT", "CNAME", "TYPE65280", "RRSIG", "DS", "DNAME", "HTTPS"])
def test_an_existing_name_without_the_type_is_no_data(door: Door, rdtype: str) -> None:
    """RFC 8906 section 8.1.2: also for types that the server does not know."""
    answer = ask(door, "ns.z.test.", rdtype)
    assert answer.rcode() == dns.rcode.NOERROR
    assert denied_by(answer) == ["z.test. 300"]


@pytest.mark.parametrize(("soa_ttl", "minimum", "expected"), [(20, 300, 20), (300, 20, 20), (0, 300, 0), (300, 0, 0)])
def test_the_soa_has_the_lesser_of_its_ttl_and_its_minimum(
    open_door: OpenDoor, soa_ttl: int, minimum: int, expected: int
) -> None:
    """RFC 2308 section 3."""
    door = open_door(world_of("z.test.", f"@ {soa_ttl} SOA ns host 1 2 3 4 {minimum}\n@ 60 NS ns"))
    for name in ["no.z.test.", "z.test."]:
        assert ask(door, name, "TXT").authority[0].ttl == expected


def test_a_soa_that_was_asked_for_keeps_its_own_ttl(door: Door) -> None:
    assert ask(door, "z.test.", "SOA").answer[0].ttl == 3600
    assert ask(door, "z.test.", "SOA").authority == []


def test_the_soa_is_the_closest_zones(open_door: OpenDoor) -> None:
    world = world_of("z.test.", ZONE).add_zone("a.z.test.", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns")
    answer = ask(open_door(world), "x.a.z.test.", "A")
    assert denied_by(answer) == ["a.z.test. 5"]

"""Extended DNS errors (RFC 8914), where they help the client's operator."""

import dns.edns
import dns.message
import dns.rcode
import pytest

from responder import Health, Settings
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask
from tests.responder.queries import answer_to, opt, query_with_opt, question
from tests.responder.test_steered_answers import endpoint, policy, pool
from tests.worlds import World, alias_line

STALE, PROHIBITED, STALE_NXDOMAIN, NOT_AUTHORITATIVE, NOT_SUPPORTED, NO_REACHABLE_AUTHORITY = 3, 18, 19, 20, 21, 22
FENCED = 5
FENCE = {
    "kind": "fence",
    "label": None,
    "allow": ["cidr:192.0.2.0/24"],
    "deny": [],
    "if_empty": {"action": "refuse"},
}


def world() -> World:
    policies = {
        "format": 1,
        "regions": [{"id": 1, "name": "eu", "latitude": 50.1, "longitude": 8.7}],
        "endpoints": [endpoint(10, ipv4="192.0.2.1")],
        "pools": [pool(1, 10)],
        "policies": [policy(FENCED, 1, FENCE)],
        "flattened": {},
    }
    lines = ["@ 60 SOA ns host 1 2 3 4 5", "@ 60 NS ns", "www 60 A 192.0.2.1", "out 60 CNAME www.example.net."]
    zone = "\n".join([*lines, alias_line("lost", 60, "lost.example.net.")])
    return World(policies=policies).add_zone("z.test.", zone, {("fenced.z.test.", "A"): FENCED})


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world())


@pytest.fixture
def stale(open_door: OpenDoor) -> Door:
    return open_door(world(), None, Settings(stale=True))


def errors(answer: dns.message.Message) -> list[int]:
    return [int(said.code) for said in answer.options if isinstance(said, dns.edns.EDEOption)]


def errors_of(door: Door, name: str) -> list[int]:
    return errors(ask(door, name, "A", use_edns=0))


def test_a_foreign_name_is_not_ours_to_answer(door: Door) -> None:
    assert errors_of(door, "www.example.net.") == [NOT_AUTHORITATIVE]
    assert errors_of(door, ".") == [NOT_AUTHORITATIVE]


def test_a_chain_that_leaves_is_no_error(door: Door) -> None:
    assert errors_of(door, "out.z.test.") == []


@pytest.mark.parametrize("name", ["www.z.test.", "missing.z.test.", "z.test."])
def test_plain_answers_have_none(door: Door, name: str) -> None:
    assert errors_of(door, name) == []


def test_a_client_outside_the_fence_is_prohibited(door: Door) -> None:
    answer = ask(door, "fenced.z.test.", "A", use_edns=0)
    assert (answer.rcode(), answer.answer, errors(answer)) == (dns.rcode.NOERROR, [], [PROHIBITED])


def test_a_client_inside_the_fence_is_not(open_door: OpenDoor) -> None:
    subnet = dns.edns.ECSOption("192.0.2.0", 24)
    answer = ask(open_door(world(), Health()), "fenced.z.test.", "A", use_edns=0, options=[subnet])
    assert (len(answer.answer), errors(answer)) == (1, [])


def test_an_alias_whose_target_nobody_could_resolve_says_so(door: Door) -> None:
    answer = ask(door, "lost.z.test.", "A", use_edns=0)
    assert (answer.rcode(), errors(answer)) == (dns.rcode.SERVFAIL, [NO_REACHABLE_AUTHORITY])


@pytest.mark.parametrize("rdtype", [252, 253, 254])
def test_what_is_not_offered_is_not_supported(door: Door, rdtype: int) -> None:
    answer = answer_to(door, query_with_opt(opt(), asked=question("z.test.", rdtype)))
    assert errors(answer) == [NOT_SUPPORTED]


class TestStale:
    @pytest.mark.parametrize("name", ["www.z.test.", "z.test.", "out.z.test."])
    def test_every_answer_from_an_old_snapshot_is(self, stale: Door, name: str) -> None:
        assert errors_of(stale, name) == [STALE]

    def test_a_name_that_did_not_exist_then_has_a_code_of_its_own(self, stale: Door) -> None:
        assert errors_of(stale, "missing.z.test.") == [STALE_NXDOMAIN]

    def test_a_more_telling_error_stays(self, stale: Door) -> None:
        assert errors_of(stale, "www.example.net.") == [NOT_AUTHORITATIVE]
        assert errors_of(stale, "fenced.z.test.") == [PROHIBITED]


def test_who_has_no_edns_gets_none(stale: Door) -> None:
    assert ask(stale, "www.z.test.", "A").edns == -1
    assert ask(stale, "www.example.net.", "A").edns == -1


def test_it_never_pushes_an_answer_out(open_door: OpenDoor) -> None:
    """What is left of 512 octets holds the OPT record, and not the error too."""
    first = '@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nx 60 TXT "'
    for length in range(200, 230):
        zone = f'{first}{"a" * 220}" "{"b" * length}"'
        plain = open_door(World().add_zone("z.test.", zone))
        stale = open_door(World().add_zone("z.test.", zone), None, Settings(stale=True))
        sizes = [len(ask(door, "x.z.test.", "TXT", use_edns=0, payload=512).answer) for door in (plain, stale)]
        assert sizes[0] == sizes[1]

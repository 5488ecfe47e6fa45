"""QTYPE ANY (RFC 8482) and QCLASS ANY (RFC 1034 section 3.7.1)."""

import dns.flags
import dns.rcode
import dns.rdataclass
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.responder.queries import answer_to, query_with, question
from tests.worlds import alias_line, world_of

ZONE = "\n".join(
    [
        "@ 60 SOA ns host 1 2 3 4 5",
        "@ 60 NS ns",
        "ns 60 A 192.0.2.53",
        "www 60 A 192.0.2.1",
        "www 60 A 192.0.2.2",
        'www 60 TXT "much to say"',
        "pointer 60 CNAME www",
        "moved 60 DNAME new",
        '*.wild 60 TXT "wild"',
        "a.ent 60 A 192.0.2.3",
        "cut 60 NS ns.example.net.",
        alias_line("flat", 60, "www.z.test."),
    ]
)


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world_of("z.test.", ZONE))


@pytest.mark.parametrize("tcp", [False, True])
def test_one_record_set_is_answer_enough(door: Door, tcp: bool) -> None:
    """RFC 8482 section 4.1."""
    answer = ask(door, "www.z.test.", "ANY", tcp=tcp)
    assert texts(answer.answer) == ["www.z.test. 60 A 192.0.2.1", "www.z.test. 60 A 192.0.2.2"]
    assert answer.flags & dns.flags.AA
    assert not answer.flags & dns.flags.TC


def test_a_cname_is_that_record_set(door: Door) -> None:
    assert texts(ask(door, "pointer.z.test.", "ANY").answer) == ["pointer.z.test. 60 CNAME www.z.test."]


def test_what_is_not_ours_to_show_is_a_hinfo(door: Door) -> None:
    """RFC 8482 section 4.2."""
    answer = ask(door, "flat.z.test.", "ANY")
    assert texts(answer.answer) == ['flat.z.test. 3600 HINFO "RFC8482" ""']


def test_a_wildcard_stands_in(door: Door) -> None:
    assert texts(ask(door, "x.wild.z.test.", "ANY").answer) == ['x.wild.z.test. 60 TXT "wild"']


def test_below_a_dname_the_names_move(door: Door) -> None:
    assert texts(ask(door, "x.moved.z.test.", "ANY").answer) == [
        "moved.z.test. 60 DNAME new.z.test.",
        "x.moved.z.test. 60 CNAME x.new.z.test.",
    ]


@pytest.mark.parametrize(("name", "rcode"), [("ent", dns.rcode.NOERROR), ("missing", dns.rcode.NXDOMAIN)])
def test_where_nothing_is_nothing_is_shown(door: Door, name: str, rcode: int) -> None:
    answer = ask(door, f"{name}.z.test.", "ANY")
    assert (answer.rcode(), answer.answer) == (rcode, [])
    assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]


def test_at_a_cut_it_is_referred(door: Door) -> None:
    answer = ask(door, "cut.z.test.", "ANY")
    assert (answer.answer, answer.flags & dns.flags.AA) == ([], 0)
    assert texts(answer.authority) == ["cut.z.test. 60 NS ns.example.net."]


class TestClassAny:
    """Never authoritative (RFC 1034 section 3.7.1): other classes may have more to say."""

    def test_it_is_answered_from_the_internet_class(self, door: Door) -> None:
        answer = answer_to(door, query_with(body=question(rdclass=255)))
        assert texts(answer.answer) == ["www.z.test. 60 A 192.0.2.1", "www.z.test. 60 A 192.0.2.2"]
        assert {rrset.rdclass for rrset in answer.answer} == {dns.rdataclass.IN}
        assert not answer.flags & dns.flags.AA
        assert answer.question[0].rdclass == dns.rdataclass.ANY

    def test_it_denies_without_authority(self, door: Door) -> None:
        answer = answer_to(door, query_with(body=question("missing.z.test.", rdclass=255)))
        assert answer.rcode() == dns.rcode.NXDOMAIN
        assert not answer.flags & dns.flags.AA

    def test_a_foreign_name_is_refused_all_the_same(self, door: Door) -> None:
        assert answer_to(door, query_with(body=question("example.net.", rdclass=255))).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("rdclass", [0, 2, 3, 4, 254, 65280])
def test_other_classes_are_refused(door: Door, rdclass: int) -> None:
    answer = answer_to(door, query_with(body=question(rdclass=rdclass)))
    assert (answer.rcode(), answer.answer) == (dns.rcode.REFUSED, [])

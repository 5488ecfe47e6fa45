"""CNAME and DNAME chains: RFC 1034 sections 3.6.2 and 4.3.2, RFC 2181 section 10.1, RFC 6604 and RFC 6672."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.worlds import World, name_wire, world_of

START = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns.example.net.\n"
#: 200 octets
LONG = ".".join(["x" * 49] * 4)
ZONE = """
www       60 A     192.0.2.1
cname     60 CNAME www
nx        60 CNAME missing
nodata    60 CNAME text
text      60 TXT   "no address"
ring1     60 CNAME ring2
ring2     60 CNAME ring3
ring3     60 CNAME ring1
tail      60 CNAME ring1
into      60 CNAME www.moved
other     60 CNAME www.b.test.
othernx   60 CNAME missing.b.test.
refused   60 CNAME www.example.net.
back      60 CNAME back.b.test.
towild    60 CNAME some.wild
*.wild    60 CNAME www
moved     60 DNAME new
www.new   60 A     192.0.2.2
gone.new  60 CNAME nothing
long      60 DNAME a-target-of-medium-length.new
across    60 DNAME b.test.
spiral    60 DNAME x.spiral
first     60 DNAME second
second    60 DNAME third
host.third 60 A    192.0.2.3
"""
OTHER = "www 60 A 192.0.2.9\nback 60 CNAME www.a.test.\nmoved 60 DNAME new.a.test."


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(World().add_zone("a.test.", START + ZONE).add_zone("b.test.", START + OTHER))


def is_authoritative(answer: dns.message.Message) -> bool:
    return bool(answer.flags & dns.flags.AA)


class TestCname:
    def test_its_records_stand_in_the_order_of_the_chain(self, door: Door) -> None:
        assert texts(ask(door, "towild.a.test.", "A").answer) == [
            "towild.a.test. 60 CNAME some.wild.a.test.",
            "some.wild.a.test. 60 CNAME www.a.test.",
            "www.a.test. 60 A 192.0.2.1",
        ]

    @pytest.mark.parametrize(
        ("name", "rcode"),
        [("nx", dns.rcode.NXDOMAIN), ("nodata", dns.rcode.NOERROR), ("othernx", dns.rcode.NXDOMAIN)],
    )
    def test_the_code_is_that_of_the_last_name(self, door: Door, name: str, rcode: int) -> None:
        """RFC 6604 section 3."""
        answer = ask(door, f"{name}.a.test.", "A")
        assert (answer.rcode(), len(answer.answer)) == (rcode, 1)
        assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]
        assert is_authoritative(answer)

    def test_the_denial_is_that_of_the_last_names_zone(self, door: Door) -> None:
        assert ask(door, "othernx.a.test.", "A").authority[0].name.to_text() == "b.test."
        assert ask(door, "nx.a.test.", "A").authority[0].name.to_text() == "a.test."

    def test_it_crosses_into_another_zone_that_is_served(self, door: Door) -> None:
        assert texts(ask(door, "other.a.test.", "A").answer) == [
            "other.a.test. 60 CNAME www.b.test.",
            "www.b.test. 60 A 192.0.2.9",
        ]

    def test_it_crosses_there_and_back(self, door: Door) -> None:
        assert len(ask(door, "back.a.test.", "A").answer) == 3

    def test_out_of_what_is_served_it_stops_without_a_word(self, door: Door) -> None:
        answer = ask(door, "refused.a.test.", "A")
        assert (answer.rcode(), answer.authority, answer.additional) == (dns.rcode.NOERROR, [], [])
        assert is_authoritative(answer)
        assert texts(answer.answer) == ["refused.a.test. 60 CNAME www.example.net."]

    @pytest.mark.parametrize(("name", "links"), [("ring1", 3), ("tail", 4)])
    def test_a_loop_is_answered_once_around(self, door: Door, name: str, links: int) -> None:
        answer = ask(door, f"{name}.a.test.", "A")
        assert (answer.rcode(), len(texts(answer.answer))) == (dns.rcode.NOERROR, links)

    @pytest.mark.parametrize("rdtype", ["CNAME", "ANY"])
    def test_who_asks_for_it_gets_it_alone(self, door: Door, rdtype: str) -> None:
        assert texts(ask(door, "cname.a.test.", rdtype).answer) == ["cname.a.test. 60 CNAME www.a.test."]

    def test_a_chain_that_does_not_fit_is_cut_and_truncated(self, open_door: OpenDoor) -> None:
        chain = [f"c{n} 60 CNAME c{n + 1}" for n in range(8)]
        text = "\n".join([START, *chain, *(f'c8 60 TXT "{n:0200}"' for n in range(5))])
        answer = ask(open_door(world_of("z.test.", text)), "c0.z.test.", "TXT")
        assert answer.flags & dns.flags.TC
        assert {rrset.rdtype for rrset in answer.answer} == {dns.rdatatype.CNAME}


class TestDname:
    def test_a_cname_is_made_of_it_with_its_ttl(self, door: Door) -> None:
        """RFC 6672 section 3.1."""
        assert texts(ask(door, "www.moved.a.test.", "A").answer) == [
            "moved.a.test. 60 DNAME new.a.test.",
            "www.moved.a.test. 60 CNAME www.new.a.test.",
            "www.new.a.test. 60 A 192.0.2.2",
        ]

    def test_a_cname_can_lead_under_it(self, door: Door) -> None:
        assert len(texts(ask(door, "into.a.test.", "A").answer)) == 4

    def test_the_code_is_that_of_the_last_name(self, door: Door) -> None:
        assert ask(door, "missing.moved.a.test.", "A").rcode() == dns.rcode.NXDOMAIN
        assert ask(door, "gone.moved.a.test.", "A").rcode() == dns.rcode.NXDOMAIN
        assert ask(door, "www.moved.a.test.", "TXT").rcode() == dns.rcode.NOERROR

    def test_it_moves_nothing_at_its_owner(self, door: Door) -> None:
        answer = ask(door, "moved.a.test.", "A")
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        assert texts(ask(door, "moved.a.test.", "DNAME").answer) == ["moved.a.test. 60 DNAME new.a.test."]

    def test_asked_for_below_its_owner_it_is_followed(self, door: Door) -> None:
        answer = ask(door, "x.moved.a.test.", "DNAME")
        assert answer.rcode() == dns.rcode.NXDOMAIN
        assert [rrset.rdtype for rrset in answer.answer] == [dns.rdatatype.DNAME, dns.rdatatype.CNAME]

    def test_the_cname_made_of_it_answers_who_asks_for_one(self, door: Door) -> None:
        assert texts(ask(door, "www.moved.a.test.", "CNAME").answer) == [
            "moved.a.test. 60 DNAME new.a.test.",
            "www.moved.a.test. 60 CNAME www.new.a.test.",
        ]

    def test_one_leads_to_the_next(self, door: Door) -> None:
        assert texts(ask(door, "host.first.a.test.", "A").answer) == [
            "first.a.test. 60 DNAME second.a.test.",
            "host.first.a.test. 60 CNAME host.second.a.test.",
            "second.a.test. 60 DNAME third.a.test.",
            "host.second.a.test. 60 CNAME host.third.a.test.",
            "host.third.a.test. 60 A 192.0.2.3",
        ]

    def test_it_crosses_into_another_zone_that_is_served(self, door: Door) -> None:
        answer = ask(door, "www.moved.across.a.test.", "A")
        assert texts(answer.answer)[-1] == "www.new.a.test. 60 A 192.0.2.2"
        assert len(texts(answer.answer)) == 5

    def test_a_name_that_gets_too_long_is_yxdomain(self, door: Door) -> None:
        """RFC 6672 section 2.2; the DNAME says why."""
        name = f"{LONG}.{'y' * 30}.long.a.test."
        answer = ask(door, name, "A")
        assert answer.rcode() == dns.rcode.YXDOMAIN
        assert [rrset.rdtype for rrset in answer.answer] == [dns.rdatatype.DNAME]

    def test_a_name_of_exactly_255_octets_is_none_too_long(self, door: Door) -> None:
        room = 255 - len(name_wire("a-target-of-medium-length.new.a.test."))
        labels = ".".join(["x" * 49] * 3)
        fits = "y" * 10 + "." + "z" * (room - 3 * 50 - 11 - 1)
        assert ask(door, f"{labels}.{fits}.long.a.test.", "A", tcp=True).rcode() == dns.rcode.NXDOMAIN
        assert ask(door, f"{labels}.y{fits}.long.a.test.", "A", tcp=True).rcode() == dns.rcode.YXDOMAIN

    def test_one_that_leads_below_itself_ends(self, door: Door) -> None:
        answer = ask(door, "x.spiral.a.test.", "A")
        assert answer.rcode() in {dns.rcode.NOERROR, dns.rcode.YXDOMAIN}
        assert [rrset.rdtype for rrset in answer.answer].count(dns.rdatatype.DNAME) == 1

    def test_at_an_apex_it_leaves_the_apex_alone(self, open_door: OpenDoor) -> None:
        """RFC 6672 section 2.3."""
        world = world_of("z.test.", f"{START}@ 60 DNAME b.test.").add_zone("b.test.", START + OTHER)
        door = open_door(world)
        assert texts(ask(door, "z.test.", "NS").answer) == ["z.test. 60 NS ns.example.net."]
        assert texts(ask(door, "www.z.test.", "A").answer)[-1] == "www.b.test. 60 A 192.0.2.9"

    def test_what_stands_below_it_is_hidden(self, open_door: OpenDoor) -> None:
        door = open_door(
            world_of("z.test.", f"{START}d 60 DNAME new\nhidden.d 60 A 192.0.2.1\nhidden.new 60 A 192.0.2.2")
        )
        assert texts(ask(door, "hidden.d.z.test.", "A").answer)[-1] == "hidden.new.z.test. 60 A 192.0.2.2"


def test_a_name_that_is_a_cname_is_one_for_every_type(door: Door) -> None:
    answer = ask(door, "cname.a.test.", "TYPE65401")
    assert texts(answer.answer) == ["cname.a.test. 60 CNAME www.a.test."]

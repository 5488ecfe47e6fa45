"""Referrals: RFC 1034 section 4.2.1, RFC 2181 section 6, RFC 4035 section 3.1.4.1 and RFC 9471."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.worlds import World, world_of

START = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
ZONE = """
in          60 NS   ns.in
ns.in       60 A    192.0.2.1
ns.in       60 AAAA 2001:db8::1
host.in     60 A    192.0.2.100
sibling     60 NS   ns.in
parents     60 NS   ns
outside     60 NS   ns.example.net.
own         60 NS   own
own         60 A    192.0.2.2
upper       60 NS   ns.example.net.
deep.upper  60 NS   ns.deep.upper
ns.deep.upper 60 A  192.0.2.3
served      60 NS   ns.served
ns.served   60 A    192.0.2.4
to.in       60 CNAME host.in
into        60 CNAME host.in
glue        60 MX   10 ns.in
"""
CHILD = "@ 60 SOA ns host 7 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.44\nhost 60 A 192.0.2.45\n"


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(World().add_zone("z.test.", START + ZONE).add_zone("served.z.test.", CHILD))


def assert_referral(answer: dns.message.Message, *servers: str) -> None:
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.flags & dns.flags.AA
    assert answer.answer == []
    assert texts(answer.authority) == list(servers)


class TestReferral:
    @pytest.mark.parametrize(
        ("name", "rdtype"), [("in", "A"), ("in", "NS"), ("in", "SOA"), ("in", "ANY"), ("x.y.in", "A"), ("x.in", "DS")]
    )
    def test_at_the_cut_and_below_all_is_referred(self, door: Door, name: str, rdtype: str) -> None:
        assert_referral(ask(door, f"{name}.z.test.", rdtype), "in.z.test. 60 NS ns.in.z.test.")

    @pytest.mark.parametrize("name", ["ns.in", "host.in", "own"])
    def test_glue_is_never_an_answer(self, door: Door, name: str) -> None:
        assert ask(door, f"{name}.z.test.", "A").answer == []

    def test_what_stands_below_a_cut_is_never_followed(self, door: Door) -> None:
        answer = ask(door, "into.z.test.", "A")
        assert texts(answer.answer) == ["into.z.test. 60 CNAME host.in.z.test."]
        assert texts(answer.authority) == ["in.z.test. 60 NS ns.in.z.test."]

    def test_a_cut_below_a_cut_is_the_upper_ones(self, door: Door) -> None:
        assert_referral(ask(door, "x.deep.upper.z.test.", "A"), "upper.z.test. 60 NS ns.example.net.")

    def test_the_name_servers_of_the_apex_are_an_answer(self, door: Door) -> None:
        answer = ask(door, "z.test.", "NS")
        assert texts(answer.answer) == ["z.test. 60 NS ns.z.test."]
        assert answer.flags & dns.flags.AA
        assert answer.authority == []


class TestGlue:
    @pytest.mark.parametrize(
        ("cut", "glue"),
        [
            pytest.param("in", {"ns.in.z.test. 60 A 192.0.2.1", "ns.in.z.test. 60 AAAA 2001:db8::1"}, id="in domain"),
            pytest.param(
                "sibling", {"ns.in.z.test. 60 A 192.0.2.1", "ns.in.z.test. 60 AAAA 2001:db8::1"}, id="sibling"
            ),
            pytest.param("parents", {"ns.z.test. 60 A 192.0.2.53"}, id="the parent's own"),
            pytest.param("own", {"own.z.test. 60 A 192.0.2.2"}, id="the cut itself"),
            pytest.param("outside", set(), id="out of bailiwick"),
        ],
    )
    def test_it_comes_with_the_referral(self, door: Door, cut: str, glue: set[str]) -> None:
        assert set(texts(ask(door, f"x.{cut}.z.test.", "A").additional)) == glue

    def crowded(self, open_door: OpenDoor, owner: str) -> Door:
        servers = [f"cut 60 NS ns{n:02}.{owner}" for n in range(12)]
        glue = [f"ns{n:02}.{owner} 60 AAAA 2001:db8::{n + 1:x}" for n in range(12)]
        other = ["sister 60 NS ns.example.net."]
        return open_door(world_of("z.test.", START + "\n".join([*servers, *glue, *other])))

    def test_in_domain_glue_that_does_not_fit_truncates(self, open_door: OpenDoor) -> None:
        """RFC 9471 section 3.1."""
        answer = ask(self.crowded(open_door, "cut"), "x.cut.z.test.", "A")
        assert answer.flags & dns.flags.TC
        whole = ask(self.crowded(open_door, "cut"), "x.cut.z.test.", "A", tcp=True)
        assert not whole.flags & dns.flags.TC
        assert len(whole.additional) == 12

    def test_sibling_glue_that_does_not_fit_is_left_out(self, open_door: OpenDoor) -> None:
        """RFC 9471 section 3.2."""
        answer = ask(self.crowded(open_door, "sister"), "x.cut.z.test.", "A")
        assert not answer.flags & dns.flags.TC
        assert 0 < len(answer.additional) < 12
        assert len(texts(answer.authority)) == 12


class TestParentAndChildHere:
    def test_below_the_cut_the_child_answers(self, door: Door) -> None:
        answer = ask(door, "host.served.z.test.", "A")
        assert texts(answer.answer) == ["host.served.z.test. 60 A 192.0.2.45"]
        assert answer.flags & dns.flags.AA

    def test_the_childs_own_name_servers_answer(self, door: Door) -> None:
        answer = ask(door, "served.z.test.", "NS")
        assert texts(answer.answer) == ["served.z.test. 60 NS ns.served.z.test."]
        assert answer.flags & dns.flags.AA

    def test_what_the_parent_holds_as_glue_is_the_childs_to_answer(self, door: Door) -> None:
        assert texts(ask(door, "ns.served.z.test.", "A").answer) == ["ns.served.z.test. 60 A 192.0.2.44"]

    def test_the_child_denies(self, door: Door) -> None:
        answer = ask(door, "missing.served.z.test.", "A")
        assert answer.rcode() == dns.rcode.NXDOMAIN
        assert answer.authority[0].name.to_text() == "served.z.test."

    def test_a_ds_is_the_parents_to_deny(self, door: Door) -> None:
        answer = ask(door, "served.z.test.", "DS")
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        assert answer.authority[0].name.to_text() == "z.test."
        assert answer.flags & dns.flags.AA

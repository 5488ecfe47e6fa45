"""What the responder says about static zones, rule by rule."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.worlds import World, world_of

DEMO = r"""
@        3600 SOA   ns1 host 1 7200 900 1209600 300
@        3600 NS    ns1
@        3600 NS    ns.elsewhere.example.
@        300  MX    10 mail
ns1      60   A     192.0.2.1
www      60   A     192.0.2.2
www      60   A     192.0.2.3
www      60   AAAA  2001:db8::2
short    30   CNAME www
long     60   CNAME longer
longer   60   CNAME short
dangling 60   CNAME missing
outside  60   CNAME www.example.net.
loop     60   CNAME pool
pool     60   CNAME loop
self     60   CNAME self
a.b.ent  60   A     192.0.2.10
*.wild   60   TXT   "wild"
*.wild   60   MX    10 mail
there.wild 60 A     192.0.2.20
x.deep.wild 60 A    192.0.2.21
*.alias  60   CNAME www
child    60   NS    ns.child
child    60   NS    ns.sister
child    60   NS    ns1
child    60   DS    1 13 1 0123456789abcdef0123456789abcdef01234567
ns.child 60   A     192.0.2.30
ns.child 60   AAAA  2001:db8::30
*.child  60   A     192.0.2.31
sister   60   NS    ns.sister
ns.sister 60  A     192.0.2.40
into     60   CNAME host.child
moved    60   DNAME new
moved    60   TXT   "here until Friday"
www.new  60   A     192.0.2.50
gone     60   DNAME new.somewhere.example.net.
strange  60   TYPE65280 \# 3 010203
"""


@pytest.fixture
def demo(open_door: OpenDoor) -> Door:
    return open_door(world_of("demo.test.", DEMO))


SOA = "demo.test. 300 SOA ns1.demo.test. host.demo.test. 1 7200 900 1209600 300"
WWW = ["www.demo.test. 60 A 192.0.2.2", "www.demo.test. 60 A 192.0.2.3"]


def is_authoritative(answer: dns.message.Message) -> bool:
    return bool(answer.flags & dns.flags.AA)


def assert_denied(answer: dns.message.Message, rcode: dns.rcode.Rcode) -> None:
    assert answer.rcode() == rcode
    assert texts(answer.authority) == [SOA]
    assert is_authoritative(answer)


def test_a_record_set_is_answered_whole_and_in_order(demo: Door) -> None:
    answer = ask(demo, "www.demo.test.", "A")
    assert texts(answer.answer) == WWW
    assert is_authoritative(answer)
    assert not answer.flags & dns.flags.RA
    assert (answer.authority, answer.additional) == ([], [])


def test_the_case_of_the_question_is_kept(demo: Door) -> None:
    answer = ask(demo, "wWw.DeMo.TEST.", "A")
    assert answer.question[0].name.to_text() == "wWw.DeMo.TEST."
    assert answer.answer[0].name.to_text() == "wWw.DeMo.TEST."


def test_recursion_desired_is_copied(demo: Door) -> None:
    assert ask(demo, "www.demo.test.", "A").flags & dns.flags.RD
    assert not ask(demo, "www.demo.test.", "A", flags=0).flags & dns.flags.RD


def test_an_unknown_type_is_served_as_it_is(demo: Door) -> None:
    assert texts(ask(demo, "strange.demo.test.", "TYPE65280").answer) == [
        "strange.demo.test. 60 TYPE65280 \\# 3 010203"
    ]


def test_a_missing_name_is_nxdomain_with_the_soa(demo: Door) -> None:
    assert_denied(ask(demo, "missing.demo.test.", "A"), dns.rcode.NXDOMAIN)


def test_a_missing_type_is_nodata_with_the_soa(demo: Door) -> None:
    assert_denied(ask(demo, "www.demo.test.", "TXT"), dns.rcode.NOERROR)


@pytest.mark.parametrize("name", ["ent.demo.test.", "b.ent.demo.test."])
def test_an_empty_non_terminal_exists(demo: Door, name: str) -> None:
    assert_denied(ask(demo, name, "A"), dns.rcode.NOERROR)


def test_the_negative_ttl_is_the_soas_own_if_that_is_less(open_door: OpenDoor) -> None:
    door = open_door(world_of("z.test.", "@ 20 SOA ns host 1 2 3 4 300\n@ 60 NS ns"))
    assert ask(door, "no.z.test.", "A").authority[0].ttl == 20
    assert ask(door, "z.test.", "SOA").answer[0].ttl == 20


class TestOutside:
    def test_a_foreign_name_is_refused(self, demo: Door) -> None:
        answer = ask(demo, "www.example.net.", "A")
        assert answer.rcode() == dns.rcode.REFUSED
        assert not is_authoritative(answer)
        assert texts(answer.authority) == []

    def test_a_name_that_only_ends_alike_is_refused(self, demo: Door) -> None:
        assert ask(demo, "notdemo.test.", "A").rcode() == dns.rcode.REFUSED

    @pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
    def test_transfers_are_refused(self, demo: Door, rdtype: str) -> None:
        query = dns.message.make_query("demo.test.", "A")
        query.question[0].rdtype = dns.rdatatype.from_text(rdtype)
        wire = demo.ask_raw(query.to_wire(), tcp=True)
        assert wire is not None
        assert wire[3] & 0x0F == dns.rcode.REFUSED

    def test_other_classes_are_refused(self, demo: Door) -> None:
        assert ask(demo, "version.bind.", "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED


class TestWildcards:
    def test_a_wildcard_stands_in_under_the_name_asked(self, demo: Door) -> None:
        assert texts(ask(demo, "any.wild.demo.test.", "TXT").answer) == ['any.wild.demo.test. 60 TXT "wild"']

    def test_it_covers_names_of_several_labels(self, demo: Door) -> None:
        assert texts(ask(demo, "a.b.c.wild.demo.test.", "TXT").answer) == ['a.b.c.wild.demo.test. 60 TXT "wild"']

    def test_it_can_lack_the_type(self, demo: Door) -> None:
        assert_denied(ask(demo, "any.wild.demo.test.", "A"), dns.rcode.NOERROR)

    def test_an_existing_name_is_not_covered(self, demo: Door) -> None:
        assert_denied(ask(demo, "there.wild.demo.test.", "TXT"), dns.rcode.NOERROR)

    def test_it_does_not_reach_below_an_existing_name(self, demo: Door) -> None:
        assert_denied(ask(demo, "below.there.wild.demo.test.", "TXT"), dns.rcode.NXDOMAIN)

    def test_it_does_not_reach_below_an_empty_non_terminal(self, demo: Door) -> None:
        assert_denied(ask(demo, "deep.wild.demo.test.", "TXT"), dns.rcode.NOERROR)
        assert_denied(ask(demo, "y.deep.wild.demo.test.", "TXT"), dns.rcode.NXDOMAIN)

    def test_it_can_be_asked_by_name(self, demo: Door) -> None:
        assert texts(ask(demo, "*.wild.demo.test.", "TXT").answer) == ['*.wild.demo.test. 60 TXT "wild"']

    def test_a_wildcard_cname_is_followed(self, demo: Door) -> None:
        answer = ask(demo, "any.alias.demo.test.", "A")
        assert texts(answer.answer) == ["any.alias.demo.test. 60 CNAME www.demo.test.", *WWW]

    def test_it_does_not_reach_below_a_delegation(self, demo: Door) -> None:
        assert ask(demo, "any.child.demo.test.", "A").answer == []


class TestCname:
    def test_a_chain_is_followed_to_its_end(self, demo: Door) -> None:
        assert texts(ask(demo, "long.demo.test.", "A").answer) == [
            "long.demo.test. 60 CNAME longer.demo.test.",
            "longer.demo.test. 60 CNAME short.demo.test.",
            "short.demo.test. 30 CNAME www.demo.test.",
            *WWW,
        ]

    def test_a_cname_that_was_asked_for_is_not_followed(self, demo: Door) -> None:
        assert texts(ask(demo, "long.demo.test.", "CNAME").answer) == ["long.demo.test. 60 CNAME longer.demo.test."]

    def test_the_code_is_that_of_the_last_name(self, demo: Door) -> None:
        answer = ask(demo, "dangling.demo.test.", "A")
        assert_denied(answer, dns.rcode.NXDOMAIN)
        assert texts(answer.answer) == ["dangling.demo.test. 60 CNAME missing.demo.test."]

    def test_a_missing_type_at_the_end_is_nodata(self, demo: Door) -> None:
        answer = ask(demo, "short.demo.test.", "TXT")
        assert_denied(answer, dns.rcode.NOERROR)
        assert len(answer.answer) == 1

    def test_a_target_outside_ends_the_answer(self, demo: Door) -> None:
        answer = ask(demo, "outside.demo.test.", "A")
        assert answer.rcode() == dns.rcode.NOERROR
        assert texts(answer.answer) == ["outside.demo.test. 60 CNAME www.example.net."]
        assert answer.authority == []

    @pytest.mark.parametrize(("name", "links"), [("loop", 2), ("self", 1)])
    def test_a_loop_ends_with_the_answer_so_far(self, demo: Door, name: str, links: int) -> None:
        answer = ask(demo, f"{name}.demo.test.", "A")
        assert answer.rcode() == dns.rcode.NOERROR
        assert len(answer.answer) == links

    def test_an_endless_chain_is_cut(self, open_door: OpenDoor) -> None:
        links = "\n".join(f"c{number} 60 CNAME c{number + 1}" for number in range(100))
        door = open_door(world_of("z.test.", f"@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\n{links}"))
        assert len(ask(door, "c0.z.test.", "A", tcp=True).answer) == 16

    def test_a_chain_into_a_delegation_ends_in_a_referral(self, demo: Door) -> None:
        answer = ask(demo, "into.demo.test.", "A")
        assert texts(answer.answer) == ["into.demo.test. 60 CNAME host.child.demo.test."]
        assert answer.authority[0].name.to_text() == "child.demo.test."
        assert is_authoritative(answer)


class TestDelegation:
    SERVERS = [
        "child.demo.test. 60 NS ns.child.demo.test.",
        "child.demo.test. 60 NS ns.sister.demo.test.",
        "child.demo.test. 60 NS ns1.demo.test.",
    ]
    GLUE = {
        "ns.child.demo.test. 60 A 192.0.2.30",
        "ns.child.demo.test. 60 AAAA 2001:db8::30",
        "ns.sister.demo.test. 60 A 192.0.2.40",
        "ns1.demo.test. 60 A 192.0.2.1",
    }

    @pytest.mark.parametrize(
        ("name", "rdtype"),
        [
            ("child", "A"),
            ("child", "NS"),
            ("host.child", "A"),
            ("ns.child", "A"),
            ("a.b.c.child", "TXT"),
            ("host.child", "DS"),
        ],
    )
    def test_all_at_and_below_is_referred(self, demo: Door, name: str, rdtype: str) -> None:
        answer = ask(demo, f"{name}.demo.test.", rdtype)
        assert answer.rcode() == dns.rcode.NOERROR
        assert not is_authoritative(answer)
        assert answer.answer == []
        assert texts(answer.authority) == self.SERVERS
        assert set(texts(answer.additional)) == self.GLUE

    def test_the_ds_set_is_the_parents(self, demo: Door) -> None:
        answer = ask(demo, "child.demo.test.", "DS")
        assert texts(answer.answer) == ["child.demo.test. 60 DS 1 13 1 0123456789abcdef0123456789abcdef01234567"]
        assert is_authoritative(answer)

    def test_a_missing_ds_set_is_the_parents_to_deny(self, demo: Door) -> None:
        assert_denied(ask(demo, "sister.demo.test.", "DS"), dns.rcode.NOERROR)


class TestParentAndChild:
    CHILD = "@ 60 SOA ns host 7 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.99\nhost 60 A 192.0.2.98"

    @pytest.fixture
    def both(self, open_door: OpenDoor) -> Door:
        return open_door(World().add_zone("demo.test.", DEMO).add_zone("child.demo.test.", self.CHILD))

    def test_the_deepest_zone_answers(self, both: Door) -> None:
        answer = ask(both, "host.child.demo.test.", "A")
        assert texts(answer.answer) == ["host.child.demo.test. 60 A 192.0.2.98"]
        assert is_authoritative(answer)

    def test_a_ds_is_asked_of_the_parent(self, both: Door) -> None:
        assert texts(ask(both, "child.demo.test.", "DS").answer) == [
            "child.demo.test. 60 DS 1 13 1 0123456789abcdef0123456789abcdef01234567"
        ]

    def test_a_ds_without_a_parent_here_is_nodata(self, both: Door) -> None:
        assert_denied(ask(both, "demo.test.", "DS"), dns.rcode.NOERROR)

    def test_a_chain_crosses_zones(self, both: Door) -> None:
        assert texts(ask(both, "into.demo.test.", "A").answer) == [
            "into.demo.test. 60 CNAME host.child.demo.test.",
            "host.child.demo.test. 60 A 192.0.2.98",
        ]


class TestDname:
    def test_names_below_are_moved(self, demo: Door) -> None:
        assert texts(ask(demo, "www.moved.demo.test.", "A").answer) == [
            "moved.demo.test. 60 DNAME new.demo.test.",
            "www.moved.demo.test. 60 CNAME www.new.demo.test.",
            "www.new.demo.test. 60 A 192.0.2.50",
        ]

    def test_the_owner_itself_stays(self, demo: Door) -> None:
        assert texts(ask(demo, "moved.demo.test.", "TXT").answer) == ['moved.demo.test. 60 TXT "here until Friday"']

    def test_a_target_outside_ends_the_answer(self, demo: Door) -> None:
        assert texts(ask(demo, "a.b.gone.demo.test.", "A").answer) == [
            "gone.demo.test. 60 DNAME new.somewhere.example.net.",
            "a.b.gone.demo.test. 60 CNAME a.b.new.somewhere.example.net.",
        ]

    def test_a_name_that_gets_too_long_is_yxdomain(self, demo: Door) -> None:
        label = "x" * 58
        answer = ask(demo, f"{label}.{label}.{label}.{label}.gone.demo.test.", "A")
        assert answer.rcode() == dns.rcode.YXDOMAIN
        assert texts(answer.answer) == ["gone.demo.test. 60 DNAME new.somewhere.example.net."]


class TestAny:
    def test_one_record_set_is_answer_enough(self, demo: Door) -> None:
        assert texts(ask(demo, "www.demo.test.", "ANY").answer) == WWW

    def test_an_empty_non_terminal_has_none(self, demo: Door) -> None:
        assert_denied(ask(demo, "ent.demo.test.", "ANY"), dns.rcode.NOERROR)

    def test_a_missing_name_has_none(self, demo: Door) -> None:
        assert_denied(ask(demo, "missing.demo.test.", "ANY"), dns.rcode.NXDOMAIN)


class TestRootZone:
    @pytest.fixture
    def root(self, open_door: OpenDoor) -> Door:
        zone = "@ 60 SOA ns.test. host.test. 1 2 3 4 5\n@ 60 NS ns.test.\ntest. 60 NS ns.test.\nns.test. 60 A 192.0.2.1"
        return open_door(world_of(".", zone))

    def test_it_refers_its_children(self, root: Door) -> None:
        assert texts(ask(root, "www.test.", "A").authority) == ["test. 60 NS ns.test."]

    def test_it_denies_what_is_missing(self, root: Door) -> None:
        assert ask(root, "example.", "A").rcode() == dns.rcode.NXDOMAIN

    def test_it_answers_for_itself(self, root: Door) -> None:
        assert texts(ask(root, ".", "NS").answer) == [". 60 NS ns.test."]
        assert ask(root, ".", "DS").rcode() == dns.rcode.NOERROR

"""Wildcards: every example of RFC 4592 sections 2 and 4, on the zone of its section 2.2.1."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.worlds import world_of

#: the zone as the RFC prints it; TTLs of 3600
EXAMPLE = """
@                  3600 SOA ns.example.com. host.example.com. 1 2 3 4 60
@                  3600 NS  ns.example.com.
@                  3600 NS  ns.example.net.
*                  3600 TXT "this is a wildcard"
*                  3600 MX  10 host1
sub.*              3600 TXT "this is not a wildcard"
host1              3600 A   192.0.2.1
_ssh._tcp.host1    3600 SRV 0 0 22 host1
_ssh._tcp.host2    3600 SRV 0 0 22 host1
subdel             3600 NS  ns.example.com.
subdel             3600 NS  ns.example.net.
"""


@pytest.fixture
def example(open_door: OpenDoor) -> Door:
    return open_door(world_of("example.", EXAMPLE))


def with_records(open_door: OpenDoor, *records: str) -> Door:
    start = ["@ 60 SOA ns host 1 2 3 4 5", "@ 60 NS ns", "ns 60 A 192.0.2.53"]
    return open_door(world_of("example.", "\n".join([*start, *records])))


def is_nodata(answer: dns.message.Message) -> bool:
    return (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, []) and is_denial(answer)


def is_nxdomain(answer: dns.message.Message) -> bool:
    return (answer.rcode(), answer.answer) == (dns.rcode.NXDOMAIN, []) and is_denial(answer)


def is_denial(answer: dns.message.Message) -> bool:
    soa_alone = [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]
    return soa_alone and bool(answer.flags & dns.flags.AA)


class TestSection22:
    """Section 2.2.1: "the following responses would be synthesized from one of the wildcards"."""

    def test_host3_mx_is_synthesized(self, example: Door) -> None:
        answer = ask(example, "host3.example.", "MX")
        assert texts(answer.answer) == ["host3.example. 3600 MX 10 host1.example."]

    def test_host3_a_is_no_data(self, example: Door) -> None:
        assert is_nodata(ask(example, "host3.example.", "A"))

    def test_foo_bar_txt_is_synthesized_though_bar_does_not_exist(self, example: Door) -> None:
        answer = ask(example, "foo.bar.example.", "TXT")
        assert texts(answer.answer) == ['foo.bar.example. 3600 TXT "this is a wildcard"']


class TestSection22NotSynthesized:
    """Section 2.2.1: "the following responses would not be synthesized from any of the wildcards"."""

    def test_host1_mx_is_not_because_host1_exists(self, example: Door) -> None:
        assert is_nodata(ask(example, "host1.example.", "MX"))

    def test_sub_of_the_asterisk_mx_is_not_because_it_exists(self, example: Door) -> None:
        assert is_nodata(ask(example, "sub.*.example.", "MX"))

    def test_telnet_srv_is_not_because_tcp_of_host1_exists_without_data(self, example: Door) -> None:
        assert is_nxdomain(ask(example, "_telnet._tcp.host1.example.", "SRV"))

    def test_host_subdel_is_not_because_subdel_is_a_cut(self, example: Door) -> None:
        answer = ask(example, "host.subdel.example.", "A")
        assert not answer.flags & dns.flags.AA
        assert [rrset.name.to_text() for rrset in answer.authority] == ["subdel.example."]

    def test_ghost_of_the_asterisk_mx_is_not_because_the_asterisk_exists(self, example: Door) -> None:
        assert is_nxdomain(ask(example, "ghost.*.example.", "MX"))


class TestEmptyNonTerminals:
    """Section 2.2.2: names that exist because of what is below them."""

    @pytest.mark.parametrize("name", ["host2", "_tcp.host2", "_tcp.host1"])
    def test_they_are_no_data_and_not_the_wildcards(self, example: Door, name: str) -> None:
        assert is_nodata(ask(example, f"{name}.example.", "MX"))

    def test_a_name_below_one_is_not_the_wildcards_above_it(self, example: Door) -> None:
        assert is_nxdomain(ask(example, "x.host2.example.", "TXT"))


class TestTheAsteriskItself:
    def test_it_can_be_asked_for(self, example: Door) -> None:
        """Section 2.3: an asterisk label in the question has no special meaning."""
        assert texts(ask(example, "*.example.", "TXT").answer) == ['*.example. 3600 TXT "this is a wildcard"']
        assert is_nodata(ask(example, "*.example.", "A"))

    def test_below_it_is_an_ordinary_name(self, example: Door) -> None:
        answer = ask(example, "sub.*.example.", "TXT")
        assert texts(answer.answer) == ['sub.*.example. 3600 TXT "this is not a wildcard"']

    def test_it_stands_in_only_as_the_first_label(self, open_door: OpenDoor) -> None:
        """Section 2.1.1: "sub.*" is no wildcard domain name."""
        door = with_records(open_door, 'sub.* 60 TXT "literal"')
        assert is_nodata(ask(door, "sub.x.example.", "TXT"))

    def test_only_a_label_that_is_the_asterisk_alone_counts(self, open_door: OpenDoor) -> None:
        """Section 2.1.1: "the first label is *": `the*` and `**` are labels like others."""
        door = with_records(open_door, '** 60 TXT "two"', 'the* 60 TXT "the"')
        assert is_nxdomain(ask(door, "x.example.", "TXT"))
        assert is_nxdomain(ask(door, "them.example.", "TXT"))
        assert texts(ask(door, "**.example.", "TXT").answer) == ['**.example. 60 TXT "two"']

    def test_wildcards_do_not_add_up(self, open_door: OpenDoor) -> None:
        """Section 2.1.3: `*.*` is a wildcard below the existing name `*` and covers nothing else."""
        door = with_records(open_door, '*.* 60 TXT "deep"')
        assert texts(ask(door, "x.*.example.", "TXT").answer) == ['x.*.example. 60 TXT "deep"']
        assert is_nodata(ask(door, "x.y.example.", "TXT"))

    def test_the_case_of_the_question_is_the_owners(self, example: Door) -> None:
        answer = ask(example, "HoSt3.eXample.", "MX")
        assert answer.answer[0].name.to_text() == "HoSt3.eXample."


class TestClosestEncloser:
    """Section 3.3.1: only the wildcard right below the closest encloser is a source of synthesis."""

    RECORDS = ('* 60 TXT "high"', '*.deep 60 TXT "low"', "a.b.deep 60 A 192.0.2.1", "leaf 60 A 192.0.2.2")

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("x", "high"),
            ("x.y.z", "high"),
            ("x.deep", "low"),
            ("x.y.deep", "low"),
        ],
    )
    def test_the_deepest_one_stands_in(self, open_door: OpenDoor, name: str, said: str) -> None:
        answer = ask(with_records(open_door, *self.RECORDS), f"{name}.example.", "TXT")
        assert texts(answer.answer) == [f'{name}.example. 60 TXT "{said}"']

    @pytest.mark.parametrize("name", ["x.leaf", "x.b.deep", "x.a.b.deep", "x.y.b.deep"])
    def test_an_encloser_without_one_hides_those_above(self, open_door: OpenDoor, name: str) -> None:
        assert is_nxdomain(ask(with_records(open_door, *self.RECORDS), f"{name}.example.", "TXT"))

    @pytest.mark.parametrize("name", ["deep", "b.deep"])
    def test_the_encloser_itself_is_not_covered(self, open_door: OpenDoor, name: str) -> None:
        assert is_nodata(ask(with_records(open_door, *self.RECORDS), f"{name}.example.", "TXT"))

    def test_the_longest_name_there_is_is_covered(self, open_door: OpenDoor) -> None:
        name = ".".join(["a"] * 122) + ".example."
        answer = ask(with_records(open_door, *self.RECORDS), name, "TXT")
        assert texts(answer.answer) == [f'{name} 60 TXT "high"']


class TestSection4:
    """What the types that mean something to a server do at a wildcard."""

    def test_4_1_a_zone_can_begin_at_an_asterisk(self, open_door: OpenDoor) -> None:
        zone = '@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n@ 60 TXT "apex"\nx 60 TXT "below"'
        door = open_door(world_of("*.example.", zone))
        assert texts(ask(door, "*.example.", "TXT").answer) == ['*.example. 60 TXT "apex"']
        assert texts(ask(door, "x.*.example.", "TXT").answer) == ['x.*.example. 60 TXT "below"']
        assert ask(door, "x.example.", "TXT").rcode() == dns.rcode.REFUSED

    def test_4_2_name_servers_at_one_delegate_nothing_that_is_synthesized(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, "*.sub 60 NS ns.example.net.")
        answer = ask(door, "x.sub.example.", "NS")
        assert texts(answer.answer) == ["x.sub.example. 60 NS ns.example.net."]
        assert is_nodata(ask(door, "x.sub.example.", "A"))

    def test_4_3_a_cname_at_one_is_followed(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, "*.sub 60 CNAME host", "host 60 A 192.0.2.1")
        assert texts(ask(door, "x.sub.example.", "A").answer) == [
            "x.sub.example. 60 CNAME host.example.",
            "host.example. 60 A 192.0.2.1",
        ]

    def test_4_3_a_cname_at_one_can_lead_back_under_it(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, "*.sub 60 CNAME x.sub")
        answer = ask(door, "y.sub.example.", "A")
        assert texts(answer.answer) == [
            "y.sub.example. 60 CNAME x.sub.example.",
            "x.sub.example. 60 CNAME x.sub.example.",
        ]
        assert answer.rcode() == dns.rcode.NOERROR

    def test_4_4_a_dname_at_one_redirects_nothing_that_is_synthesized(self, open_door: OpenDoor) -> None:
        """RFC 6672 section 3.3 leaves the mix undefined; it is data like other data here."""
        door = with_records(open_door, "*.sub 60 DNAME other.example.net.")
        assert texts(ask(door, "x.sub.example.", "DNAME").answer) == ["x.sub.example. 60 DNAME other.example.net."]
        assert is_nodata(ask(door, "y.x.sub.example.", "A"))

    def test_4_5_srv_records_at_one_are_like_others(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, "*._tcp 60 SRV 0 0 80 ns.example.net.")
        answer = ask(door, "_web._tcp.example.", "SRV")
        assert texts(answer.answer) == ["_web._tcp.example. 60 SRV 0 0 80 ns.example.net."]

    def test_4_6_a_ds_set_at_one_is_like_others(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, f"*.sub 60 DS 1 13 1 {'0' * 40}")
        assert [rrset.rdtype for rrset in ask(door, "x.sub.example.", "DS").answer] == [dns.rdatatype.DS]

    def test_4_9_one_without_data_synthesizes_no_data(self, open_door: OpenDoor) -> None:
        """ "If a source of synthesis is an empty non-terminal, then the response will be one of no error"."""
        door = with_records(open_door, 'sub.* 60 TXT "literal"')
        assert is_nodata(ask(door, "x.example.", "TXT"))
        assert is_nodata(ask(door, "x.y.example.", "TXT"))


class TestBounds:
    def test_it_never_reaches_into_a_delegation(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, '*.cut 60 TXT "occluded"', "cut 60 NS ns.example.net.", '* 60 TXT "high"')
        for name in ["x.cut.example.", "*.cut.example.", "cut.example."]:
            answer = ask(door, name, "TXT")
            assert (answer.answer, answer.flags & dns.flags.AA) == ([], 0)
            assert texts(answer.authority) == ["cut.example. 60 NS ns.example.net."]

    def test_it_never_reaches_below_a_dname(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, "moved 60 DNAME new", '* 60 TXT "high"', '*.new 60 TXT "new"')
        assert texts(ask(door, "x.moved.example.", "TXT").answer) == [
            "moved.example. 60 DNAME new.example.",
            "x.moved.example. 60 CNAME x.new.example.",
            'x.new.example. 60 TXT "new"',
        ]

    def test_it_never_reaches_into_another_zone_that_is_served(self, open_door: OpenDoor) -> None:
        world = world_of("example.", '@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns.example.net.\n* 60 TXT "parent"')
        world.add_zone("child.example.", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns.example.net.")
        assert is_nxdomain(ask(open_door(world), "x.child.example.", "TXT"))

    def test_it_covers_an_occluded_name_no_more_than_a_missing_one(self, open_door: OpenDoor) -> None:
        door = with_records(open_door, "cut 60 NS ns.cut", "ns.cut 60 A 192.0.2.7", "* 60 A 192.0.2.1")
        assert ask(door, "ns.cut.example.", "A").answer == []

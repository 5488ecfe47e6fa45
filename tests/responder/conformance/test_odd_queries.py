"""Queries that some servers fail to answer: the tests of RFC 8906 section 8, and the shapes around them."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.responder.queries import (
    ID,
    QUESTION,
    answer_to,
    header_of,
    opt,
    option,
    query_with,
    query_with_opt,
    question,
    rcode_of,
    subnet_option,
)
from tests.worlds import world_of

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A 192.0.2.1\n"
SOA = question("z.test.", 6)
NSID, SUBNET, EXPIRE, COOKIE = 3, 8, 9, 10
NOTIFY, UPDATE = 4, 5
AD, CD, RESERVED = 0x0020, 0x0010, 0x0040


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world_of("z.test.", ZONE))


def is_soa(answer: dns.message.Message) -> bool:
    return answer.rcode() == dns.rcode.NOERROR and [rrset.rdtype for rrset in answer.answer] == [dns.rdatatype.SOA]


class TestSection81:
    """Basic DNS."""

    @pytest.mark.parametrize("tcp", [False, True])
    def test_a_plain_query_is_answered_over_either_transport(self, door: Door, tcp: bool) -> None:
        answer = answer_to(door, query_with(body=SOA), tcp=tcp)
        assert is_soa(answer)
        assert answer.flags & dns.flags.AA
        assert answer.edns == -1

    @pytest.mark.parametrize("rdtype", [1000, 65280, 127, 256])
    def test_an_unknown_type_is_no_error(self, door: Door, rdtype: int) -> None:
        answer = answer_to(door, query_with(body=question("z.test.", rdtype)))
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]

    @pytest.mark.parametrize("flag", [AD, CD, RESERVED, AD | CD | RESERVED])
    def test_flags_of_others_are_ignored_and_cleared(self, door: Door, flag: int) -> None:
        """Sections 3.1.2 and 8.1.3; RFC 4035 section 3.1.6: CD too is cleared by who has the authority."""
        wire = door.ask_raw(query_with(flags=flag, body=SOA))
        assert header_of(wire).flags & 0x00F0 == 0
        assert is_soa(dns.message.from_wire(wire or b""))

    @pytest.mark.parametrize("flag", [0x0400, 0x0200, 0x0080, 0x000F])
    def test_flags_and_codes_of_responses_are_ignored(self, door: Door, flag: int) -> None:
        assert is_soa(answer_to(door, query_with(flags=flag, body=SOA)))

    @pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 7, 15])
    def test_an_opcode_without_a_question_is_not_implemented(self, door: Door, opcode: int) -> None:
        """Section 8.1.4."""
        wire = door.ask_raw(query_with(flags=opcode << 11, counts=(0, 0, 0, 0), body=b""))
        header = header_of(wire)
        assert (header.flags, header.counts) == (0x8000 | opcode << 11 | dns.rcode.NOTIMP, (0, 0, 0, 0))

    @pytest.mark.parametrize("opcode", [NOTIFY, UPDATE, 2, 15])
    def test_an_opcode_with_a_question_keeps_it(self, door: Door, opcode: int) -> None:
        wire = door.ask_raw(query_with(flags=opcode << 11, body=SOA))
        header = header_of(wire)
        assert (header.flags, header.counts) == (0x8000 | opcode << 11 | dns.rcode.NOTIMP, (1, 0, 0, 0))
        assert wire is not None
        assert wire[12:] == SOA

    def test_an_update_with_all_its_sections_is_not_implemented(self, door: Door) -> None:
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
        wire = door.ask_raw(query_with(flags=UPDATE << 11, counts=(1, 1, 1, 0), body=SOA + record * 2))
        assert header_of(wire).counts == (1, 0, 0, 0)
        assert header_of(wire).flags & 0xF == dns.rcode.NOTIMP

    def test_an_opcode_with_edns_is_answered_with_edns(self, door: Door) -> None:
        query = query_with(flags=NOTIFY << 11, counts=(1, 0, 0, 1), body=SOA + opt())
        wire = door.ask_raw(query)
        assert header_of(wire).counts == (1, 0, 0, 1)

    @pytest.mark.parametrize("opcode", [1, 4, 15])
    def test_an_opcode_with_garbage_is_not_implemented(self, door: Door, opcode: int) -> None:
        wire = door.ask_raw(query_with(flags=opcode << 11, body=b"\xff" * 9))
        assert header_of(wire).flags & 0xF == dns.rcode.NOTIMP
        assert header_of(wire).counts == (0, 0, 0, 0)


class TestSection82:
    """EDNS."""

    def test_plain_edns_is_answered(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(), asked=SOA))
        assert is_soa(answer)
        assert (answer.edns, answer.ednsflags & 0xFFFF) == (0, 0)

    def test_an_unknown_version_is_badvers(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(version=1), asked=SOA))
        assert (answer.rcode(), answer.answer, answer.edns) == (dns.rcode.BADVERS, [], 0)

    def test_an_unknown_option_is_ignored(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(options=option(100)), asked=SOA))
        assert is_soa(answer)
        assert answer.options == ()

    def test_unknown_flags_are_cleared(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(flags=0x0040), asked=SOA))
        assert is_soa(answer)
        assert answer.ednsflags & 0xFFFF == 0

    def test_of_known_and_unknown_flags_do_is_kept(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(flags=0xFFFF), asked=SOA))
        assert answer.ednsflags & 0xFFFF == dns.flags.DO

    def test_an_unknown_version_with_unknown_flags_is_badvers(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(version=1, flags=0x0040), asked=SOA))
        assert answer.rcode() == dns.rcode.BADVERS
        assert answer.ednsflags & 0xFFFF == 0

    def test_an_unknown_version_with_an_unknown_option_is_badvers(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(version=1, options=option(100)), asked=SOA))
        assert (answer.rcode(), answer.options) == (dns.rcode.BADVERS, ())

    def test_do_is_answered_with_do(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(flags=0x8000), asked=SOA))
        assert is_soa(answer)
        assert answer.ednsflags & dns.flags.DO

    def test_many_known_options_at_once_are_answered(self, door: Door) -> None:
        options = [
            option(NSID),
            subnet_option(1, 0, 0, b""),
            option(EXPIRE),
            option(COOKIE, b"\1" * 8),
            option(100, b"unknown"),
        ]
        answer = answer_to(door, query_with_opt(opt(options=b"".join(options)), asked=SOA))
        assert is_soa(answer)
        assert NSID not in {known.otype for known in answer.options}
        assert SUBNET in {known.otype for known in answer.options}

    def test_a_truncated_answer_has_its_opt(self, open_door: OpenDoor) -> None:
        large = "\n".join(f'large 60 TXT "{number:050}"' for number in range(40))
        door = open_door(world_of("z.test.", ZONE + large))
        answer = ask(door, "large.z.test.", "TXT", use_edns=0, payload=512)
        assert answer.flags & dns.flags.TC
        assert answer.edns == 0


class TestQuestions:
    @pytest.mark.parametrize("count", [0, 2, 3, 65535])
    def test_other_than_one_is_a_formerr(self, door: Door, count: int) -> None:
        """RFC 9619 section 4."""
        wire = door.ask_raw(query_with(counts=(count, 0, 0, 0), body=QUESTION * min(count, 3)))
        assert header_of(wire).flags & 0xF == dns.rcode.FORMERR
        assert header_of(wire).counts == (0, 0, 0, 0)

    @pytest.mark.parametrize("count", [0, 2])
    def test_a_refusal_of_their_number_has_edns_if_the_query_did(self, door: Door, count: int) -> None:
        """RFC 6891 section 7."""
        answer = answer_to(door, query_with(counts=(count, 0, 0, 1), body=QUESTION * count + opt()))
        assert (answer.rcode(), answer.edns) == (dns.rcode.FORMERR, 0)

    def test_a_record_that_no_query_needs_is_ignored(self, door: Door) -> None:
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
        answer = answer_to(door, query_with(counts=(1, 1, 1, 1), body=SOA + record * 3))
        assert is_soa(answer)
        assert (answer.authority, len(answer.additional)) == ([], 0)

    @pytest.mark.parametrize(
        ("rdtype", "rcode"),
        [
            pytest.param(0, dns.rcode.FORMERR, id="reserved"),
            pytest.param(41, dns.rcode.FORMERR, id="OPT"),
            pytest.param(249, dns.rcode.FORMERR, id="TKEY"),
            pytest.param(250, dns.rcode.FORMERR, id="TSIG"),
            pytest.param(251, dns.rcode.REFUSED, id="IXFR"),
            pytest.param(252, dns.rcode.REFUSED, id="AXFR"),
            pytest.param(253, dns.rcode.NOTIMP, id="MAILB"),
            pytest.param(254, dns.rcode.NOTIMP, id="MAILA"),
        ],
    )
    @pytest.mark.parametrize("tcp", [False, True])
    def test_meta_types_are_refused_properly(self, door: Door, rdtype: int, rcode: int, tcp: bool) -> None:
        answer = door.ask_raw(query_with(body=question("z.test.", rdtype)), tcp=tcp)
        assert header_of(answer).flags & 0xF == rcode
        assert header_of(answer).counts == (1, 0, 0, 0)

    def test_the_id_is_the_querys(self, door: Door) -> None:
        wire = door.ask_raw(query_with())
        assert wire is not None
        assert int.from_bytes(wire[:2], "big") == ID

    def test_a_compressed_question_points_at_nothing_before_it(self, door: Door) -> None:
        assert rcode_of(door, query_with(body=b"\3www\xc0\x0c\0\1\0\1")) == dns.rcode.FORMERR

    def test_labels_of_any_octets_are_names(self, open_door: OpenDoor) -> None:
        """RFC 2181 section 11."""
        door = open_door(world_of("z.test.", ZONE + r"a\.b\000\255 60 A 192.0.2.9"))
        answer = ask(door, r"a\.b\000\255.z.test.", "A")
        assert texts(answer.answer) == [r"a\.b\000\255.z.test. 60 A 192.0.2.9"]

    def test_only_ascii_letters_have_case(self, open_door: OpenDoor) -> None:
        """RFC 4343 section 3."""
        door = open_door(world_of("z.test.", ZONE + r"\228[x 60 A 192.0.2.9"))
        assert ask(door, r"\228[X.z.test.", "A").rcode() == dns.rcode.NOERROR
        assert ask(door, r"\196[x.z.test.", "A").rcode() == dns.rcode.NXDOMAIN
        assert ask(door, r"\228{x.z.test.", "A").rcode() == dns.rcode.NXDOMAIN

"""What a query may look like, and what EDNS, client subnets and sizes do to the answer."""

import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.responder.queries import QUESTION, opt, query_with, query_with_opt, rcode_of, subnet_option
from tests.worlds import world_of

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n"
#: 40 strings of 50 octets: too much for 1232, not for TCP
LARGE = "\n".join(f'large 60 TXT "{number:050}"' for number in range(40))
#: 20 of them fit into 1232 but not into 512
MEDIUM = "\n".join(f'medium 60 TXT "{number:030}"' for number in range(20))
REFERRAL = "".join(f"cut 60 NS ns{n:02}.cut\nns{n:02}.cut 60 A 192.0.2.{n}\n" for n in range(1, 20))


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world_of("z.test.", "\n".join([ZONE, LARGE, MEDIUM, REFERRAL])))


WWW_QUERY = dns.message.make_query("www.z.test.", "A", id=4711).to_wire()


class TestMalformed:
    @pytest.mark.parametrize("length", [0, 1, 11])
    def test_less_than_a_header_is_dropped(self, door: Door, length: int) -> None:
        assert door.ask_raw(WWW_QUERY[:length]) is None

    def test_a_response_is_dropped(self, door: Door) -> None:
        assert door.ask_raw(query_with(flags=0x8000)) is None

    @pytest.mark.parametrize("count", [0, 2])
    def test_exactly_one_question_is_a_query(self, door: Door, count: int) -> None:
        assert rcode_of(door, query_with(counts=(count, 0, 0, 0), body=QUESTION * count)) == dns.rcode.FORMERR

    @pytest.mark.parametrize("length", range(13, len(WWW_QUERY)))
    def test_a_question_cut_short_is_a_formerr(self, door: Door, length: int) -> None:
        assert rcode_of(door, WWW_QUERY[:length]) == dns.rcode.FORMERR

    def test_octets_behind_the_message_are_a_formerr(self, door: Door) -> None:
        assert rcode_of(door, WWW_QUERY + b"\0") == dns.rcode.FORMERR

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param(b"\xc0\x0c", id="pointer to itself"),
            pytest.param(b"\x01a\xc0\x0c", id="pointer to its start"),
            pytest.param(b"\xc0\x00", id="pointer into the header"),
            pytest.param(b"\x40" + b"a" * 64 + b"\0", id="label of 64"),
            pytest.param((b"\x3f" + b"a" * 63) * 4 + b"\0", id="name of 257"),
        ],
    )
    def test_a_malformed_name_is_a_formerr(self, door: Door, name: bytes) -> None:
        assert rcode_of(door, query_with(body=name + b"\0\1\0\1")) == dns.rcode.FORMERR

    def test_a_name_of_255_octets_is_a_name(self, door: Door) -> None:
        name = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"
        assert rcode_of(door, query_with(body=name + b"\0\1\0\1")) == dns.rcode.REFUSED

    @pytest.mark.parametrize("opcode", [1, 2, 4, 5, 6, 15])
    def test_other_opcodes_are_not_implemented(self, door: Door, opcode: int) -> None:
        assert rcode_of(door, query_with(flags=opcode << 11)) == dns.rcode.NOTIMP

    @pytest.mark.parametrize(
        ("rdtype", "rcode"), [(41, "FORMERR"), (128, "FORMERR"), (250, "FORMERR"), (253, "NOTIMP"), (254, "NOTIMP")]
    )
    def test_meta_types_cannot_be_asked_for(self, door: Door, rdtype: int, rcode: str) -> None:
        query = query_with(body=QUESTION[:-4] + struct.pack("!HH", rdtype, 1))
        assert rcode_of(door, query) == dns.rcode.from_text(rcode)


class TestEdns:
    def test_no_opt_is_answered_without_one(self, door: Door) -> None:
        assert ask(door, "www.z.test.", "A").edns == -1

    def test_an_opt_is_answered_with_our_size(self, door: Door) -> None:
        answer = ask(door, "www.z.test.", "A", use_edns=0)
        assert (answer.edns, answer.payload, answer.options) == (0, 1232, ())

    def test_do_is_copied(self, door: Door) -> None:
        assert ask(door, "www.z.test.", "A", want_dnssec=True).ednsflags & dns.flags.DO

    def test_an_unknown_option_is_ignored(self, door: Door) -> None:
        option = dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"whatever")
        answer = ask(door, "www.z.test.", "A", use_edns=0, options=[option])
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.options == ()

    def test_an_unknown_version_is_badvers(self, door: Door) -> None:
        wire = door.ask_raw(query_with_opt(opt(version=1)))
        assert wire is not None
        answer = dns.message.from_wire(wire)
        assert answer.rcode() == dns.rcode.BADVERS
        assert answer.edns == 0
        assert answer.answer == []

    def test_two_opts_are_a_formerr(self, door: Door) -> None:
        assert rcode_of(door, query_with_opt(opt(), opt())) == dns.rcode.FORMERR

    def test_an_opt_below_the_root_is_a_formerr(self, door: Door) -> None:
        assert rcode_of(door, query_with_opt(opt(owner=b"\1a\0"))) == dns.rcode.FORMERR

    def test_an_option_longer_than_the_record_is_a_formerr(self, door: Door) -> None:
        assert rcode_of(door, query_with_opt(opt(options=b"\0\x0a\0\x09abc"))) == dns.rcode.FORMERR


class TestClientSubnet:
    @pytest.mark.parametrize(
        ("address", "prefix"),
        [("203.0.113.0", 24), ("203.0.113.128", 25), ("10.0.0.0", 8), ("2001:db8:1::", 48), ("203.0.113.7", 32)],
    )
    def test_it_is_echoed_with_scope_0_for_static_data(self, door: Door, address: str, prefix: int) -> None:
        option = dns.edns.ECSOption(address, prefix)
        answer = ask(door, "www.z.test.", "A", use_edns=0, options=[option])
        assert answer.options == (dns.edns.ECSOption(address, prefix, 0),)

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param((1, 0, 0, b""), id="IPv4"),
            pytest.param((2, 0, 0, b""), id="IPv6"),
            pytest.param((0, 0, 0, b""), id="no family"),
        ],
    )
    def test_a_hidden_subnet_is_echoed(self, door: Door, data: tuple[int, int, int, bytes]) -> None:
        option = subnet_option(*data)
        wire = door.ask_raw(query_with_opt(opt(options=option)))
        assert wire is not None
        assert wire[3] & 0x0F == dns.rcode.NOERROR
        assert wire.endswith(option)

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param((3, 24, 0, b"\1\2\3"), id="unknown family"),
            pytest.param((0, 24, 0, b"\1\2\3"), id="no family but a prefix"),
            pytest.param((1, 24, 0, b"\1\2\3\4"), id="address longer than the prefix"),
            pytest.param((1, 24, 0, b"\1\2"), id="address shorter than the prefix"),
            pytest.param((1, 23, 0, b"\1\2\3"), id="bits past the prefix"),
            pytest.param((1, 33, 0, b"\1\2\3\4\0"), id="IPv4 prefix too long"),
            pytest.param((2, 129, 0, b"\1" * 16 + b"\0"), id="IPv6 prefix too long"),
            pytest.param((1, 24, 24, b"\1\2\3"), id="scope in a query"),
        ],
    )
    def test_a_malformed_one_is_a_formerr(self, door: Door, data: tuple[int, int, int, bytes]) -> None:
        wire = door.ask_raw(query_with_opt(opt(options=subnet_option(*data))))
        assert wire is not None
        answer = dns.message.from_wire(wire)
        assert answer.rcode() == dns.rcode.FORMERR
        assert (answer.edns, answer.options) == (0, ())

    def test_two_of_them_are_a_formerr(self, door: Door) -> None:
        option = subnet_option(1, 24, 0, b"\1\2\3")
        assert rcode_of(door, query_with_opt(opt(options=option * 2))) == dns.rcode.FORMERR


class TestSize:
    @pytest.mark.parametrize("payload", [0, 511, 512])
    def test_a_small_size_counts_as_512(self, door: Door, payload: int) -> None:
        answer = ask(door, "medium.z.test.", "TXT", use_edns=0, payload=payload)
        assert answer.flags & dns.flags.TC
        assert answer.answer == []

    def test_without_edns_the_limit_is_512(self, door: Door) -> None:
        assert ask(door, "medium.z.test.", "TXT").flags & dns.flags.TC

    def test_what_fits_is_whole(self, door: Door) -> None:
        answer = ask(door, "medium.z.test.", "TXT", use_edns=0, payload=1232)
        assert not answer.flags & dns.flags.TC
        assert len(texts(answer.answer)) == 20

    def test_we_never_send_more_than_our_own_size(self, door: Door) -> None:
        answer = ask(door, "large.z.test.", "TXT", use_edns=0, payload=4096)
        assert answer.flags & dns.flags.TC
        assert answer.edns == 0

    def test_tcp_carries_all(self, door: Door) -> None:
        answer = ask(door, "large.z.test.", "TXT", tcp=True)
        assert not answer.flags & dns.flags.TC
        assert len(texts(answer.answer)) == 40

    def test_a_referral_without_all_its_glue_is_truncated(self, door: Door) -> None:
        assert ask(door, "www.cut.z.test.", "A").flags & dns.flags.TC
        answer = ask(door, "www.cut.z.test.", "A", use_edns=0, payload=1232)
        assert not answer.flags & dns.flags.TC
        assert len(texts(answer.additional)) == 19

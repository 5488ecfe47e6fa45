"""What stands where in a message: case, compression, order, TTLs and size (RFC 1035, 2181, 3597, 4343)."""

import struct
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.responder.queries import answer_to, query_with, question
from tests.worlds import Entry, World, encode_chunk, name_wire, world_of

START = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
#: of every type that holds names and is served here, one whose names could be compressed
NAMED = """
compressed  60 NS    ns
mx          60 MX    10 mail.mx
mx          60 MX    20 mail2.mx
alias       60 CNAME target.alias
ptr         60 PTR   target.ptr
srv         60 SRV   0 0 1 target.srv
naptr       60 NAPTR 1 1 "s" "x" "" target.naptr
moved       60 DNAME target.moved
rp          60 RP    mail.rp text.rp
afsdb       60 AFSDB 1 target.afsdb
kx          60 KX    1 target.kx
svcb        60 SVCB  1 target.svcb
https       60 HTTPS 1 target.https
"""


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world_of("z.test.", START + NAMED))


def skip_name(wire: bytes, position: int) -> tuple[int, bool]:
    """Where the name ends, and whether it ends in a pointer."""
    while wire[position]:
        if wire[position] >= 0xC0:
            return position + 2, True
        position += wire[position] + 1
    return position + 1, False


def records(wire: bytes) -> Iterator[tuple[int, bool, bytes]]:
    """Type, whether the owner is compressed, and the raw rdata of every record."""
    _, _, _, *counts = struct.unpack("!HHHHHH", wire[:12])
    position = skip_name(wire, 12)[0] + 4
    for _ in range(sum(counts)):
        position, is_compressed = skip_name(wire, position)
        rdtype, _, _, length = struct.unpack("!HHIH", wire[position : position + 10])
        position += 10 + length
        yield rdtype, is_compressed, wire[position - length : position]
    assert position == len(wire)


class TestCase:
    @pytest.mark.parametrize("name", ["WWW.z.test.", "www.Z.tEsT.", "www.z.test."])
    def test_the_question_comes_back_as_it_was(self, open_door: OpenDoor, name: str) -> None:
        door = open_door(world_of("z.test.", f"{START}www 60 A 192.0.2.1"))
        query = dns.message.make_query(name, "A").to_wire()
        wire = door.ask_raw(query)
        assert wire is not None
        assert wire[12 : len(query)] == query[12:]
        assert dns.message.from_wire(wire).answer[0].name.to_text() == name

    @pytest.mark.parametrize("name", ["MISSING.z.TEST.", "Www.eXample.NET."])
    def test_also_where_it_is_denied_or_refused(self, door: Door, name: str) -> None:
        query = dns.message.make_query(name, "A").to_wire()
        wire = door.ask_raw(query)
        assert wire is not None
        assert wire[12 : len(query)] == query[12:]


class TestCompression:
    @pytest.mark.parametrize("name", ["compressed", "mx", "alias", "ptr"])
    def test_names_in_the_types_of_rfc_1035_are_compressed(self, door: Door, name: str) -> None:
        wire = door.ask_raw(query_with(body=question(f"{name}.z.test.", 255)))
        assert wire is not None
        *_, (_, owner_is_compressed, rdata) = [found for found in records(wire) if found[0] != dns.rdatatype.A]
        assert owner_is_compressed
        assert rdata[-2] >= 0xC0

    @pytest.mark.parametrize("name", ["srv", "naptr", "moved", "rp", "afsdb", "kx", "svcb", "https"])
    def test_names_in_all_others_never_are(self, door: Door, name: str) -> None:
        """RFC 3597 section 4; RFC 2782, 6672 and 9460 say it again."""
        wire = door.ask_raw(query_with(body=question(f"{name}.z.test.", 255)))
        assert wire is not None
        _, owner_is_compressed, rdata = next(records(wire))
        assert owner_is_compressed
        assert rdata.endswith(b"\1z\4test\0")

    def test_rdata_of_an_unknown_type_is_left_alone(self, open_door: OpenDoor) -> None:
        inside = name_wire("www.z.test.") * 2
        door = open_door(world_of("z.test.", f"{START}x 60 TYPE65280 \\# {len(inside)} {inside.hex()}"))
        wire = door.ask_raw(query_with(body=question("x.z.test.", 65280)))
        assert wire is not None
        assert wire.endswith(inside)

    def test_owners_and_names_in_rdata_share_their_suffixes(self, door: Door) -> None:
        """A referral, a chain and a denial name the zone once: in the question."""
        for name, rdtype in [("x.compressed.z.test.", 1), ("alias.z.test.", 1), ("missing.z.test.", 1)]:
            wire = door.ask_raw(query_with(body=question(name, rdtype)))
            assert wire is not None
            assert wire.count(b"\1z\4test\0") == 1

    def test_pointers_reach_no_further_than_they_can(self, open_door: OpenDoor) -> None:
        """RFC 1035 section 4.1.4: 14 bits. What stands behind them is named in full or by what stands before."""
        chain = "".join(f"{'x' * 50}{n:04} 60 MX {n} {'y' * 50}{n:04}.{'w' * 40}{n % 7}\n" for n in range(3))
        many = "".join(f"many 60 MX {n} {'y' * 50}{n:04}.{'w' * 40}{n % 7}\n" for n in range(500))
        door = open_door(world_of("z.test.", START + chain + many))
        answer = ask(door, "many.z.test.", "MX", tcp=True)
        expected = {f"{n} {'y' * 50}{n:04}.{'w' * 40}{n % 7}.z.test." for n in range(500)}
        assert {str(rdata) for rdata in answer.answer[0]} == expected

    def test_case_does_not_keep_names_from_being_shared(self, door: Door) -> None:
        wire = door.ask_raw(query_with(body=question("ALIAS.Z.TEST.", 1)))
        assert wire is not None
        assert b"\1z\4test" not in wire[12:]


class TestRecordSets:
    def test_their_order_is_that_of_the_snapshot_every_time(self, open_door: OpenDoor) -> None:
        addresses = [f"192.0.2.{n}" for n in (9, 3, 7, 1, 200)]
        owner = dns.name.from_text("www.z.test.")
        packed = tuple(bytes(map(int, address.split("."))) for address in addresses)
        entries = [Entry(owner, dns.rdatatype.A, 60, packed)]
        base = world_of("z.test.", START)
        chunk = base.zones["z.test."]
        assert chunk.startswith(b"TMZ1")
        world = World(zones={"z.test.": encode_chunk("z.test.", [*start_entries(), *entries])})
        door = open_door(world)
        for _ in range(5):
            assert [str(rdata) for rdata in ask(door, "www.z.test.", "A").answer[0]] == addresses

    def test_their_ttls_are_uniform(self, open_door: OpenDoor) -> None:
        """RFC 2181 section 5.2."""
        door = open_door(world_of("z.test.", START + "".join(f"www 77 A 192.0.2.{n}\n" for n in range(20))))
        wire = door.ask_raw(query_with(body=question("www.z.test.", 1)))
        answer = dns.message.from_wire(wire or b"", one_rr_per_rrset=True)
        assert {rrset.ttl for rrset in answer.answer} == {77}
        assert len(answer.answer) == 20

    def test_the_largest_ttl_is_carried(self, open_door: OpenDoor) -> None:
        """RFC 2181 section 8."""
        door = open_door(world_of("z.test.", f"{START}www 2147483647 A 192.0.2.1\nzero 0 A 192.0.2.1"))
        assert ask(door, "www.z.test.", "A").answer[0].ttl == 2147483647
        assert ask(door, "zero.z.test.", "A").answer[0].ttl == 0

    def test_they_are_never_cut_apart(self, open_door: OpenDoor) -> None:
        """RFC 2181 section 9: TC is set if a whole set does not fit."""
        door = open_door(world_of("z.test.", START + "".join(f"www 60 AAAA 2001:db8::{n:x}\n" for n in range(60))))
        answer = ask(door, "www.z.test.", "AAAA", use_edns=0, payload=1232)
        assert answer.flags & dns.flags.TC
        assert answer.answer == []


def start_entries() -> list[Entry]:
    origin = dns.name.from_text("z.test.")
    soa = name_wire("ns.z.test.") + name_wire("host.z.test.") + struct.pack("!5I", 1, 2, 3, 4, 5)
    return [
        Entry(origin, dns.rdatatype.NS, 60, (name_wire("ns.z.test."),)),
        Entry(origin, dns.rdatatype.SOA, 60, (soa,)),
    ]


class TestSize:
    """TCP carries what a 16-bit length can say."""

    @pytest.mark.parametrize("octets", [16 * 1024, 32 * 1024, 65_000])
    def test_large_answers_come_whole(self, open_door: OpenDoor, octets: int) -> None:
        count = octets // 263
        lines = "".join(f'large 60 TXT "{n:0250}"\n' for n in range(count))
        answer = ask(open_door(world_of("z.test.", START + lines)), "large.z.test.", "TXT", tcp=True, use_edns=0)
        assert not answer.flags & dns.flags.TC
        assert len(answer.answer[0]) == count

    def test_a_message_of_65535_octets_is_carried(self, open_door: OpenDoor) -> None:
        """Header, question and one record of 65,535 - 12 - 14 - 12 octets of rdata."""
        rdata = "00" * (65_535 - 12 - len(question("x.z.test.")) - 12)
        door = open_door(world_of("z.test.", f"{START}x 60 TYPE65280 \\# {len(rdata) // 2} {rdata}"))
        wire = door.ask_raw(query_with(body=question("x.z.test.", 65280)), tcp=True)
        assert wire is not None
        assert len(wire) == 65_535

    def test_an_octet_more_is_truncated(self, open_door: OpenDoor) -> None:
        rdata = "00" * (65_536 - 12 - len(question("x.z.test.")) - 12)
        door = open_door(world_of("z.test.", f"{START}x 60 TYPE65280 \\# {len(rdata) // 2} {rdata}"))
        answer = answer_to(door, query_with(body=question("x.z.test.", 65280)), tcp=True)
        assert answer.flags & dns.flags.TC
        assert answer.answer == []

    def test_over_udp_the_client_is_sent_to_tcp(self, open_door: OpenDoor) -> None:
        lines = "".join(f'large 60 TXT "{n:0250}"\n' for n in range(60))
        door = open_door(world_of("z.test.", START + lines))
        answer = ask(door, "large.z.test.", "TXT", use_edns=0, payload=65535)
        assert answer.flags & dns.flags.TC
        assert len(answer.to_wire()) <= 1232

    def test_what_nobody_needs_is_left_out_before_tc_is_set(self, open_door: OpenDoor) -> None:
        """RFC 2181 section 9: additional data that does not fit is no truncation."""
        lines = "".join(f"@ 60 MX {n} m{n}\nm{n} 60 AAAA 2001:db8::{n:x}\n" for n in range(15))
        answer = ask(open_door(world_of("z.test.", START + lines)), "z.test.", "MX")
        assert not answer.flags & dns.flags.TC
        assert len(texts(answer.answer)) == 15
        assert 0 < len(answer.additional) < 15

"""What TCP alone carries: padding (RFC 7830, RFC 8467) and edns-tcp-keepalive (RFC 7828)."""

import dns.edns
import dns.message
import dns.rcode
import pytest

from responder import Server, Settings
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, SocketDoor
from tests.responder.queries import answer_to, opt, option, query_with, query_with_opt, question
from tests.worlds import world_of

KEEPALIVE, PADDING, NSID = 11, 12, 3
#: RFC 8467 section 4.1
BLOCK = 468
LENGTHS = range(1, 255, 7)
TEXTS = "\n".join(f't{length} 60 TXT "{"x" * length}"' for length in LENGTHS)
#: as much as a message holds: with any block of padding it would be longer than 65,535 octets
FULL = "\n".join(f'full 60 TXT "{number:0250}"' for number in range(248))


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    zone = f"@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n{TEXTS}\n{FULL}"
    return open_door(world_of("z.test.", zone), None, Settings(nsid=b"edge"))


def option_codes(answer: dns.message.Message) -> list[int]:
    return [said.otype for said in answer.options]


class TestPadding:
    def test_answers_are_multiples_of_the_block(self, door: Door) -> None:
        for length in LENGTHS:
            asked = question(f"t{length}.z.test.", 16)
            wire = door.ask_raw(query_with_opt(opt(options=option(PADDING, b"\0" * 50)), asked=asked), tcp=True)
            assert wire is not None
            assert len(wire) % BLOCK == 0
            assert dns.message.from_wire(wire).rcode() == dns.rcode.NOERROR

    def test_it_is_zeros_at_the_very_end(self, door: Door) -> None:
        """RFC 7830 section 3."""
        wire = door.ask_raw(query_with_opt(opt(options=option(PADDING) + option(NSID))), tcp=True)
        answer = dns.message.from_wire(wire or b"")
        assert option_codes(answer) == [NSID, PADDING]
        assert set(answer.options[-1].to_wire() or b"") == {0}

    @pytest.mark.parametrize("asked", ["missing.z.test.", "example.net."])
    def test_denials_and_refusals_are_padded_too(self, door: Door, asked: str) -> None:
        wire = door.ask_raw(query_with_opt(opt(options=option(PADDING)), asked=question(asked)), tcp=True)
        assert wire is not None
        assert len(wire) == BLOCK

    def test_an_unpadded_query_is_answered_unpadded(self, door: Door) -> None:
        """RFC 7830 section 4."""
        assert PADDING not in option_codes(answer_to(door, query_with_opt(opt()), tcp=True))

    def test_over_udp_it_is_ignored(self, door: Door) -> None:
        """RFC 7830 section 6: it would hide nothing and amplify."""
        assert option_codes(answer_to(door, query_with_opt(opt(options=option(PADDING))))) == []

    def test_no_message_gets_longer_than_a_message_may(self, door: Door) -> None:
        asked = question("full.z.test.", 16)
        wire = door.ask_raw(query_with_opt(opt(options=option(PADDING)), asked=asked), tcp=True)
        assert wire is not None
        assert 65_000 < len(wire) <= 65_535
        assert len(dns.message.from_wire(wire).answer[0]) == 248


class TestKeepalive:
    def test_the_idle_timeout_is_said_in_tenths_of_a_second(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(options=option(KEEPALIVE))), tcp=True)
        assert option_codes(answer) == [KEEPALIVE]
        assert answer.options[0].to_wire() == (100).to_bytes(2, "big")

    def test_over_udp_it_is_ignored(self, door: Door) -> None:
        """RFC 7828 section 3.2.1, with and without data."""
        for data in [b"", b"\0\1"]:
            answer = answer_to(door, query_with_opt(opt(options=option(KEEPALIVE, data))))
            assert (answer.rcode(), option_codes(answer)) == (dns.rcode.NOERROR, [])

    @pytest.mark.parametrize("data", [b"\0", b"\0\1", b"\0\0\1"])
    def test_a_timeout_from_the_client_is_a_formerr(self, door: Door, data: bytes) -> None:
        """RFC 7828 section 3.2.1: "Clients … MUST specify an OPTION-LENGTH of 0"."""
        answer = answer_to(door, query_with_opt(opt(options=option(KEEPALIVE, data))), tcp=True)
        assert (answer.rcode(), option_codes(answer), answer.edns) == (dns.rcode.FORMERR, [], 0)

    def test_who_does_not_ask_is_not_told(self, door: Door) -> None:
        assert option_codes(answer_to(door, query_with_opt(opt()), tcp=True)) == []
        assert answer_to(door, query_with(), tcp=True).edns == -1

    @pytest.mark.parametrize(("idle_timeout_s", "said"), [(0.35, 3), (12.5, 125), (7000.0, 65535)])
    def test_it_is_what_connections_get(self, idle_timeout_s: float, said: int) -> None:
        zone = world_of("z.test.", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns")
        server = Server(["127.0.0.1:0"], zone.open(), workers=1, limits={"idle_timeout_s": idle_timeout_s})
        try:
            server.set_settings(Settings(nsid=b"new"))
            answer = answer_to(SocketDoor(server), query_with_opt(opt(options=option(KEEPALIVE))), tcp=True)
        finally:
            server.stop()
        assert answer.options[0].to_wire() == said.to_bytes(2, "big")

"""Which server answered: NSID (RFC 5001), and the names of class CH (RFC 4892)."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import pytest

from responder import Settings
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.responder.queries import answer_to, opt, option, query_with_opt
from tests.worlds import World, world_of

NSID = dns.edns.OptionType.NSID
NAMED = Settings(nsid=b"edge-7.fra", version="trafficmgr 1", identity="edge-7")


def world() -> World:
    return world_of("z.test.", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1")


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world(), None, NAMED)


def nsids(answer: dns.message.Message) -> list[bytes]:
    return [said.to_wire() or b"" for said in answer.options if said.otype == NSID]


class TestNsid:
    @pytest.mark.parametrize("name", ["www.z.test.", "missing.z.test.", "www.example.net."])
    def test_who_asks_is_told(self, door: Door, name: str) -> None:
        answer = ask(door, name, "A", use_edns=0, options=[dns.edns.GenericOption(NSID, b"")])
        assert nsids(answer) == [b"edge-7.fra"]

    def test_who_does_not_ask_is_not(self, door: Door) -> None:
        """RFC 5001 section 2.2."""
        assert nsids(ask(door, "www.z.test.", "A", use_edns=0)) == []
        assert ask(door, "www.z.test.", "A").edns == -1

    def test_data_in_the_querys_option_is_ignored(self, door: Door) -> None:
        """RFC 5001 section 2.1."""
        assert nsids(answer_to(door, query_with_opt(opt(options=option(NSID, b"me?"))))) == [b"edge-7.fra"]

    def test_asked_twice_it_is_said_once(self, door: Door) -> None:
        assert nsids(answer_to(door, query_with_opt(opt(options=option(NSID) * 2)))) == [b"edge-7.fra"]

    def test_it_may_be_any_octets(self, open_door: OpenDoor) -> None:
        door = open_door(world(), None, Settings(nsid=b"\0\xff"))
        assert nsids(answer_to(door, query_with_opt(opt(options=option(NSID))))) == [b"\0\xff"]

    def test_it_is_off_by_default(self, open_door: OpenDoor) -> None:
        answer = answer_to(open_door(world()), query_with_opt(opt(options=option(NSID))))
        assert (answer.rcode(), answer.options) == (dns.rcode.NOERROR, ())


class TestClassCh:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("version.bind.", "trafficmgr 1"),
            ("version.server.", "trafficmgr 1"),
            ("id.server.", "edge-7"),
            ("hostname.bind.", "edge-7"),
            ("Version.BIND.", "trafficmgr 1"),
        ],
    )
    @pytest.mark.parametrize("rdtype", ["TXT", "ANY"])
    def test_what_is_set_is_said(self, door: Door, name: str, said: str, rdtype: str) -> None:
        answer = ask(door, name, rdtype, rdclass="CH")
        assert texts(answer.answer) == [f'{name} 0 TXT "{said}"']
        assert answer.answer[0].rdclass == dns.rdataclass.CH
        assert answer.flags & dns.flags.AA

    def test_another_type_of_it_is_refused(self, door: Door) -> None:
        answer = ask(door, "version.bind.", "A", rdclass="CH")
        assert (answer.rcode(), answer.answer) == (dns.rcode.REFUSED, [])

    @pytest.mark.parametrize("name", ["authors.bind.", "bind.", "x.version.bind.", "www.z.test.", "."])
    def test_other_names_are_refused(self, door: Door, name: str) -> None:
        assert ask(door, name, "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED

    @pytest.mark.parametrize("name", ["version.bind.", "version.server.", "id.server.", "hostname.bind."])
    def test_all_are_off_by_default(self, open_door: OpenDoor, name: str) -> None:
        assert ask(open_door(world()), name, "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED

    def test_one_can_be_on_without_the_other(self, open_door: OpenDoor) -> None:
        door = open_door(world(), None, Settings(identity="edge-7"))
        assert ask(door, "id.server.", "TXT", rdclass="CH").rcode() == dns.rcode.NOERROR
        assert ask(door, "version.bind.", "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED

    def test_in_class_in_they_are_names_like_others(self, door: Door) -> None:
        assert ask(door, "version.bind.", "TXT").rcode() == dns.rcode.REFUSED

    def test_edns_goes_with_it(self, door: Door) -> None:
        answer = ask(door, "id.server.", "TXT", rdclass="CH", use_edns=0, options=[dns.edns.GenericOption(NSID, b"")])
        assert nsids(answer) == [b"edge-7.fra"]


class TestSettings:
    def test_a_text_that_is_too_long_is_named(self) -> None:
        with pytest.raises(ValueError, match="version: 256 octets"):
            Settings(version="x" * 256)
        with pytest.raises(ValueError, match="identity: 256 octets"):
            Settings(identity="x" * 256)

    def test_an_nsid_that_is_too_long_is_named(self) -> None:
        with pytest.raises(ValueError, match="nsid: 129 octets"):
            Settings(nsid=b"x" * 129)

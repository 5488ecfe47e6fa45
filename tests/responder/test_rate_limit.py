"""Replies over UDP are limited by client network and subject, so that no flood of them hits a third party."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import pytest
from dns.edns import GenericOption, Option, OptionType

from responder import Server, Settings
from tests.responder.doors import TIMEOUT_S, SocketDoor, address_of, ask
from tests.worlds import world_of

if TYPE_CHECKING:  # a type of the stub only
    from responder import Limits

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\nother 60 A 192.0.2.2\n*.wild 60 A 192.0.2.3\n"
RATE = 10
#: neither the loopback's exemption nor anybody else's
NOBODY: list[str] = []
COOKIE = GenericOption(OptionType.COOKIE, b"a client")
WITH_COOKIES = Settings(cookie_secrets=[bytes(16)])

Start = Callable[["Limits"], Server]
StartAs = Callable[["Limits", Settings], Server]


@pytest.fixture
def start_as() -> Iterator[StartAs]:
    with ExitStack() as stack:

        def started(limits: "Limits", settings: Settings) -> Server:
            world = world_of("z.test.", ZONE).open()
            server = Server(["127.0.0.1:0"], world, workers=1, limits=limits, settings=settings)
            stack.callback(server.stop)
            return server

        yield started


@pytest.fixture
def start(start_as: StartAs) -> Start:
    return lambda limits: start_as(limits, Settings())


class Flood:
    """What comes back of many queries sent at once, and how many that may be."""

    def __init__(
        self, server: Server, names: list[str], source: str = "127.0.0.1", options: Sequence[Option] = ()
    ) -> None:
        begun = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.bind((source, 0))
            sock.connect(address_of(server))
            for number, name in enumerate(names):
                query = dns.message.make_query(name, "A", id=number, use_edns=0, options=list(options))
                sock.send(query.to_wire())
            self.replies = list(self._until_probe(sock, server))
        self.possible = RATE + int(RATE * (time.monotonic() - begun)) + 1

    def _until_probe(self, sock: socket.socket, server: Server) -> Iterator[dns.message.Message]:
        """A query over TCP would not queue behind the others, so one about something else marks the end."""
        sock.send(dns.message.make_query("other.z.test.", "A", id=0xFFFF).to_wire())
        while (reply := dns.message.from_wire(sock.recv(4096))).id != 0xFFFF:
            yield reply

    @property
    def whole(self) -> list[dns.message.Message]:
        return [reply for reply in self.replies if not reply.flags & dns.flags.TC]

    @property
    def truncated(self) -> list[dns.message.Message]:
        return [reply for reply in self.replies if reply.flags & dns.flags.TC]

    @property
    def is_limited(self) -> bool:
        return RATE <= len(self.whole) <= self.possible


def test_a_flood_gets_its_rate_whole_and_every_second_of_the_rest_truncated(start: Start) -> None:
    server = start({"responses_per_s": RATE, "exempt": NOBODY})
    flood = Flood(server, ["www.z.test."] * 100)
    assert flood.is_limited
    limited = 100 - len(flood.whole)
    assert len(flood.truncated) == limited // 2
    counters = server.counters()
    assert counters["slipped"] == limited // 2
    assert counters["withheld"] == limited - limited // 2
    assert sum(answer["count"] for answer in counters["answers"]) == 101 - counters["withheld"]
    assert (counters["queries"], counters["dropped"]) == (101, 0)


def test_a_truncated_reply_is_question_and_opt_and_sends_the_client_to_tcp(start: Start) -> None:
    server = start({"responses_per_s": RATE, "slip": 1, "exempt": NOBODY})
    flood = Flood(server, ["WWW.z.test."] * 50)
    assert len(flood.replies) == 50
    for reply in flood.truncated:
        assert reply.question[0].name.to_text() == "WWW.z.test."
        assert reply.edns == 0
        assert reply.rcode() == dns.rcode.NOERROR
        assert reply.answer + reply.authority + reply.additional == []
    for _ in range(50):
        assert ask(SocketDoor(server), "www.z.test.", "A", tcp=True).answer


def test_what_slips_is_no_larger_than_its_query_whatever_it_says(start_as: StartAs) -> None:
    settings = Settings(nsid=b"n" * 100, version="v" * 200)
    server = start_as({"responses_per_s": RATE, "slip": 1, "exempt": NOBODY}, settings)
    nsid = GenericOption(OptionType.NSID, b"")
    chaos = dns.message.make_query("version.bind.", "TXT", "CH", use_edns=0, options=[nsid]).to_wire()
    foreign = dns.message.make_query("www.example.net.", "A", use_edns=0, options=[nsid]).to_wire()
    for query, truncated in ((chaos, True), (foreign, False)):
        *_, last = (SocketDoor(server).ask_raw(query) for _ in range(3 * RATE))
        assert last is not None
        assert len(last) <= len(query)
        assert bool(dns.message.from_wire(last).flags & dns.flags.TC) is truncated


def test_no_slip_means_silence(start: Start) -> None:
    flood = Flood(start({"responses_per_s": RATE, "slip": 0, "exempt": NOBODY}), ["www.z.test."] * 100)
    assert flood.is_limited
    assert not flood.truncated


@pytest.mark.parametrize("name", ["{}.z.test.", "{}.wild.z.test.", "{}.elsewhere.test."])
def test_names_without_end_share_one_rate(start: Start, name: str) -> None:
    server = start({"responses_per_s": RATE, "slip": 0, "exempt": NOBODY})
    assert Flood(server, [name.format(number) for number in range(100)]).is_limited


def test_errors_slip_as_they_are_because_tcp_would_give_no_more(start: Start) -> None:
    server = start({"responses_per_s": RATE, "slip": 2, "exempt": NOBODY})
    flood = Flood(server, ["elsewhere.test."] * 100)
    assert not flood.truncated
    assert {reply.rcode() for reply in flood.replies} == {dns.rcode.REFUSED}
    assert len(flood.replies) < 100
    assert server.counters()["slipped"] > 0


def test_another_network_and_another_name_are_not_concerned(start: Start) -> None:
    server = start({"responses_per_s": RATE, "slip": 0, "exempt": NOBODY})
    assert Flood(server, ["www.z.test."] * 100).is_limited
    assert len(Flood(server, ["www.z.test."] * RATE, source="127.0.1.1").whole) == RATE
    assert len(Flood(server, ["no.z.test."] * RATE).whole) == RATE


def test_an_exempt_network_is_never_limited(start: Start) -> None:
    server = start({"responses_per_s": RATE, "exempt": ["127.0.7.0/24"]})
    assert len(Flood(server, ["www.z.test."] * 100, source="127.0.7.7").whole) == 100
    assert Flood(server, ["www.z.test."] * 100, source="127.0.8.7").is_limited


def test_the_loopback_is_exempt_unless_told_otherwise(start: Start) -> None:
    assert len(Flood(start({"responses_per_s": RATE}), ["www.z.test."] * 100).whole) == 100


def test_a_client_whose_cookie_proves_its_address_is_not_limited(start_as: StartAs) -> None:
    limits: Limits = {"responses_per_s": RATE, "slip": 0, "exempt": NOBODY}
    server = start_as(limits, WITH_COOKIES)
    first = ask(SocketDoor(server), "other.z.test.", "A", options=[COOKIE])
    (cookie,) = first.options
    assert Flood(server, ["www.z.test."] * 100, options=[COOKIE]).is_limited
    assert len(Flood(server, ["www.z.test."] * 100, options=[cookie]).whole) == 100


@pytest.mark.parametrize("claimed", [b"", b"not ours"], ids=["learning", "wrong"])
@pytest.mark.parametrize("name", ["www.z.test.", "elsewhere.test."])
def test_a_limited_client_that_knows_cookies_is_told_to_come_back_with_one(
    start_as: StartAs, name: str, claimed: bytes
) -> None:
    """RFC 7873 section 5.2.3: that takes it no connection, and shows as much as one."""
    server = start_as({"responses_per_s": RATE, "slip": 1, "exempt": NOBODY}, WITH_COOKIES)
    cookie = GenericOption(OptionType.COOKIE, COOKIE.data + claimed)
    flood = Flood(server, [name] * 100, options=[cookie])
    told = [reply for reply in flood.replies if reply.rcode() == dns.rcode.BADCOOKIE]
    assert len(told) == server.counters()["slipped"] > 0
    counted = [answer["count"] for answer in server.counters()["answers"] if answer["rcode"] == dns.rcode.BADCOOKIE]
    assert counted == [len(told)]
    for reply in told:
        assert not reply.flags & (dns.flags.TC | dns.flags.AA)
        assert reply.answer + reply.authority + reply.additional == []
        (made,) = reply.options
    assert len(Flood(server, ["www.z.test."] * 100, options=[made]).whole) == 100


def test_no_rate_means_no_limit(start: Start) -> None:
    server = start({"responses_per_s": 0, "exempt": NOBODY})
    assert len(Flood(server, ["www.z.test."] * 100).whole) == 100


def test_a_block_that_is_none_is_named(start: Start) -> None:
    with pytest.raises(ValueError, match=r'limits: "10.0.0.1/8" has bits past its prefix'):
        start({"exempt": ["10.0.0.1/8"]})

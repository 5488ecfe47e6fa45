"""TCP and its limits: what a client may do with a connection, and what no client can do to the others."""

import os
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import dns.message
import pytest

from responder import Server
from tests.responder.doors import TIMEOUT_S, address_of, framed, receive_frame
from tests.worlds import world_of

if TYPE_CHECKING:  # types of the stub only
    from responder import Limits, TcpCounts

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n"
BIG = "\n".join(f'big 60 TXT "{number:0200}"' for number in range(200))
#: short enough to wait for, long enough for a busy machine to keep
SOON_S = 0.3


class Start(Protocol):
    def __call__(self, limits: "Limits", addresses: int = 1) -> Server: ...


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def started(limits: "Limits", addresses: int = 1) -> Server:
            world = world_of("z.test.", ZONE + BIG)
            server = Server(["127.0.0.1:0"] * addresses, world.open(), workers=1, limits=limits)
            stack.callback(server.stop)
            return server

        yield started


@pytest.fixture
def server(start: Start) -> Server:
    return start({})


def query(number: int = 0, name: str = "www.z.test.", rdtype: str = "A") -> bytes:
    return dns.message.make_query(name, rdtype, id=number).to_wire()


def connect(server: Server, which: int = 0) -> socket.socket:
    return socket.create_connection(address_of(server, which), TIMEOUT_S)


def received_ids(sock: socket.socket) -> Iterator[int]:
    """The ids of all replies until the peer closes."""
    while (answer := receive_frame(sock)) is not None:
        (number,) = struct.unpack("!H", answer[:2])
        yield number


def is_served(sock: socket.socket) -> bool:
    try:
        sock.sendall(framed(query(7)))
        return receive_frame(sock) is not None
    except ConnectionError:
        return False


def serve_others_until(server: Server, happened: Callable[["TcpCounts"], bool]) -> None:
    """Asks on a connection of its own, which must be answered all the while."""
    deadline = time.monotonic() + TIMEOUT_S
    with connect(server) as other:
        while not happened(server.counters()["tcp"]):
            assert is_served(other)
            assert time.monotonic() < deadline


class TestPipelining:
    def test_a_thousand_queries_in_one_segment_are_answered_in_order(self, server: Server) -> None:
        with connect(server) as sock:
            sock.sendall(b"".join(framed(query(number)) for number in range(1000)))
            sock.shutdown(socket.SHUT_WR)
            assert list(received_ids(sock)) == list(range(1000))

    def test_queries_may_come_octet_by_octet(self, server: Server) -> None:
        with connect(server) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in framed(query(1)) + framed(query(2)):
                sock.sendall(bytes([octet]))
            sock.shutdown(socket.SHUT_WR)
            assert list(received_ids(sock)) == [1, 2]

    def test_queries_may_be_cut_anywhere(self, server: Server) -> None:
        octets = framed(query(1)) + framed(query(2))
        for cut in range(1, len(octets)):
            with connect(server) as sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.sendall(octets[:cut])
                sock.sendall(octets[cut:])
                sock.shutdown(socket.SHUT_WR)
                assert list(received_ids(sock)) == [1, 2]

    def test_replies_that_outgrow_every_buffer_all_arrive(self, server: Server) -> None:
        with connect(server) as sock:
            for number in range(200):
                sock.sendall(framed(query(number, "big.z.test.", "TXT")))
            sock.shutdown(socket.SHUT_WR)
            assert list(received_ids(sock)) == list(range(200))

    def test_who_has_said_all_still_gets_the_answers(self, server: Server) -> None:
        # RFC 7766 section 6.2.4: a client may shut its side down after the last query.
        with connect(server) as sock:
            sock.sendall(framed(query(1)) + framed(query(2))[:-1])
            sock.shutdown(socket.SHUT_WR)
            assert list(received_ids(sock)) == [1]


class TestGarbage:
    @pytest.mark.parametrize("garbage", [b"\0\0", framed(b"short"), framed(bytes(2) + b"\x80" + bytes(9))])
    def test_it_ends_the_connection_behind_the_replies_before_it(self, server: Server, garbage: bytes) -> None:
        with connect(server) as sock:
            sock.sendall(framed(query(1)) + garbage + framed(query(2)) * 1000)
            assert list(received_ids(sock)) == [1]
        assert server.counters()["dropped"] == 1

    def test_the_longest_frame_that_never_ends_is_cut_off(self, start: Start) -> None:
        server = start({"query_timeout_s": SOON_S})
        with connect(server) as sock:
            sock.sendall(b"\xff\xff" + bytes(1000))
            serve_others_until(server, lambda tcp: tcp["cut_off"] == 1)
            with pytest.raises(ConnectionResetError):
                sock.recv(1)

    def test_a_reset_in_the_middle_harms_nobody(self, server: Server) -> None:
        for part in (b"\0", framed(query(1))[:-1], framed(query(1)) * 100):
            with connect(server) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.sendall(part)
        serve_others_until(server, lambda tcp: tcp["open"] == 1)


class TestSlowClients:
    def test_who_does_not_read_is_cut_off(self, start: Start) -> None:
        server = start({"reply_timeout_s": SOON_S})
        with connect(server) as sock:
            with suppress(ConnectionError):
                sock.sendall(framed(query(1, "big.z.test.", "TXT")) * 500)
            serve_others_until(server, lambda tcp: tcp["cut_off"] == 1)
            with pytest.raises(ConnectionResetError):
                list(received_ids(sock))

    def test_a_trickle_does_not_extend_the_time_for_a_query(self, start: Start) -> None:
        server = start({"query_timeout_s": SOON_S})

        def trickle(slow: socket.socket, other: socket.socket) -> None:
            deadline = time.monotonic() + TIMEOUT_S
            slow.sendall(b"\xff\xff")
            while time.monotonic() < deadline:
                slow.sendall(b"\0")
                assert is_served(other)

        with connect(server) as slow, connect(server) as other, pytest.raises(ConnectionError):
            trickle(slow, other)

    def test_who_is_idle_is_closed(self, start: Start) -> None:
        server = start({"idle_timeout_s": SOON_S})
        with connect(server) as asked, connect(server) as silent:
            assert is_served(asked)
            assert list(received_ids(asked)) == list(received_ids(silent)) == []
        assert server.counters()["tcp"]["cut_off"] == 0

    def test_who_never_rests_is_closed_in_good_order(self, start: Start) -> None:
        server = start({"lifetime_s": SOON_S})
        deadline = time.monotonic() + TIMEOUT_S
        with connect(server) as sock:
            while is_served(sock):
                assert time.monotonic() < deadline
        with connect(server) as again:
            assert is_served(again)


class TestCaps:
    def test_a_client_has_no_more_connections_than_its_share(self, start: Start) -> None:
        server = start({"connections_per_client": 3})
        mine = [connect(server) for _ in range(3)]
        assert all(is_served(sock) for sock in mine)
        with connect(server) as one_more:
            assert not is_served(one_more)
        assert server.counters()["tcp"] == {
            "open": 3,
            "buffered_octets": 0,
            "refused": 1,
            "cut_off": 0,
            "handshakes": 1,
            "handshakes_left_out": 2,
        }
        assert all(is_served(sock) for sock in mine)
        for sock in mine:
            sock.close()
        serve_others_until_admitted(server)

    def test_another_network_has_a_share_of_its_own(self, start: Start) -> None:
        server = start({"connections_per_client": 1})
        with (
            connect(server) as mine,
            socket.create_connection(address_of(server), TIMEOUT_S, source_address=("127.0.1.1", 0)) as another,
        ):
            assert is_served(mine)
            assert is_served(another)

    def test_beyond_the_total_the_quietest_makes_room(self, start: Start) -> None:
        server = start({"connections": 2})
        with connect(server) as quietest, connect(server) as second:
            assert is_served(quietest)
            assert is_served(second)
            with connect(server) as newest:
                assert is_served(newest)
                assert receive_frame(quietest) is None
                assert is_served(second)

    def test_idle_connections_at_one_address_keep_nobody_out_at_another(self, start: Start) -> None:
        server = start({"connections": 4}, addresses=2)
        with ExitStack() as stack:
            idle = [stack.enter_context(connect(server)) for _ in range(4)]
            assert is_served(idle[-1])
            with connect(server, 1) as elsewhere:
                assert is_served(elsewhere)
            assert [is_served(sock) for sock in idle] == [False, False, True, True]
        assert server.counters()["tcp"]["refused"] == 0

    def test_a_client_has_one_share_at_all_addresses_together(self, start: Start) -> None:
        server = start({"connections_per_client": 1}, addresses=2)
        with connect(server) as mine:
            assert is_served(mine)
            with connect(server, 1) as elsewhere:
                assert not is_served(elsewhere)

    def test_who_comes_while_descriptors_are_short_is_served_once_there_are_some(self, server: Server) -> None:
        with socket.socket() as sock:
            sock.settimeout(TIMEOUT_S)
            with no_more_descriptors():
                sock.connect(address_of(server))
                time.sleep(0.2)  # nothing tells that it was not let in
            assert is_served(sock)

    def test_a_limit_that_is_not_known_is_named(self, start: Start) -> None:
        with pytest.raises(ValueError, match='limits: "connection" is none'):
            start({"connection": 1})  # type: ignore[typeddict-unknown-key]

    def test_a_time_that_is_none_is_named(self, start: Start) -> None:
        with pytest.raises(ValueError, match="limits: -1 seconds"):
            start({"idle_timeout_s": -1})


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """This process can open none until the end of the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as lowest:
        free = lowest.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def serve_others_until_admitted(server: Server) -> None:
    """The server learns of closed connections by and by."""
    deadline = time.monotonic() + TIMEOUT_S
    served = False
    while not served:
        assert time.monotonic() < deadline
        with connect(server) as sock:
            served = is_served(sock)


class TestMemory:
    BOUND = 1 << 20
    HALF_A_QUERY = b"\xff\xff" + bytes(50_000)
    #: what one connection may hold for the length of a turn
    OF_ONE = 1 << 18

    def test_thousands_of_half_queries_stay_within_the_bound(self, start: Start) -> None:
        clients = descriptors_for(2000)
        server = start({"connections": clients, "connections_per_client": clients, "buffered_octets": self.BOUND})
        before = resident_octets()
        with ExitStack() as stack:
            for number in range(clients - 1):
                sock = stack.enter_context(connect(server))
                with suppress(ConnectionError):
                    sock.sendall(self.HALF_A_QUERY)
                if number % 50 == 0:
                    assert server.counters()["tcp"]["buffered_octets"] <= self.BOUND + self.OF_ONE
            serve_others_until(server, lambda tcp: tcp["buffered_octets"] <= self.BOUND)
            grown = resident_octets() - before
            assert server.counters()["tcp"]["cut_off"] > clients / 2
        # The rest is what Python keeps of the sockets.
        assert grown < self.BOUND + clients * len(self.HALF_A_QUERY) / 4
        serve_others_until(server, lambda tcp: tcp["open"] == 1 and tcp["buffered_octets"] == 0)

    def test_who_sends_whole_queries_is_served_while_memory_is_short(self, start: Start) -> None:
        server = start({"buffered_octets": 100})
        with connect(server) as greedy, connect(server) as modest:
            greedy.sendall(self.HALF_A_QUERY)
            modest.sendall(framed(query(1))[:10])
            serve_others_until(server, lambda tcp: tcp["cut_off"] == 1)
            modest.sendall(framed(query(1))[10:])
            assert receive_frame(modest) is not None

    def test_what_is_kept_at_one_address_leaves_another_its_part(self, start: Start) -> None:
        one = len(self.HALF_A_QUERY)
        server = start({"buffered_octets": 4 * one}, addresses=2)
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(connect(server)).sendall(self.HALF_A_QUERY)
            serve_others_until(server, lambda tcp: tcp["cut_off"] == 2)
            stack.enter_context(connect(server, 1)).sendall(self.HALF_A_QUERY)
            serve_others_until(server, lambda tcp: tcp["buffered_octets"] > 2 * one)
            assert server.counters()["tcp"]["cut_off"] == 2

    def test_a_flood_of_datagrams_that_nobody_reads_takes_none(self, server: Server) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(address_of(server))
            octets = query()
            before = resident_octets()
            for _ in range(50_000):
                sock.send(octets)
            serve_others_until(server, lambda _: server.counters()["queries"] > 1000)
            assert resident_octets() - before < self.BOUND


def descriptors_for(connections: int) -> int:
    """Lets this process open both ends of so many connections, or as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * connections
    soft = max(soft, wanted if hard == resource.RLIM_INFINITY else min(wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(connections, soft // 4)


def resident_octets() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


class TestHandshakes:
    def test_one_is_told_once_its_connection_has_asked_and_cut_to_the_network(self, server: Server) -> None:
        before_s = int(time.time())
        with connect(server) as sock:
            assert server.take_handshakes() == []
            assert is_served(sock)
            assert is_served(sock)
            (told,) = server.take_handshakes()
        assert told["client"] == "127.0.0.0"
        assert 0 < told["rtt_us"] < TIMEOUT_S * 1e6
        assert before_s <= told["measured_s"] <= time.time()
        assert server.take_handshakes() == []
        assert server.counters()["tcp"]["handshakes"] == 1

    def test_an_adopted_connection_was_told_by_who_accepted_it(self, server: Server, start: Start) -> None:
        with connect(server) as sock:
            assert is_served(sock)
            successor = start({})
            left = server.leave()
            successor.adopt(left)
            for descriptor in left:
                os.close(descriptor)
            assert is_served(sock)
        assert len(server.take_handshakes()) == 1
        assert successor.take_handshakes() == []

"""Sockets and threads: TCP framing, swaps under load, counters, start and stop."""

import socket
import struct
import threading
from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import pytest

from responder import Health, Server
from tests.responder.doors import TIMEOUT_S, SocketDoor, address_of, ask, framed, receive_frame, texts
from tests.worlds import World, world_of

ZONE = "@ 60 SOA ns host {serial} 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.{serial}\n"


def numbered_world(number: int) -> World:
    world = world_of("z.test.", ZONE.format(serial=number))
    world.generation = number
    return world


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(["127.0.0.1:0"], numbered_world(1).open(), workers=2)
    yield server
    server.stop()


def query(number: int = 0, name: str = "www.z.test.") -> bytes:
    return dns.message.make_query(name, "A", id=number).to_wire()


@pytest.fixture
def connection(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(address_of(server), TIMEOUT_S) as sock:
        yield sock


class TestTcp:
    def test_pipelined_queries_are_answered_in_order(self, connection: socket.socket) -> None:
        connection.sendall(b"".join(framed(query(number)) for number in range(500)))
        for number in range(500):
            answer = receive_frame(connection)
            assert answer is not None
            assert struct.unpack("!H", answer[:2]) == (number,)

    def test_a_query_may_come_octet_by_octet(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(query(7)):
            connection.sendall(bytes([octet]))
        assert receive_frame(connection) is not None

    def test_a_connection_is_reused(self, connection: socket.socket) -> None:
        for number in range(3):
            connection.sendall(framed(query(number)))
            assert receive_frame(connection) is not None

    def test_garbage_ends_the_connection(self, connection: socket.socket) -> None:
        connection.sendall(framed(b"short"))
        assert receive_frame(connection) is None

    def test_the_largest_message_is_carried(self) -> None:
        records = "\n".join(f'big 60 TXT "{number:0200}"' for number in range(290))
        server = Server(["127.0.0.1:0"], world_of("z.test.", ZONE.format(serial=1) + records).open(), workers=1)
        try:
            answer = ask(SocketDoor(server), "big.z.test.", "TXT", tcp=True)
            assert len(texts(answer.answer)) == 290
        finally:
            server.stop()

    def test_many_connections_at_once_are_served(self, server: Server) -> None:
        sockets = [socket.create_connection(address_of(server), TIMEOUT_S) for _ in range(100)]
        for number, sock in enumerate(sockets):
            sock.sendall(framed(query(number)))
        for sock in sockets:
            assert receive_frame(sock) is not None
            sock.close()


class TestUdp:
    def test_bursts_larger_than_a_batch_are_answered(self, server: Server) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.connect(address_of(server))
            for number in range(100):
                sock.send(query(number))
            answered = {struct.unpack("!H", sock.recv(4096)[:2])[0] for _ in range(100)}
        assert answered == set(range(100))

    def test_an_answer_comes_from_the_address_that_was_asked(self) -> None:
        server = Server(["0.0.0.0:0"], numbered_world(1).open(), workers=1)
        try:
            port = int(server.addresses[0].rsplit(":", 1)[1])
            for host in ("127.0.0.1", "127.0.0.2", "127.1.2.3"):
                # Refuses an answer from any other address than the one that was asked.
                answer = dns.query.udp(dns.message.make_query("www.z.test.", "A"), host, port=port, timeout=TIMEOUT_S)
                assert answer.rcode() == dns.rcode.NOERROR
        finally:
            server.stop()

    def test_ipv6_is_served_beside_ipv4_on_the_same_port(self, server: Server) -> None:
        port = address_of(server)[1]
        other = Server([f"[::1]:{port}"], numbered_world(1).open(), workers=1)
        try:
            answer = dns.query.udp(dns.message.make_query("www.z.test.", "A"), "::1", port=port, timeout=TIMEOUT_S)
            assert answer.rcode() == dns.rcode.NOERROR
        finally:
            other.stop()

    def test_an_ipv6_wildcard_answers_from_the_address_asked(self) -> None:
        server = Server(["[::]:0"], numbered_world(1).open(), workers=1)
        try:
            port = int(server.addresses[0].rsplit(":", 1)[1])
            answer = dns.query.udp(dns.message.make_query("www.z.test.", "A"), "::1", port=port, timeout=TIMEOUT_S)
            assert answer.rcode() == dns.rcode.NOERROR
        finally:
            server.stop()


class TestSwap:
    def test_the_next_query_sees_the_new_world(self, server: Server) -> None:
        for number in range(2, 20):
            server.swap(numbered_world(number).open())
            answer = ask(SocketDoor(server), "www.z.test.", "A")
            assert texts(answer.answer) == [f"www.z.test. 60 A 192.0.2.{number}"]

    def test_no_query_is_lost_or_wrong_while_worlds_change(self, server: Server) -> None:
        snapshots = [numbered_world(number).open() for number in range(1, 251)]
        served: list[int] = []
        started = threading.Event()

        def ask_until_the_last_world() -> None:
            while not served or served[-1] < 250:
                answer = ask(SocketDoor(server), "www.z.test.", "A")
                served.extend(int(str(rdata).rsplit(".", 1)[1]) for rdata in answer.answer[0])
                started.set()

        asker = threading.Thread(target=ask_until_the_last_world)
        asker.start()
        started.wait(TIMEOUT_S)
        for snapshot in snapshots:
            server.swap(snapshot)
        asker.join()
        assert served == sorted(served)


class TestCounters:
    def test_every_query_is_counted_under_its_code(self, server: Server) -> None:
        door = SocketDoor(server)
        for name in ("www.z.test.", "www.z.test.", "no.z.test."):
            ask(door, name, "A")
        ask(door, "www.elsewhere.test.", "A", tcp=True)
        counters = server.counters()
        by_code = {answer["rcode"]: answer["count"] for answer in counters["answers"]}
        # Each UDP query of the door is followed by a probe that is refused.
        assert by_code == {dns.rcode.NOERROR: 2, dns.rcode.NXDOMAIN: 1, dns.rcode.REFUSED: 1 + 3}
        assert counters["queries"] == 7
        assert counters["dropped"] == 0
        assert all(answer["policy"] == 0 and answer["country"] == "" for answer in counters["answers"])

    def test_what_is_not_answered_is_dropped(self, server: Server) -> None:
        assert SocketDoor(server).ask_raw(b"short") is None
        counters = server.counters()
        assert (counters["queries"], counters["dropped"]) == (2, 1)

    def test_they_outlive_a_swap_and_the_stop(self, server: Server) -> None:
        ask(SocketDoor(server), "www.z.test.", "A")
        server.swap(numbered_world(2).open())
        server.stop()
        assert server.counters()["queries"] == 2


class TestStartAndStop:
    def test_a_taken_address_is_named(self, server: Server) -> None:
        with pytest.raises(OSError, match=f"cannot listen on {server.addresses[0]}"):
            Server([server.addresses[0]], numbered_world(1).open())

    def test_a_failed_start_leaves_nothing_bound(self, server: Server) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        world = numbered_world(1).open()
        with pytest.raises(OSError, match="cannot listen"):
            Server([f"127.0.0.1:{port}", server.addresses[0]], world)
        Server([f"127.0.0.1:{port}"], world).stop()

    @pytest.mark.parametrize("listen", ["localhost:53", "127.0.0.1", "", "127.0.0.1:70000"])
    def test_what_is_no_address_is_named(self, listen: str) -> None:
        with pytest.raises(ValueError, match="listen"):
            Server([listen], numbered_world(1).open())

    def test_a_server_needs_a_worker(self) -> None:
        with pytest.raises(ValueError, match="workers"):
            Server(["127.0.0.1:0"], numbered_world(1).open(), workers=0)

    def test_stopping_frees_the_port_and_can_be_repeated(self, server: Server) -> None:
        server.stop()
        server.stop()
        Server([server.addresses[0]], numbered_world(1).open(), workers=1).stop()

    def test_what_arrived_before_the_stop_is_answered(self, server: Server) -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            socket.create_connection(address_of(server), TIMEOUT_S) as stream,
        ):
            datagrams.settimeout(TIMEOUT_S)
            datagrams.connect(address_of(server))
            for number in range(100):
                datagrams.send(query(number))
            stream.sendall(b"".join(framed(query(number)) for number in range(200)))
            server.stop()
            assert {datagrams.recv(4096)[:2] for _ in range(100)} == {struct.pack("!H", n) for n in range(100)}
            assert all(receive_frame(stream) is not None for _ in range(200))
            assert receive_frame(stream) is None

    def test_several_addresses_are_served_alike(self) -> None:
        server = Server(["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"], numbered_world(1).open(), Health(), workers=1)
        try:
            for address in server.addresses:
                host, port = address.rsplit(":", 1)
                asked = dns.message.make_query("www.z.test.", "A")
                for over in (dns.query.udp, dns.query.tcp):
                    answer = over(asked, host.strip("[]"), port=int(port), timeout=TIMEOUT_S)
                    assert answer.rcode() == dns.rcode.NOERROR
        finally:
            server.stop()

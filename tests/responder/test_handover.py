"""One server goes on with the sockets and connections of another: nothing queued is lost, nothing strange is used."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import dns.message
import pytest

from responder import Server
from tests.responder.doors import TIMEOUT_S, SocketDoor, address_of, ask, framed, receive_frame, texts
from tests.responder.test_server import numbered_world, query

OLD, NEW = 1, 2


@contextmanager
def a_server(number: int, listen: list[str], **options) -> Iterator[Server]:
    server = Server(listen, numbered_world(number).open(), **{"workers": 2} | options)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def old() -> Iterator[Server]:
    with a_server(OLD, ["127.0.0.1:0"]) as server:
        yield server


def served_by(server: Server, *, tcp: bool = False) -> int:
    (answer,) = texts(ask(SocketDoor(server), "www.z.test.", "A", tcp=tcp).answer)
    return int(answer.rpartition(".")[2])


def datagrams_to(server: Server) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT_S)
    sock.connect(address_of(server))
    return sock


class TestSockets:
    def test_the_successor_answers_on_them_over_udp_and_tcp(self, old: Server) -> None:
        with a_server(NEW, old.addresses, inherited=old.filenos()) as new:
            assert new.addresses == old.addresses
            old.stop()
            assert [served_by(new), served_by(new, tcp=True)] == [NEW, NEW]

    def test_what_is_queued_when_the_first_server_is_gone_is_answered_by_the_next(self, old: Server) -> None:
        inherited = [os.dup(fileno) for fileno in old.filenos()]
        address = old.addresses
        with datagrams_to(old) as client:
            old.stop()
            for number in range(100):
                client.send(query(number))
            with a_server(NEW, address, inherited=inherited):
                answered = {struct.unpack("!H", client.recv(4096)[:2])[0] for _ in range(100)}
        close_all(inherited)
        assert answered == set(range(100))

    def test_stopping_one_server_leaves_the_other_alone(self, old: Server) -> None:
        with a_server(NEW, old.addresses, inherited=old.filenos()) as new:
            new.stop()
            assert [served_by(old), served_by(old, tcp=True)] == [OLD, OLD]

    def test_a_stop_waits_for_no_datagram(self, old: Server) -> None:
        with a_server(NEW, old.addresses, inherited=old.filenos()):
            stopping = threading.Thread(target=old.stop)
            stopping.start()
            stopping.join(0.5)  # well below the second after which a worker looks by itself
            assert not stopping.is_alive()

    def test_the_least_that_can_wait_at_a_socket_is_told(self, old: Server) -> None:
        given, wanted = old.receive_buffer or (0, 0)
        assert 0 < given <= wanted
        with socket.socket(fileno=os.dup(old.filenos()[0])) as inherited:
            inherited.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        with a_server(NEW, old.addresses, inherited=old.filenos()) as new:
            assert new.receive_buffer == (100_000, wanted)

    def test_more_workers_get_sockets_beside_the_inherited_ones_and_fewer_lose_none(self, old: Server) -> None:
        with a_server(NEW, old.addresses, inherited=old.filenos(), workers=3) as more:
            assert len(more.filenos()) == 3 + 1
            old.stop()
            with a_server(NEW, more.addresses, inherited=more.filenos(), workers=1) as fewer:
                assert len(fewer.filenos()) == 3 + 1

    def test_addresses_in_common_are_taken_over_and_others_bound_and_closed(self) -> None:
        with a_server(OLD, ["127.0.0.1:0", "127.0.0.2:0"]) as old:
            kept, dropped = old.addresses
            with a_server(NEW, [kept, "127.0.0.3:0"], inherited=old.filenos()) as new:
                old.stop()
                assert served_by(new) == NEW
                added = new.addresses[1]
                with closing(socket.create_connection(("127.0.0.3", int(added.rpartition(":")[2])), TIMEOUT_S)):
                    pass
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.2", int(dropped.rpartition(":")[2])), TIMEOUT_S)

    def test_a_wildcard_still_answers_from_the_address_that_was_asked(self) -> None:
        with a_server(OLD, ["0.0.0.0:0"]) as old, a_server(NEW, old.addresses, inherited=old.filenos()) as new:
            old.stop()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(TIMEOUT_S)
                client.sendto(query(), ("127.0.0.9", int(new.addresses[0].rpartition(":")[2])))
                assert client.recvfrom(4096)[1][0] == "127.0.0.9"


class TestConnections:
    def test_one_with_nothing_in_flight_goes_on_with_the_successor(self, old: Server) -> None:
        with socket.create_connection(address_of(old), TIMEOUT_S) as client:
            client.sendall(framed(query(1)))
            assert last_octet(client) == OLD  # before there is another who could accept it
            with a_server(NEW, old.addresses, inherited=old.filenos()) as new:
                hand_over_connections(old, new)
                client.sendall(framed(query(2)))
                assert last_octet(client) == NEW

    def test_each_goes_to_where_its_address_is_served(self) -> None:
        with (
            a_server(OLD, ["127.0.0.1:0", "127.0.0.2:0"]) as old,
            socket.create_connection(address_of(old, 1), TIMEOUT_S) as client,
            a_server(NEW, list(reversed(old.addresses)), inherited=old.filenos()) as new,
        ):
            hand_over_connections(old, new)
            client.sendall(framed(query(1)))
            assert last_octet(client) == NEW

    def test_pipelined_queries_are_all_answered_by_one_or_the_other(self, old: Server) -> None:
        with (
            socket.create_connection(address_of(old), TIMEOUT_S) as client,
            a_server(NEW, old.addresses, inherited=old.filenos()) as new,
        ):
            client.sendall(b"".join(framed(query(number)) for number in range(500)))
            hand_over_connections(old, new)
            client.sendall(b"".join(framed(query(number)) for number in range(500, 600)))
            answers = [receive_frame(client) for _ in range(600)]
        assert [answer and answer[:2] for answer in answers] == [struct.pack("!H", number) for number in range(600)]

    def test_a_query_of_which_half_has_come_is_waited_for(self, old: Server) -> None:
        half, rest = framed(query(7))[:9], framed(query(7))[9:]
        with socket.create_connection(address_of(old), TIMEOUT_S) as client:
            client.sendall(framed(query(6)) + half)
            assert last_octet(client) == OLD
            leaving = threading.Thread(target=lambda: close_all(old.leave()))
            leaving.start()
            client.sendall(rest)
            assert last_octet(client) == OLD
            leaving.join()

    def test_a_client_that_never_sends_the_rest_is_not_waited_for(self, old: Server) -> None:
        with socket.create_connection(address_of(old), TIMEOUT_S) as client:
            client.sendall(framed(query(6)) + b"\0")
            assert last_octet(client) == OLD
            assert old.leave() == []


def hand_over_connections(old: Server, new: Server) -> None:
    left = old.leave()
    new.adopt(left)
    close_all(left)


def close_all(filenos: list[int]) -> None:
    for fileno in filenos:
        os.close(fileno)


def last_octet(client: socket.socket) -> int:
    message = receive_frame(client)
    assert message is not None
    return int(texts(dns.message.from_wire(message).answer)[0].rpartition(".")[2])


class TestStrangeDescriptors:
    @pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX], ids=["not listening", "unix"])
    def test_a_socket_of_another_kind_is_refused(self, family: socket.AddressFamily) -> None:
        with (
            socket.socket(family) as strange,
            pytest.raises(ValueError, match=f"inherited: descriptor {strange.fileno()}"),
        ):
            Server(["127.0.0.1:0"], numbered_world(1).open(), inherited=[strange.fileno()])

    def test_a_file_is_refused(self) -> None:
        with open(os.devnull) as file, pytest.raises(ValueError, match="inherited: descriptor"):  # noqa: PTH123
            Server(["127.0.0.1:0"], numbered_world(1).open(), inherited=[file.fileno()])

    @pytest.mark.parametrize("number", [-1, 2**30])
    def test_what_is_no_descriptor_is_refused(self, number: int) -> None:
        with pytest.raises(ValueError, match=f"inherited: descriptor {number}"):
            Server(["127.0.0.1:0"], numbered_world(1).open(), inherited=[number])

    def test_a_listener_is_no_connection(self, old: Server) -> None:
        with pytest.raises(ValueError, match="no TCP connection"):
            old.adopt(old.filenos())

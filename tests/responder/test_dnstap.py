"""dnstap: what is asked and answered reaches a collector; a collector that does not take it costs no answer."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.message
import dns.query
import pytest

from responder import Dnstap, Server
from tests.responder.dnstap_collector import (
    AUTH_QUERY,
    AUTH_RESPONSE,
    READY,
    START,
    STOP,
    tcp_collector,
    unix_collector,
)
from tests.responder.doors import TIMEOUT_S, address_of, framed, receive_frame
from tests.worlds import world_of

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n" + "\n".join(
    f'big 60 TXT "{number:0200}"' for number in range(200)
)


def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@contextmanager
def a_server(dnstap: Dnstap | None, listen: str = "127.0.0.1:0") -> Iterator[Server]:
    server = Server([listen], world_of("z.test.", ZONE).open(), workers=1, dnstap=dnstap)
    try:
        yield server
    finally:
        server.stop()


def www(number: int = 0) -> bytes:
    return dns.message.make_query("www.z.test.", "A", id=number).to_wire()


def exchange(server: Server, queries: list[bytes]) -> tuple[int, list[bytes]]:
    """The client's port, and the answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT_S)
        client.connect(address_of(server))
        answers = []
        for query in queries:
            client.send(query)
            answers.append(client.recv(4096))
        return client.getsockname()[1], answers


@pytest.fixture
def collector(tmp_path):
    collector = unix_collector(tmp_path / "dnstap.sock")
    yield collector
    collector.stop()


@pytest.fixture
def target(tmp_path):
    return f"unix:{tmp_path / 'dnstap.sock'}"


def test_a_query_and_its_answer_arrive_with_who_when_and_every_octet(collector, target):
    began = int(time.time())
    with a_server(Dnstap(target, sample=1, identity="fra-1", version="0.1")) as server:
        port, (answer,) = exchange(server, [www(7)])
        eventually(lambda: len(collector.frames) == 2, "both messages arrive")
        asked = address_of(server)[1]

    assert {frame[1] for frame in collector.frames} == {b"fra-1"}
    assert {frame[2] for frame in collector.frames} == {b"0.1"}
    assert {frame[15] for frame in collector.frames} == {1}
    (query,), (response,) = collector.messages(AUTH_QUERY), collector.messages(AUTH_RESPONSE)
    assert (query["query_message"], response["response_message"]) == (www(7), answer)
    for message in (query, response):
        assert (message["family"], message["protocol"]) == (1, 1)
        assert (message["query_address"], message["query_port"]) == (bytes([127, 0, 0, 1]), port)
        assert (message["response_address"], message["response_port"]) == (bytes([127, 0, 0, 1]), asked)
        assert began <= message["query_time_sec"] <= began + TIMEOUT_S
        assert message["query_time_nsec"] < 10**9
    times = [(response[f"{part}_time_sec"], response[f"{part}_time_nsec"]) for part in ("query", "response")]
    assert times == sorted(times)


def test_the_stream_is_opened_and_closed_as_frame_streams_has_it(collector, target):
    with a_server(Dnstap(target, sample=1)) as server:
        exchange(server, [www()])
    assert collector.controls == [READY, START, STOP]
    assert len(collector.frames) == 2, "what was tapped before the end is not lost"


def test_tcp_carries_it_too_and_answers_over_tcp_are_tapped_whole():
    collector = tcp_collector()
    host, port = collector.listener.getsockname()
    try:
        with a_server(Dnstap(f"tcp:{host}:{port}", sample=1)) as server:
            with socket.create_connection(address_of(server), TIMEOUT_S) as client:
                client.sendall(framed(dns.message.make_query("big.z.test.", "TXT").to_wire()))
                answer = receive_frame(client)
            eventually(lambda: len(collector.frames) == 2, "both messages arrive")
    finally:
        collector.stop()
    (response,) = collector.messages(AUTH_RESPONSE)
    assert response["protocol"] == 2
    assert response["response_message"] == answer
    assert len(answer or b"") > 40_000


def test_ipv6_is_told_from_ipv4(collector, target):
    with a_server(Dnstap(target, sample=1), "[::1]:0") as server:
        port = int(server.addresses[0].rpartition(":")[2])
        dns.query.udp(dns.message.make_query("www.z.test.", "A"), "::1", port=port, timeout=TIMEOUT_S)
        eventually(lambda: len(collector.frames) == 2, "both messages arrive")
    (query,) = collector.messages(AUTH_QUERY)
    assert (query["family"], query["query_address"]) == (2, bytes(15) + b"\1")


def test_one_in_so_many_is_tapped(collector, target):
    with a_server(Dnstap(target, sample=10)) as server:
        exchange(server, [www(number) for number in range(100)])
        eventually(lambda: len(collector.frames) == 20, "ten queries with their answers arrive")
        eventually(lambda: server.counters()["dnstap"] == {"sent": 10, "lost": 0}, "all of them are counted")
    assert len({message["query_message"][:2] for message in collector.messages(AUTH_QUERY)}) == 10


def test_a_query_that_is_not_answered_is_tapped_alone(collector, target):
    response = bytearray(www())
    response[2] |= 0x80
    with a_server(Dnstap(target, sample=1)) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(response, address_of(server))
        eventually(lambda: len(collector.frames) == 1, "the query arrives")
    assert collector.messages(AUTH_RESPONSE) == []


def test_without_a_collector_every_answer_comes_and_losses_are_counted(target):
    with a_server(Dnstap(target, sample=1)) as server:
        _, answers = exchange(server, [www(number) for number in range(1000)])
        assert len(answers) == 1000
        counted = server.counters()["dnstap"]
    assert counted["sent"] == 0
    assert counted["lost"] == 1000 - 512, "as many wait as there are buffers"
    assert server.counters()["dnstap"] == {"sent": 0, "lost": 1000}, "and wait in vain"


def test_a_collector_that_does_not_read_delays_no_answer(collector, target):
    collector.reading.clear()
    with a_server(Dnstap(target, sample=1)) as server:
        took_s = []
        for number in range(5000):
            began = time.monotonic()
            exchange_one(server, number)
            took_s.append(time.monotonic() - began)
        assert server.counters()["dnstap"]["lost"] > 0
        assert sorted(took_s)[-50] < 0.5, "less than the patience with the collector"
        collector.reading.set()


def exchange_one(server: Server, number: int) -> None:
    _, (answer,) = exchange(server, [www(number)])
    assert answer[:2] == number.to_bytes(2)


def test_a_collector_that_dies_and_comes_back_gets_what_is_tapped_then(collector, target, tmp_path):
    with a_server(Dnstap(target, sample=1)) as server:
        exchange(server, [www(1)])
        eventually(lambda: len(collector.frames) == 2, "the first query arrives")
        collector.hang_up()
        eventually(lambda: collector.connections == 2, "the responder connects again")
        exchange(server, [www(2)])
        eventually(lambda: len(collector.frames) == 4, "the second query arrives")


def test_stopping_does_not_wait_for_a_collector_that_hangs(collector, target):
    collector.reading.clear()
    with a_server(Dnstap(target, sample=1)) as server:
        exchange(server, [www(number) for number in range(2000)])
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"collector": "dnstap.sock"}, "collector: .* not unix:/PATH or tcp:HOST:PORT"),
        ({"collector": "unix:/run/dnstap.sock", "sample": 0}, "sample: at least 1"),
    ],
)
def test_what_cannot_be_tapped_is_refused_by_name(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        Dnstap(**arguments)


@pytest.mark.skipif(shutil.which("fstrm_capture") is None, reason="fstrm_capture (Debian: fstrm-bin) is not installed")
def test_fstrm_capture_takes_the_stream(tmp_path):
    path, file = tmp_path / "dnstap.sock", tmp_path / "captured.fstrm"
    command = ["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", "-u", str(path), "-w", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as capture:
        eventually(path.exists, "fstrm_capture listens")
        with a_server(Dnstap(f"unix:{path}", sample=1)) as server:
            _, (answer,) = exchange(server, [www(7)])
            eventually(lambda: server.counters()["dnstap"]["sent"] == 1, "it is sent")
        capture.terminate()
        capture.communicate(timeout=TIMEOUT_S)
    content = file.read_bytes()
    assert www(7) in content
    assert answer in content

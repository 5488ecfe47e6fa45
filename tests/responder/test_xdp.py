"""AF_XDP: answers without the kernel's network stack, between two network namespaces."""

from __future__ import annotations

import json
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.edns
import dns.message
import dns.query
import pytest

from bench.namespaces import INTERFACE, SERVER, Cable, NotPermittedError, cable, within
from tests.responder.doors import TIMEOUT_S, framed, receive_frame

ROOT = Path(__file__).parents[2]
PORT = 5300
#: not served over AF_XDP
SOCKET_PORT = 5301
FAMILIES = [socket.AF_INET, socket.AF_INET6]
ROUNDS = 100

QUERIES = {
    "an address": dns.message.make_query("www.z.test.", "A"),
    "mixed case": dns.message.make_query("wWw.Z.tEsT.", "AAAA"),
    "a chain": dns.message.make_query("alias.z.test.", "A", use_edns=0),
    "a wildcard": dns.message.make_query("a.b.wild.z.test.", "TXT"),
    "no such name": dns.message.make_query("no.z.test.", "A", use_edns=0, payload=4096),
    "no data": dns.message.make_query("www.z.test.", "MX"),
    "a referral": dns.message.make_query("a.sub.z.test.", "A"),
    "not ours": dns.message.make_query("elsewhere.test.", "A"),
    "truncated": dns.message.make_query("big.z.test.", "TXT", use_edns=0, payload=4096),
    "a client subnet": dns.message.make_query(
        "www.z.test.", "A", use_edns=0, options=[dns.edns.ECSOption("203.0.113.0", 24)]
    ),
    "an unknown option": dns.message.make_query(
        "www.z.test.", "A", use_edns=0, options=[dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"x" * 100)]
    ),
    "a later EDNS": dns.message.make_query("www.z.test.", "A", use_edns=1),
}


class Process:
    """A server in the server's namespace."""

    def __init__(self, ends: Cable, *prefix: str, port: int = PORT, xdp: str | None = INTERFACE) -> None:
        options = {"listen": [f"{SERVER[0]}:{port}", f"[{SERVER[1]}]:{port}"], "xdp": xdp, "workers": 1}
        program = [sys.executable, "-m", "tests.responder.served_process", json.dumps(options)]
        command = [*ends.inside(ends.server), *prefix, *program]
        self._process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.state: Any = self._read()["xdp"]

    def tell(self, what: str) -> Any:
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._read()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=TIMEOUT_S)

    def end(self) -> None:
        """As Ctrl-D does: standard input ends, and so does the program."""
        self._process.communicate(timeout=TIMEOUT_S)

    def _read(self) -> Any:
        line = self._process.stdout.readline()
        assert line, "the server has ended"
        return json.loads(line)


@pytest.fixture(scope="module")
def ends() -> Iterator[Cable]:
    try:
        with cable() as ends:
            yield ends
    except NotPermittedError as error:
        pytest.skip(f"network namespaces cannot be made here: {error}")


@pytest.fixture
def start(ends: Cable) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(*prefix: str, **options: Any) -> Process:
        started.append(Process(ends, *prefix, **options))
        return started[-1]

    yield start
    for process in started:
        process.end()


@pytest.fixture
def server(start: Callable[..., Process]) -> Process:
    """Answers over AF_XDP."""
    process = start()
    if process.state[0] != "answering":
        pytest.skip(f"AF_XDP does not work here: {process.state[1]}")
    return process


@contextmanager
def client(ends: Cable, family: int, port: int = PORT, kind: int = socket.SOCK_DGRAM) -> Iterator[socket.socket]:
    with within(ends.client):
        sock = socket.socket(family, kind)
    with sock:
        sock.settimeout(TIMEOUT_S)
        sock.connect((SERVER[FAMILIES.index(socket.AddressFamily(family))], port))
        yield sock


def exchange(sock: socket.socket, query: bytes) -> bytes:
    sock.send(query)
    return sock.recv(65535)


@pytest.mark.parametrize("family", FAMILIES)
class TestAnswers:
    def test_they_are_those_of_the_sockets_to_the_octet(self, ends, server, start, family):
        assert start(port=SOCKET_PORT, xdp=None).state is None
        with client(ends, family) as xdp, client(ends, family, SOCKET_PORT) as plain:
            for what, query in QUERIES.items():
                assert exchange(xdp, query.to_wire()) == exchange(plain, query.to_wire()), what

    def test_they_pass_the_network_stack_by(self, ends, server, family):
        with client(ends, family) as sock:
            before = server.tell("udp")
            for query in QUERIES.values():
                assert exchange(sock, query.to_wire())[:2] == query.to_wire()[:2]

        assert server.tell("udp") == before

    def test_bursts_larger_than_a_batch_are_answered(self, ends, server, family):
        query = QUERIES["an address"].to_wire()[2:]
        with client(ends, family) as sock:
            for number in range(ROUNDS):
                sock.send(struct.pack("!H", number) + query)
            answered = {struct.unpack("!H", sock.recv(4096)[:2])[0] for _ in range(ROUNDS)}

        assert answered == set(range(ROUNDS))

    def test_the_world_is_swapped_for_them_too(self, ends, server, family):
        with client(ends, family) as sock:
            for number in range(2, 20):
                server.tell(f"swap {number}")
                answer = dns.message.from_wire(exchange(sock, QUERIES["an address"].to_wire()))
                assert str(answer.answer[0][0]) == f"192.0.2.{number}"


@pytest.mark.parametrize("family", FAMILIES)
class TestTheKernelGets:
    def test_what_is_not_plainly_a_query_which_its_sockets_answer(self, ends, server, family):
        notify = dns.message.make_query("z.test.", "SOA")
        notify.set_opcode(dns.opcode.NOTIFY)
        before = server.tell("udp")
        with client(ends, family) as sock:
            assert dns.message.from_wire(exchange(sock, notify.to_wire())).rcode() == dns.rcode.NOTIMP

        assert server.tell("udp") == before + 1

    def test_fragments(self, ends, server, family):
        padding = dns.edns.GenericOption(dns.edns.OptionType.PADDING, bytes(1600))
        query = dns.message.make_query("www.z.test.", "A", use_edns=0, options=[padding]).to_wire(max_size=65535)
        before = server.tell("udp")
        with client(ends, family) as sock:
            assert exchange(sock, query)[:2] == query[:2]

        assert server.tell("udp") == before + 1

    def test_tcp(self, ends, server, family):
        query = QUERIES["truncated"].to_wire()
        with client(ends, family, kind=socket.SOCK_STREAM) as sock:
            sock.sendall(framed(query))
            assert len(receive_frame(sock) or b"") > 1232

    def test_other_ports_which_it_says_are_closed(self, ends, server, family):
        with client(ends, family, 5999) as sock, pytest.raises(ConnectionRefusedError):
            exchange(sock, QUERIES["an address"].to_wire())


def test_icmp_is_answered_by_the_kernel(ends, server):
    with within(ends.client), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.settimeout(TIMEOUT_S)
        echo = struct.pack("!BBHHH", 8, 0, 0xF7FF, 0, 0)
        sock.sendto(echo, (SERVER[0], 0))
        assert sock.recv(2048)[20] == 0  # echo reply


def test_counters_add_up_over_both_paths(ends, server):
    query = QUERIES["an address"].to_wire()
    with client(ends, socket.AF_INET) as xdp, client(ends, socket.AF_INET, kind=socket.SOCK_STREAM) as tcp:
        for _ in range(3):
            exchange(xdp, query)
        tcp.sendall(framed(query))
        receive_frame(tcp)

    counters = server.tell("counters")
    assert (counters["queries"], [answer["count"] for answer in counters["answers"]]) == (4, [4])


class TestEnd:
    def test_stopping_detaches_the_program(self, ends, server):
        assert ends.program() in ("native", "generic")
        server.tell("stop")
        assert ends.program() is None

    def test_what_arrived_before_the_stop_is_answered(self, ends, server):
        with client(ends, socket.AF_INET) as sock:
            exchange(sock, QUERIES["an address"].to_wire())
            for _ in range(ROUNDS):
                sock.send(QUERIES["an address"].to_wire())
            server.tell("stop")
            for _ in range(ROUNDS):
                sock.recv(4096)

    def test_a_killed_process_leaves_no_program_attached(self, ends):
        process = Process(ends)
        if process.state[0] != "answering":
            pytest.skip(f"AF_XDP does not work here: {process.state[1]}")
        process.kill()
        assert ends.program() is None

    def test_who_finds_the_interface_taken_gets_it_when_it_is_free(self, ends, server, start):
        second = start(port=SOCKET_PORT)
        assert second.state[0] == "waiting"
        with client(ends, socket.AF_INET, SOCKET_PORT) as sock:
            exchange(sock, QUERIES["an address"].to_wire())
            server.tell("stop")
            deadline = time.monotonic() + TIMEOUT_S
            while second.tell("xdp")[0] != "answering":
                assert time.monotonic() < deadline
            before = second.tell("udp")
            exchange(sock, QUERIES["an address"].to_wire())
            assert second.tell("udp") == before


class TestFallingBack:
    """Where AF_XDP cannot be had, sockets answer, and a message says why."""

    @pytest.mark.parametrize(
        ("lacking", "message"),
        [
            ("net_raw", "needs CAP_NET_RAW"),
            ("bpf,-sys_admin", "needs CAP_BPF"),
            ("net_admin,-sys_admin", "CAP_NET_ADMIN"),
        ],
    )
    def test_a_missing_right_is_named(self, ends, start, lacking, message):
        if shutil.which("setpriv") is None:
            pytest.skip("the command setpriv (util-linux) is needed")
        process = start("setpriv", f"--bounding-set=-{lacking}")
        self.check(ends, process, message)

    def test_a_missing_interface_is_named(self, ends, start):
        self.check(ends, start(xdp="none-of-these"), "no Ethernet interface")

    def test_no_other_rights_than_the_named_are_needed(self, ends, start):
        if shutil.which("setpriv") is None:
            pytest.skip("the command setpriv (util-linux) is needed")
        process = start("setpriv", "--bounding-set=-all,+net_raw,+bpf,+net_admin,+ipc_lock")
        assert process.state[0] == "answering" or "CAP_" not in process.state[1]

    @staticmethod
    def check(ends: Cable, process: Process, message: str) -> None:
        state, sentence = process.state
        assert (state, message in sentence) == ("unavailable", True), sentence
        with client(ends, socket.AF_INET) as sock:
            assert exchange(sock, QUERIES["an address"].to_wire())

"""Name servers and a resolver on loopback, all at one port: each answers as its test says, over UDP and TCP."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from common.ports import free_port
from zones.delegation_asking import Asker

TTL_S = 60
RESOLVER = "127.0.0.9"
QUERY_S = 5.0
"""Longer than a busy machine takes; who is to be silent is not there at all."""

Answer = Callable[[dns.message.Message], dns.message.Message]


class _Udp(socketserver.BaseRequestHandler):
    server: _UdpServer

    def handle(self) -> None:
        wire, connection = self.request
        connection.sendto(self.server.answer(dns.message.from_wire(wire)).to_wire(), self.client_address)


class _Tcp(socketserver.BaseRequestHandler):
    server: _TcpServer

    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.request.recv(2, 0x100))
        query = dns.message.from_wire(self.request.recv(length, 0x100))
        wire = self.server.answer(query).to_wire()
        self.request.sendall(struct.pack("!H", len(wire)) + wire)


class _UdpServer(socketserver.ThreadingUDPServer):
    answer: Answer
    daemon_threads = False
    allow_reuse_address = True


class _TcpServer(socketserver.ThreadingTCPServer):
    answer: Answer
    daemon_threads = False
    allow_reuse_address = True


@dataclass
class Network:
    """Servers by address. `stack` ends them."""

    port: int = field(default_factory=free_port)
    stack: ExitStack = field(default_factory=ExitStack)

    def serve(self, address: str, answer: Answer, *, tcp: bool = True) -> None:
        served: list[_UdpServer | _TcpServer] = [_UdpServer((address, self.port), _Udp)]
        if tcp:
            served.append(_TcpServer((address, self.port), _Tcp))
        for server in served:
            server.answer = answer
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            self.stack.callback(_end, server, thread)

    def asker(self, *, allow_private: bool = True, query_s: float = QUERY_S) -> Asker:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.timeout = [RESOLVER], self.port, QUERY_S
        return Asker(resolver, allow_private, self.port, query_s)


def _end(server: socketserver.BaseServer, thread: threading.Thread) -> None:
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def network() -> Iterator[Network]:
    made = Network()
    with made.stack:
        yield made


def rrset(line: str) -> dns.rrset.RRset:
    """`owner TYPE data`, absolute."""
    owner, type_, data = line.split(" ", 2)
    return dns.rrset.from_text(owner, TTL_S, "IN", type_, data)


def resolving(*lines: str) -> Answer:
    """A resolver that knows these records and no others."""
    known: dict[tuple[dns.name.Name, int], list[dns.rrset.RRset]] = {}
    for line in lines:
        each = rrset(line)
        known.setdefault((each.name, each.rdtype), []).append(each)

    def answer(query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        reply.answer = list(known.get((question.name, question.rdtype), []))
        if not any(name == question.name for name, _ in known):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    return answer


def referring(servers: list[str], glue: Mapping[str, str] | None = None, ds: str = "") -> Answer:
    """A parent that delegates demo.test. to these servers."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        if query.question[0].rdtype == dns.rdatatype.DS:
            reply.answer = [rrset(f"demo.test. DS {ds}")] if ds else []
            return reply
        reply.authority = [rrset(f"demo.test. NS {server}") for server in servers]
        reply.additional = [rrset(f"{name} A {address}") for name, address in (glue or {}).items()]
        return reply

    return answer


def authoritative(servers: list[str], serial: int, *, edns: bool = True) -> Answer:
    """A server of demo.test."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        if not edns:
            reply.use_edns(False)
        reply.flags |= dns.flags.AA
        if query.question[0].rdtype == dns.rdatatype.SOA:
            reply.answer = [rrset(f"demo.test. SOA ns1.demo.test. hostmaster.demo.test. {serial} 1 1 1 1")]
        else:
            reply.answer = [rrset(f"demo.test. NS {server}") for server in servers]
        return reply

    return answer


def refusing(query: dns.message.Message) -> dns.message.Message:
    """A server that knows nothing of the zone."""
    reply = dns.message.make_response(query)
    reply.set_rcode(dns.rcode.REFUSED)
    return reply

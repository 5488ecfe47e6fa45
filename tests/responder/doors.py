"""The two doors to the responder: the function `respond` and the sockets of a `Server`."""

import socket
import struct
from dataclasses import dataclass
from typing import Protocol

import dns.message
import dns.query
import dns.rdataclass

from responder import Health, Server, Settings, Snapshot, respond

TIMEOUT_S = 5.0
#: what a client on loopback comes from, and thus what both doors see
LOOPBACK = "127.0.0.1"


class Door(Protocol):
    def ask_raw(self, query: bytes, *, tcp: bool = False) -> bytes | None:
        """The wire answer, None if there is none."""


@dataclass
class RespondDoor:
    snapshot: Snapshot
    health: Health
    settings: Settings | None = None
    source: str = LOOPBACK
    now_s: int = 0

    def ask_raw(self, query: bytes, *, tcp: bool = False) -> bytes | None:
        return respond(
            self.snapshot, self.health, query, self.source, tcp=tcp, now_s=self.now_s, settings=self.settings
        )


@dataclass
class SocketDoor:
    server: Server

    def ask_raw(self, query: bytes, *, tcp: bool = False) -> bytes | None:
        return self._over_tcp(query) if tcp else self._over_udp(query)

    def _over_udp(self, query: bytes) -> bytes | None:
        """A probe behind the query shows when an answer to the query itself will not come any more."""
        probe = dns.message.make_query("probe.invalid.", "A", id=_other_id(query)).to_wire()
        dropped = self.server.counters()["dropped"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.connect(address_of(self.server))
            sock.send(query)
            sock.send(probe)
            first = sock.recv(65535)
            if first[:2] != probe[:2]:
                return first
            # The two may have changed places on the way.
            return sock.recv(65535) if self.server.counters()["dropped"] == dropped else None

    def _over_tcp(self, query: bytes) -> bytes | None:
        with socket.create_connection(address_of(self.server), TIMEOUT_S) as sock:
            sock.sendall(framed(query))
            sock.shutdown(socket.SHUT_WR)
            return receive_frame(sock)


def _other_id(query: bytes) -> int:
    return int.from_bytes(query[:2].ljust(2, b"\0"), "big") ^ 0xFFFF


def address_of(server: Server, which: int = 0) -> tuple[str, int]:
    host, port = server.addresses[which].rsplit(":", 1)
    return host, int(port)


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def receive_frame(sock: socket.socket) -> bytes | None:
    """The next framed message; None if the peer closed instead."""
    header = _receive_exactly(sock, 2)
    return None if header is None else _receive_exactly(sock, struct.unpack("!H", header)[0])


def _receive_exactly(sock: socket.socket, count: int) -> bytes | None:
    octets = b""
    while len(octets) < count:
        piece = sock.recv(count - len(octets))
        if not piece:
            return None
        octets += piece
    return octets


def ask(door: Door, qname: str, rdtype: str, *, tcp: bool = False, **options: object) -> dns.message.Message:
    """Asks with dnspython's options (`use_edns`, `payload`, `options`, `want_dnssec`) and parses the answer."""
    query = dns.message.make_query(qname, rdtype, **options)  # type: ignore[arg-type]
    wire = door.ask_raw(query.to_wire(), tcp=tcp)
    assert wire is not None, f"no answer to {qname} {rdtype}"
    answer = dns.message.from_wire(wire)
    assert answer.id == query.id
    return answer


def texts(section: list[dns.rrset.RRset]) -> list[str]:
    """Every record of a section on a line of its own."""
    return [
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}"
        for rrset in section
        for rdata in rrset
    ]

"""A client that asks one edge all the time and keeps what it was told."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

PAUSE_S = 0.01
LOST_S = 3.0  # generous: on a busy machine an answer may be late, and only one that never comes counts


@dataclass(frozen=True, slots=True)
class Reply:
    """`addresses` None: it never came, or was none of a server that works."""

    at_s: float
    addresses: tuple[str, ...] | None


class Asker:
    """Asks within the block. `name`: for its IPv4 addresses."""

    def __init__(self, server: str, name: str) -> None:
        host, _, port = server.rpartition(":")
        self._server = host, int(port)
        self._name = name
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"asks for {name}", daemon=True)
        self.replies: list[Reply] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def lost(self) -> list[Reply]:
        return [reply for reply in self.replies if reply.addresses is None]

    @property
    def seen(self) -> set[str]:
        """Every address it was ever told."""
        return {address for reply in self.replies for address in reply.addresses or ()}

    def latest(self) -> tuple[str, ...]:
        """What it is told by now."""
        return (self.replies[-1].addresses if self.replies else None) or ()

    def changes(self) -> list[tuple[str, ...] | None]:
        """What it was told, each answer once while it stays the same."""
        told: list[tuple[str, ...] | None] = []
        for reply in self.replies:
            if not told or told[-1] != reply.addresses:
                told.append(reply.addresses)
        return told

    def _run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(LOST_S)
            client.connect(self._server)
            while not self._ended.wait(PAUSE_S):
                self.replies.append(Reply(time.monotonic(), self._ask(client)))

    def _ask(self, client: socket.socket) -> tuple[str, ...] | None:
        query = dns.message.make_query(self._name, "A")
        try:
            client.send(query.to_wire())
            answer = dns.message.from_wire(client.recv(4096))
        except (OSError, dns.exception.DNSException):
            return None
        if answer.id != query.id or answer.rcode() is not dns.rcode.NOERROR:
            return None
        return tuple(rdata.address for rrset in answer.answer if rrset.rdtype == dns.rdatatype.A for rdata in rrset)

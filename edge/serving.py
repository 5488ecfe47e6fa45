"""What this node answers with: the responder's server, from the first snapshot on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.packets import close_all
from edge.protocol import PLAIN, Protocol
from responder import Dnstap, Health, LatencyMap, Server, Snapshot

if TYPE_CHECKING:  # a type of the stub only
    from responder import Counters, Handshake, Limits

NO_COUNTERS: Counters = {
    "queries": 0,
    "dropped": 0,
    "withheld": 0,
    "slipped": 0,
    "answers": [],
    "tcp": {"open": 0, "buffered_octets": 0, "refused": 0, "cut_off": 0, "handshakes": 0, "handshakes_left_out": 0},
    "networks": [],
    "shadows": [],
    "listeners": [],
    "dnstap": {"sent": 0, "lost": 0},
}


@dataclass(frozen=True, slots=True)
class Options:
    """How queries are answered, beyond what with."""

    xdp: str | None = None
    """The interface to answer by over AF_XDP, where possible."""
    limits: Limits | None = None
    """Those of the server that shall differ from their defaults."""
    dnstap: Dnstap | None = None
    """Of what sockets receive."""
    protocol: Protocol = PLAIN
    """How DNS is spoken."""


NO_OPTIONS = Options()


class ListenError(Exception):
    """An address that cannot be listened on. The message names it."""


log = logging.getLogger(__name__)


class Serving:
    """Snapshot, health and latency map in use. Each is replaced atomically, between two queries."""

    def __init__(self, listen: Sequence[str], inherited: Sequence[int] = (), options: Options = NO_OPTIONS) -> None:
        """`inherited`: descriptors of sockets that another process listens on; they are this one's to close."""
        self._listen = list(listen)
        self._inherited = inherited
        self._options = options
        self._xdp_told: str | None = None
        self._protocol = options.protocol
        self._without_contact_s = 0.0
        self._server: Server | None = None
        self.snapshot: Snapshot | None = None
        self.health = Health()
        self.latency = LatencyMap()
        self._switched_off: frozenset[int] = frozenset()

    @property
    def generation(self) -> int:
        """0: nothing is served yet."""
        return self.snapshot.generation if self.snapshot else 0

    @property
    def addresses(self) -> list[str]:
        return self._server.addresses if self._server else []

    def serve(self, snapshot: Snapshot) -> None:
        """Answer with `snapshot` from the next query on. Raises SnapshotError (P1) and, the first time, ListenError."""
        if self._server is None:
            self._server = self._listening(snapshot)
            if self._options.xdp is not None:
                self._server.use_xdp(self._options.xdp)
            log.info("answering on %s", ", ".join(self._server.addresses))
            _tell_buffer(*self._server.receive_buffer or (0, 0))
        else:
            self._server.swap(snapshot)
        self._tell_xdp(self._server)
        self.snapshot = snapshot
        log.info("serving generation %d", snapshot.generation)

    def _listening(self, snapshot: Snapshot) -> Server:
        try:
            settings = self._protocol.settings(without_contact_s=self._without_contact_s)
            return Server(
                self._listen,
                snapshot,
                self.health,
                latency=self.latency,
                inherited=self._inherited,
                limits=self._options.limits,
                dnstap=self._options.dnstap,
                settings=settings,
                switched_off=self._switched_off,
            )
        except (OSError, ValueError) as error:
            raise ListenError(f"cannot answer queries: {error}") from error
        finally:
            self._close_inherited()

    def _close_inherited(self) -> None:
        close_all(self._inherited)
        self._inherited = ()

    def _tell_xdp(self, server: Server) -> None:
        """Log what has come of AF_XDP, if that is news."""
        state, sentence = server.xdp or (None, None)
        if sentence != self._xdp_told:
            level = logging.INFO if state == "answering" else logging.WARNING
            log.log(level, "AF_XDP on %s: %s", self._options.xdp, sentence)
        self._xdp_told = sentence

    def believe(self, health: Health) -> None:
        """Use `health` from the next query on."""
        self.health = health
        if self._server is not None:
            self._server.set_health(health)

    def locate(self, latency: LatencyMap) -> None:
        """Use `latency` from the next query on."""
        self.latency = latency
        if self._server is not None:
            self._server.set_latency(latency)

    def switch_off(self, endpoints: frozenset[int]) -> None:
        """Answer without the endpoints of these ids from the next query on (P6)."""
        self._switched_off = endpoints
        if self._server is not None:
            self._server.set_switched_off(endpoints)

    def tell_age(self, without_contact_s: float) -> None:
        """Have answers say that they are stale once the feed has been silent for too long (P5, RFC 8914)."""
        limit_s = self._protocol.stale_after_s
        is_news = (without_contact_s > limit_s) != (self._without_contact_s > limit_s)
        self._without_contact_s = without_contact_s
        if is_news and self._server is not None:
            self._server.set_settings(self._protocol.settings(without_contact_s=without_contact_s))

    def counters(self) -> Counters:
        return self._server.counters() if self._server else NO_COUNTERS

    def take_handshakes(self) -> list[Handshake]:
        """Round trips of clients over TCP since the last call."""
        return self._server.take_handshakes() if self._server else []

    def sockets(self) -> list[int]:
        """Descriptors of what it listens on, for a successor to inherit."""
        return self._server.filenos() if self._server else []

    def adopt(self, connections: Sequence[int]) -> None:
        """Go on with the TCP connections that a predecessor left; their descriptors are closed."""
        try:
            if self._server is not None:
                self._server.adopt(connections)
        except ValueError as error:
            log.error("connections are closed instead of gone on with: %s", error)
        finally:
            close_all(connections)

    def leave(self) -> list[int]:
        """Stop. Returns the TCP connections a successor can go on with: descriptors, the caller's to close."""
        return self._server.leave() if self._server else []

    def stop(self) -> None:
        self._close_inherited()
        if self._server is not None:
            self._server.stop()


def _tell_buffer(given: int, wanted: int) -> None:
    if given < wanted:
        log.warning(
            "bursts beyond %d octets at a socket are lost: for %d, set the sysctl net.core.rmem_max to it, or give the"
            " edge CAP_NET_ADMIN",
            given,
            wanted,
        )

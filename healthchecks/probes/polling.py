"""Many conversations over TCP at once, each a dialogue on a connection of its own, on one epoll.

    begin ─► connect ─► what the dialogue sends ─► what it receives, until it has seen enough ─► then(outcome)

A vantage has thousands a second. Tasks, futures and timers of a loop cost several times what the kernel takes for a
connection, so there are none here: the loop looks at the epoll, and the epoll at the sockets.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import select
import socket
import time
from collections.abc import Callable
from heapq import heappop, heappush

from healthchecks.probes.address import RefusedAddressError, require_allowed
from healthchecks.probes.base import Dialogue, Outcome, Peer, ProbeError, Seen
from healthchecks.probes.running import End, concluded

logger = logging.getLogger(__name__)

Then = Callable[[Outcome | None], None]
"""Called once with what a probe saw; None: nothing about the endpoint."""

EVENTS_AT_ONCE = 128
BLOCK = 65_536
LOOK_S = 0.01
"""A timeout is noticed so much too late at most."""
INTEREST = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
"""Told once of each: one call to the kernel fewer for each connection."""
PLAIN = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
TO_READ = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
NO_MORE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
UNDER_WAY = frozenset({0, errno.EINPROGRESS})


class _Conversation:
    __slots__ = ("dialogue", "is_connected", "peer", "sock", "started_s", "then", "unsent")

    def __init__(self, sock: socket.socket, peer: Peer, dialogue: Dialogue, then: Then, started_s: float) -> None:
        self.sock, self.peer, self.dialogue, self.then = sock, peer, dialogue, then
        self.unsent = dialogue.sends
        self.is_connected = False
        self.started_s = started_s


class Poller:
    """For the thread of `loop` alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, allow_private: bool) -> None:
        self._loop = loop
        self._allow_private = allow_private
        self._epoll = select.epoll()
        self._open: dict[int, _Conversation] = {}
        self._deadlines: list[tuple[float, int, _Conversation]] = []
        self._begun = 0
        self._looking: asyncio.TimerHandle | None = None
        loop.add_reader(self._epoll.fileno(), self._poll)

    def begin(self, peer: Peer, dialogue: Dialogue, then: Then) -> None:
        """Have `dialogue` with an address that needs no looking up; `then` comes later, or at once if that fails."""
        try:
            require_allowed(peer.address, allow_private=self._allow_private)
            sock = socket.socket(socket.AF_INET6 if ":" in peer.address else socket.AF_INET, PLAIN)
        except (RefusedAddressError, OSError) as error:
            then(concluded(error, 0.0, peer.timeout_s))
            return
        conversation = _Conversation(sock, peer, dialogue, then, time.monotonic())
        self._open[sock.fileno()] = conversation
        problem = sock.connect_ex((peer.address, peer.port))
        if problem not in UNDER_WAY:
            self._end(conversation, OSError(problem, ""))
            return
        self._epoll.register(sock.fileno(), INTEREST)
        self._begun += 1
        heappush(self._deadlines, (conversation.started_s + peer.timeout_s, self._begun, conversation))
        if self._looking is None:
            self._looking = self._loop.call_later(min(LOOK_S, peer.timeout_s), self._look)

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._open)

    def close(self) -> None:
        """Abandon all."""
        self._loop.remove_reader(self._epoll.fileno())
        if self._looking:
            self._looking.cancel()
        for conversation in self._open.values():
            conversation.sock.close()
        self._open.clear()
        self._epoll.close()

    def _poll(self) -> int:
        """Go on with those of whom there is news; returns how many."""
        news = self._epoll.poll(0, EVENTS_AT_ONCE)
        for descriptor, events in news:
            if conversation := self._open.get(descriptor):
                self._go_on(conversation, events)
        return len(news)

    def _go_on(self, conversation: _Conversation, events: int) -> None:
        try:
            seen = _step(conversation, events)
        except BlockingIOError:
            return
        except (ProbeError, OSError) as problem:
            self._end(conversation, problem)
        except Exception:  # the others of this loop go on
            logger.exception("a dialogue with %s failed", conversation.peer)
            self._end(conversation, None)
        else:
            if seen:
                self._end(conversation, seen)

    def _look(self) -> None:
        """End those whose time is over, once all that has come for them has been taken."""
        while self._poll() == EVENTS_AT_ONCE:
            pass
        now_s, deadlines = time.monotonic(), self._deadlines
        while deadlines and (deadlines[0][0] <= now_s or deadlines[0][2].sock.fileno() < 0):
            conversation = heappop(deadlines)[2]
            if conversation.sock.fileno() >= 0:
                self._end(conversation, TimeoutError())
        self._looking = self._loop.call_later(LOOK_S, self._look) if self._open else None

    def _end(self, conversation: _Conversation, end: End | None) -> None:
        took_s = time.monotonic() - conversation.started_s
        del self._open[conversation.sock.fileno()]
        conversation.sock.close()
        conversation.then(concluded(end, took_s, conversation.peer.timeout_s) if end else None)


def _step(conversation: _Conversation, events: int) -> Seen | None:
    """What is to be done after `events`, and what is seen by then. Raises BlockingIOError where the kernel will tell
    more of it, ProbeError, OSError."""
    sock, dialogue = conversation.sock, conversation.dialogue
    if not conversation.is_connected and (seen := _connect(conversation)):
        return seen
    if conversation.unsent:
        conversation.unsent = conversation.unsent[sock.send(conversation.unsent) :]
    while events & TO_READ:
        octets = sock.recv(BLOCK)
        if not octets:
            return dialogue.closed()
        if seen := dialogue.received(octets):
            return seen
        if len(octets) < BLOCK and not events & NO_MORE:
            break
    return None


def _connect(conversation: _Conversation) -> Seen | None:
    """Sending says by itself whether there is a connection; where nothing is sent, the kernel has to be asked."""
    if not conversation.unsent and (problem := conversation.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
        raise OSError(problem, "")
    conversation.is_connected = True
    return conversation.dialogue.connected()

"""An edge gives its place to a successor, without losing a query (docs/adr/0010).

    edge                                             its successor
     │ ◄───────────────── ask ─────────────────────── │
     │ keeps its generation and its disk              │
     │ ── sockets: lock, door, those it listens on ─► │ opens that generation, and answers beside the edge
     │ ◄─────────────── serving ───────────────────── │
     │ answers what it has received, and stops        │
     │ ── left: connections with nothing in flight ─► │ goes on with them, follows the feed
     │ reports what it has counted, and ends          │
     ┴ ───────────────── gone ──────────────────────► │ reports

Until `serving` has arrived, nothing that happens to the successor changes anything; from then on the place is the
successor's, whatever happens to the edge. Silence means that the other process is dead: one that gives up says so.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from edge.packets import Packet, PacketError, Peer, RefusalError, SilenceError, close_all
from edge.place import Place, knock, take_free_place

ASK_S = 5.0
SOCKETS_S = 30.0
"""The edge may be writing a generation to its disk."""
SERVING_S = 120.0
"""For opening the generation, however large."""
LEFT_S = 5.0
"""What the edge has received is answered within a bound (`Server.leave`)."""
GONE_S = 5.0
ATTEMPTS = 10
PAUSE_S = 0.2


class PlaceError(Exception):
    """The place cannot be had. The message says what to do."""


class Predecessor:
    """The edge that had the place before, as its successor sees it."""

    def __init__(self, peer: Peer, generation: int, sockets: list[int]) -> None:
        self._peer = peer
        self.generation = generation
        self.sockets = sockets

    async def relieve(self) -> list[int]:
        """Have it stop, now that we answer. Returns the connections that it leaves. Raises PlaceError if it goes on."""
        try:
            with suppress(SilenceError):  # it may have said why
                await self._peer.send("serving")
            return (await self._peer.receive("left", within_s=LEFT_S)).descriptors
        except RefusalError as error:
            raise PlaceError(f"the running edge goes on: {error}") from error
        except PacketError:
            return []  # it is dead, or stuck: the place is ours

    async def gone(self) -> None:
        """Return when it has reported its last, or does not get on with it."""
        with suppress(PacketError):  # having said "left" it says no more: what comes is the end
            late = await self._peer.receive("left", within_s=GONE_S)
            close_all(late.descriptors)  # too late for their clients
            await self._peer.receive("left", within_s=GONE_S)
        self.close()

    def close(self) -> None:
        """An edge that has not been relieved goes on."""
        self._peer.close()


class Successor:
    """The process that asks for our place. Whoever asked is hung up on at the end of the block."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.process = peer.process

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._peer.close()

    async def ask(self) -> None:
        """Hear what it wants. Raises PacketError, also if it may not have it."""
        if self._peer.user != os.geteuid():
            reason = f"the edge runs as user {os.geteuid()}, and user {self._peer.user} asks for its place"
            await self._peer.send("refused", reason=reason)
            raise PacketError(reason)
        await self._peer.receive("ask", within_s=ASK_S)

    async def offer(self, place: Place, sockets: Sequence[int], generation: int) -> None:
        """Raises SilenceError."""
        await self._peer.send("sockets", [*place.descriptors, *sockets], generation=generation)

    async def serves(self) -> None:
        """Return when it answers: the place is its own then. Raises PacketError if we keep it."""
        try:
            await self._peer.receive("serving", within_s=SERVING_S)
        except PacketError as error:
            await self._refuse(str(error))

    async def _refuse(self, reason: str) -> None:
        """Unless it has come to answer just now, which it must not believe without us."""
        self._peer.stop_listening()
        try:
            await self._peer.receive("serving", within_s=ASK_S)
        except PacketError:
            await self._peer.send("refused", reason=reason)
            raise PacketError(reason) from None

    async def leave(self, connections: Sequence[int]) -> None:
        """Raises SilenceError."""
        await self._peer.send("left", connections)


async def take_place(home: Path, *, take_over: bool) -> tuple[Place, Predecessor | None]:
    """The place of the edge at `home`; the predecessor, if there is one, still answers. Raises PlaceError."""
    for _ in range(ATTEMPTS):
        place = take_free_place(home)
        if place is not None:
            return place, None
        if not take_over:
            raise PlaceError(
                f"an edge runs on {home} already: stop it first, or start this one with --take-over, which replaces it"
                " without losing a query"
            )
        try:
            return await _ask_for_place(home)
        except (SilenceError, OSError):  # it may be ending just now
            await asyncio.sleep(PAUSE_S)
    raise PlaceError(f"the edge that runs on {home} does not open: stop it, and start this one again")


async def _ask_for_place(home: Path) -> tuple[Place, Predecessor]:
    """Raises SilenceError or OSError if there is nobody who could answer."""
    peer = knock(home)
    try:
        await peer.send("ask")
        packet = await peer.receive("sockets", within_s=SOCKETS_S)
        return _place_in(packet), Predecessor(peer, packet.message.generation, packet.descriptors[2:])
    except SilenceError:
        peer.close()
        raise
    except PacketError as error:
        peer.close()
        raise PlaceError(f"the running edge keeps its place: {error}") from error


def _place_in(packet: Packet) -> Place:
    lock, door = packet.descriptors[:2] if len(packet.descriptors) >= 2 else (-1, -1)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held already, if it is the lock
        return Place.of_descriptors(lock, door)
    except (OSError, ValueError) as error:
        close_all(packet.descriptors)
        raise PacketError("it hands over something else") from error

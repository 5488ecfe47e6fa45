"""What a node has heard, for who follows it: as events, each encoded once."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

REMEMBERED_DELTAS = 1000
MAX_RELAYS = 8
"""In a chain: each adds a little to how late news are."""


class RelayError(ValueError):
    """A chain of relays that must not be followed."""


@dataclass(slots=True)
class Told:
    """What one stream has been told."""

    generation: int = 0
    latency: int = 0
    health: int | None = None
    relays: tuple[str, ...] = ()


class News:
    """`relay`: the name of this node if it is one. `changed` is set at any news, and a new event takes its place."""

    def __init__(self, relay: str = "") -> None:
        self.relay = relay
        self._deltas: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED_DELTAS)
        self._full: tuple[int, bytes] | None = None
        self.followers = 0
        self.in_contact = False
        self.generation = 0
        self.latency = 0
        self.health = 0  # nothing heard yet: what is on disk may be older than what followers have
        self.above: list[str] = []
        """The relays between this node and a web process, the nearest first."""
        self.changed = asyncio.Event()

    def tell_contact(self, *, in_contact: bool) -> None:
        """Whether a feed is followed now."""
        if in_contact != self.in_contact:
            self.in_contact = in_contact
            self._wake()

    def tell_generation(self, generation: int) -> None:
        """It is served, and on the disk."""
        if generation != self.generation:
            self.generation = generation
            self._wake()

    def tell_latency(self, sequence: int) -> None:
        """The map of that number is used, and on the disk."""
        if sequence != self.latency:
            self.latency = sequence
            self._wake()

    def tell_health(self, sequence: int, message: str) -> None:
        """A message was used that led to `sequence`: one that does not go on from the last one is full."""
        if sequence != self.health + 1:
            self._deltas.clear()
        self._deltas.append((sequence, _event("health", message, sequence)))
        self.health = sequence
        self._wake()

    def tell_relays(self, data: str) -> None:
        """The chain above has changed, by an event's data. Raises RelayError if it leads back here."""
        above = _names_in(data)
        if self.relay and self.relay in above:
            raise RelayError("the feed follows this very edge, over its relays: take it out of TRAFFICMGR_FEED")
        if len(above) >= MAX_RELAYS:
            raise RelayError(f"the feed is {len(above)} relays away from a web process: follow one that is nearer")
        self.above = above
        self._wake()

    def forget_relays(self) -> None:
        """Another feed is about to be followed."""
        self.above = []

    def events(self, told: Told, full: Callable[[], str]) -> Iterator[bytes]:
        """What a stream has not been told, noting it in `told`. `full`: makes the health a full message."""
        relays = (self.relay, *self.above)
        if relays != told.relays:
            told.relays = relays
            yield _event("relays", json.dumps({"relays": relays}))
        if self.generation != told.generation:
            told.generation = self.generation
            yield _event("generation", json.dumps({"generation": self.generation}))
        if self.latency != told.latency:
            told.latency = self.latency
            yield _event("latency", json.dumps({"sequence": self.latency}))
        if self.health and told.health != self.health:
            yield from self._health_since(told.health, full)
            told.health = self.health

    def _health_since(self, sequence: int | None, full: Callable[[], str]) -> Iterator[bytes]:
        following = [delta for delta in self._deltas if sequence is not None and delta[0] > sequence]
        if sequence is not None and following and following[0][0] == sequence + 1:
            yield from (octets for _sequence, octets in following)
            return
        if self._full is None or self._full[0] != self.health:
            self._full = self.health, _event("health", full(), self.health)
        yield self._full[1]

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


def _names_in(data: str) -> list[str]:
    try:
        names = json.loads(data)["relays"]
    except (ValueError, KeyError, TypeError) as error:
        raise RelayError(f"relays: what cannot be read: {error}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RelayError("relays: it is no list of names")
    return names


def _event(name: str, data: str, number: int | None = None) -> bytes:
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {name}\ndata: {data}\n\n".encode()

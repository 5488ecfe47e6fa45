"""What a node tells the feed: how it is, and its answers since the last report that was acknowledged.

    counters (cumulative) ── minus what is acknowledged ──► report n ──sent──► acknowledged ─► report n + 1
                                                               └── no answer ─► the very same report n again

    handshakes since the last report ──────────────────────────► report n
    times of answers since then ───────────────────────────────► report n, in the condition of the node

A report keeps its number and content until it is acknowledged: the feed counts (boot, number) once. Its size is
bounded, the largest counts first: what has to wait grows meanwhile until its turn comes, so nothing is lost, however
long the feed is away. What is remembered is bounded by the responder's own tables. Handshakes are a sample that the
responder bounds: they go with the report that is made next, and with no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from typing import TYPE_CHECKING, Any
from uuid import UUID

from responder import latency_bounds_ns

if TYPE_CHECKING:  # types of the stub only
    from responder import Counters, Handshake

MAX_COUNTS = 5000
"""Of one report; the rest goes with the next ones."""
MAX_NETWORKS = 1000
MAX_SHADOWS = 1000
BOUNDS_NS = [*latency_bounds_ns(), 0]
"""0: beyond the last."""


class Reports:
    """The reports of one boot."""

    def __init__(self, boot_id: UUID, version: str) -> None:
        self._boot_id = boot_id
        self._version = version
        self._sequence = 0
        self._answers = Unreported(("policy", "endpoint", "country", "rcode", "explored"), MAX_COUNTS)
        self._networks = Unreported(("policy", "network"), MAX_NETWORKS)
        self._shadows = Unreported(("shadow", "country", "endpoint", "shadow_endpoint"), MAX_SHADOWS)
        self._pending: dict[str, Any] | None = None
        self._timed: Counter[int] = Counter()
        self._times: Counter[int] = Counter()

    @property
    def answer_times(self) -> list[tuple[int, int]]:
        """Of the pending report: (upper bound in ns, how many answers took at most that long), 0: beyond every bound.

        Whoever takes the report without them loses them: they are a sample, and of no consequence to what is counted.
        """
        return sorted((self._times - self._timed).items())

    def due(
        self,
        counters: Counters,
        generation: int,
        health_sequence: int,
        take_handshakes: Callable[[], Sequence[Handshake]],
    ) -> dict[str, Any]:
        """The report to send now: the one not acknowledged yet, or else a new one with what is taken."""
        if self._pending is None:
            self._sequence += 1
            self._pending = {
                "boot_id": str(self._boot_id),
                "sequence": self._sequence,
                "generation": generation,
                "health_sequence": health_sequence,
                "version": self._version,
                "queries": counters["queries"],
                "answers": self._answers.of(counters["answers"]),
            }
            networks = self._networks.of(counters["networks"])
            if networks:  # a feed of the release before does not know the field
                self._pending["networks"] = networks
            shadows = self._shadows.of(counters["shadows"])
            if shadows:  # only of a feed that has told of shadows
                self._pending["shadows"] = shadows
            handshakes = take_handshakes()
            if handshakes:  # as with networks
                self._pending["handshakes"] = list(handshakes)
            self._times = _answer_times(counters)
        return self._pending

    def is_complete(self, counters: Counters) -> bool:
        """Whether everything counted has been reported and acknowledged."""
        rest = (
            self._answers.of(counters["answers"])
            or self._networks.of(counters["networks"])
            or self._shadows.of(counters["shadows"])
        )
        return self._pending is None and not rest

    def acknowledge(self) -> None:
        """The pending report was taken."""
        if self._pending is not None:
            self._answers.acknowledge(self._pending["answers"])
            self._networks.acknowledge(self._pending.get("networks", []))
            self._shadows.acknowledge(self._pending.get("shadows", []))
            self._timed = self._times
            self._pending = None


class Unreported:
    """Counts by the fields `key`, less what was acknowledged of them."""

    def __init__(self, key: tuple[str, ...], most: int) -> None:
        self._key = key
        self._most = most
        self._acknowledged: Counter[tuple[Any, ...]] = Counter()

    def of(self, counted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What was counted since, the largest counts first."""
        new = ({**_said(count), "count": count["count"] - self._acknowledged[self._key_of(count)]} for count in counted)
        return nlargest(self._most, (count for count in new if count["count"] > 0), key=lambda count: count["count"])

    def acknowledge(self, reported: Sequence[Mapping[str, Any]]) -> None:
        for count in reported:
            self._acknowledged[self._key_of(count)] += count["count"]

    def _key_of(self, count: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(count.get(field, False) for field in self._key)


def _answer_times(counters: Counters) -> Counter[int]:
    """Answers by the upper bound of how long they took, over all listeners, since the edge started."""
    times: Counter[int] = Counter()
    for listener in counters["listeners"]:
        times.update({bound: count for bound, count in zip(BOUNDS_NS, listener["latency"], strict=True) if count})
    return times


def _said(count: Mapping[str, Any]) -> dict[str, Any]:
    """A count as it is sent. What is not explored is not said: a feed of the release before does not know the field."""
    return {field: value for field, value in count.items() if field != "explored" or value}

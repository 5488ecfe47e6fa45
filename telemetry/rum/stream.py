"""Believed beacons on their way over a stream of Redis or Valkey, so that counting them scales apart from taking them.

    web ─ append() ─► stream ─► consumer group ─► Consumer.take() ─► counted, committed ─► Consumer.done(): deleted
                                      ▲                  │ dies
                                      └─ idle for CLAIM_S ┘ another consumer is given it

An entry stays in the stream until what it says is committed, so each is counted at least once; that a beacon counts
once is what Postgres remembers of it (ledger.py), for longer than its entry waits: oldest().
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import redis

from telemetry.rum.judging import Judged, Observation, Reason

STREAM, GROUP = "trafficmgr:rum", "trafficmgr:counting"
CLAIM_S = 30.0
"""Longer than a batch takes to be counted: what is claimed sooner is counted by two, one of them in vain."""
AT_ONCE = 16
"""Entries, of MAX_BATCH beacons at most."""
TIMEOUT_S = 5.0


class StreamError(Exception):
    """The stream cannot be used: what was to be appended to it may not be there."""


class Taken:
    """Entries of a consumer, and what they say."""

    def __init__(self, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> None:
        self.ids = [entry_id for entry_id, _fields in entries]
        self.judged = Judged()
        for _entry_id, fields in entries:
            said = json.loads(fields[b"batch"])
            self.judged.observations += [Observation(*observation) for observation in said["observations"]]
            self.judged.refused.update({Reason(reason): count for reason, count in said["refused"].items()})


def append(url: str, judged: Judged) -> None:
    """Put a batch into the stream: when this returns, the server has it, as durably as it is set up.

    Raises StreamError: then it may be there or not, and is to be sent again.
    """
    batch = json.dumps({"observations": judged.observations, "refused": judged.refused}, separators=(",", ":"))
    with _translated():
        _client(url).xadd(STREAM, {"batch": batch})


def oldest(url: str) -> datetime | None:
    """When the oldest batch that is not counted came; None: all are. Raises StreamError."""
    with _translated():
        entries: Any = _client(url).xrange(STREAM, count=1)
    if not entries:
        return None
    milliseconds = int(entries[0][0].partition(b"-")[0])
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


class Consumer:
    """One of any number that share the stream; `name` is its own, and that of no other that runs."""

    def __init__(self, url: str, name: str, claim_s: float = CLAIM_S) -> None:
        self._client, self._name, self._claim_ms = _client(url), name, int(claim_s * 1000)

    def join(self) -> None:
        """Makes stream and group, where they are not there yet. Raises StreamError."""
        with _translated():
            try:
                self._client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def take(self, wait_s: float) -> Taken:
        """Batches that a dead consumer left, else new ones; waits for the first. Raises StreamError."""
        with _translated():
            claimed: Any = self._client.xautoclaim(STREAM, GROUP, self._name, self._claim_ms, count=AT_ONCE)
            entries = [entry for entry in claimed[1] if entry[1]]
            if not entries:
                came: Any = self._client.xreadgroup(
                    GROUP, self._name, {STREAM: ">"}, count=AT_ONCE, block=int(wait_s * 1000)
                )
                entries = came[0][1] if came else []
        return Taken(entries)

    def done(self, taken: Taken) -> None:
        """Deletes what is counted. Raises StreamError: then it is given out again, and is a duplicate."""
        with _translated(), self._client.pipeline() as both:
            both.xack(STREAM, GROUP, *taken.ids)
            both.xdel(STREAM, *taken.ids)
            both.execute()

    def leave(self) -> None:
        """Takes the name off the group. Raises StreamError."""
        with _translated():
            self._client.xgroup_delconsumer(STREAM, GROUP, self._name)


@cache
def _client(url: str) -> Any:
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise StreamError(str(error)) from error

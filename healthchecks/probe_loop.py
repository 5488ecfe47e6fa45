"""The thread of a prober that probes: an event loop, the streak of each target, and nothing that blocks."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial

import uvloop

from healthchecks.beliefs import VantageChange
from healthchecks.hysteresis import Streak
from healthchecks.probes import Outcome, open_session, run
from healthchecks.targets import Key, ProbeTarget

MAX_CONCURRENT = 4000

Observe = Callable[[Key, Outcome], None]
"""Told of every outcome, in the thread of the loop. Must not block."""


class ProbeLoop:
    """`report` is called in the thread of the loop with each changed belief and must not block."""

    def __init__(
        self, report: Callable[[VantageChange], None], *, allow_private: bool, observe: Observe | None = None
    ) -> None:
        self._report = report
        self._observe = observe
        self._allow_private = allow_private
        self._streaks: dict[Key, Streak] = {}
        self._probing: dict[Key, asyncio.Task[None]] = {}
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        self._thread.start()
        self._started.wait()

    def adopt(self, targets: Collection[ProbeTarget]) -> None:
        """Take these targets instead of the present ones; who stays keeps its streak."""
        self._loop.call_soon_threadsafe(self._adopt, targets)

    def start(self, targets: Collection[ProbeTarget]) -> None:
        """Probe these now, except those whose last probe has not ended."""
        self._loop.call_soon_threadsafe(self._start, targets)

    def close(self) -> None:
        """Abandon the probes under way and end the thread."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._slots = asyncio.Semaphore(_max_concurrent())
        async with open_session() as self._session:
            self._started.set()
            await self._closing.wait()
            for task in self._probing.values():
                task.cancel()
            await asyncio.gather(*self._probing.values(), return_exceptions=True)

    def _adopt(self, targets: Collection[ProbeTarget]) -> None:
        self._streaks = {target.key: self._streaks.get(target.key) or Streak(target.believed) for target in targets}

    def _start(self, targets: Collection[ProbeTarget]) -> None:
        for target in targets:
            if target.key not in self._probing:
                task = self._loop.create_task(self._probe(target))
                self._probing[target.key] = task
                task.add_done_callback(partial(self._ended, target.key))

    def _ended(self, key: Key, _task: asyncio.Task[None]) -> None:
        del self._probing[key]

    async def _probe(self, target: ProbeTarget) -> None:
        async with self._slots:
            outcome = await run(target.probe, target.target, self._session, allow_private=self._allow_private)
        if outcome and target.key in self._streaks:
            self._learn(target, outcome)

    def _learn(self, target: ProbeTarget, outcome: Outcome) -> None:
        if self._observe:
            self._observe(target.key, outcome)
        before = self._streaks[target.key]
        after = before.after(outcome.succeeded, target.rise, target.fall)
        self._streaks[target.key] = after
        if after.state is not before.state:
            self._report(
                VantageChange(
                    assignment_id=target.assignment_id,
                    family=target.family,
                    vantage_id=target.vantage_id,
                    state=after.state,
                    cause=outcome.cause,
                    at=datetime.now(UTC),
                )
            )


def _max_concurrent() -> int:
    """Each probe holds a file descriptor; half of what this process may open is left to others."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONCURRENT if limit == resource.RLIM_INFINITY else min(MAX_CONCURRENT, limit // 2)

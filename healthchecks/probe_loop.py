"""The thread of a prober that probes: an event loop, the streak of each target, and nothing that blocks."""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial

import uvloop

from healthchecks.beliefs import VantageChange
from healthchecks.certificates import CertificateChange
from healthchecks.hysteresis import Streak
from healthchecks.probes import Certificate, Outcome, run
from healthchecks.probes.polling import Poller
from healthchecks.punctuality import Punctuality, punctuality
from healthchecks.sharing import SharedTarget
from healthchecks.state import State
from healthchecks.targets import Key, ProbeTarget
from healthchecks.turns import Turns

MAX_CONCURRENT = 4000
BEGIN_AT_ONCE = 32
"""Then those that have been begun are looked after."""
SLOT_S = 0.002
"""Probes whose moments are so close together are begun together."""
GRACE_S = 0.05
"""A timeout that is noticed a little late does not cost the turn after it."""

Observe = Callable[[Key, Outcome], None]
"""Told of every outcome, in the thread of the loop. Must not block."""


class ProbeLoop:
    """`report` is called in the thread of the loop with each changed belief, and `report_certificate` with each other
    certificate than before; neither may block."""

    def __init__(
        self,
        report: Callable[[VantageChange], None],
        report_certificate: Callable[[CertificateChange], None],
        *,
        allow_private: bool,
        observe: Observe | None = None,
    ) -> None:
        self._report = report
        self._report_certificate = report_certificate
        self._observe = observe
        self._allow_private = allow_private
        self._streaks: dict[Key, Streak] = {}
        self._late_s: list[float] = []
        self._turns: Turns[SharedTarget] = Turns()
        self._next_turn: asyncio.Handle | None = None
        self._most = _max_concurrent()
        self._tasks: set[asyncio.Task[None]] = set()
        self._certificates: dict[Key, Certificate] = {}
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        self._thread.start()
        self._started.wait()

    def adopt(self, targets: Collection[ProbeTarget]) -> None:
        """Take these targets instead of the present ones; who stays keeps its streak."""
        self._loop.call_soon_threadsafe(self._adopt, targets)

    def start(self, targets: Collection[tuple[float, SharedTarget]]) -> None:
        """Probe each in so many seconds, unless its last probe has not ended by then."""
        self._loop.call_soon_threadsafe(self._start, targets, time.monotonic())

    def withdraw(self, keys: Collection[Key], cause: str) -> None:
        """Take back what is believed of these targets, and begin anew."""
        self._loop.call_soon_threadsafe(self._withdraw, keys, cause)

    def after_all(self, then: Callable[[Punctuality], object]) -> None:
        """Call `then`, in the thread of the loop, after all that was asked of it before, with how late the probes since
        the last time were, and this is."""
        self._loop.call_soon_threadsafe(self._after_all, then, time.monotonic())

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
        self._poller = Poller(self._loop, allow_private=self._allow_private)
        self._started.set()
        await self._closing.wait()
        if self._next_turn:
            self._next_turn.cancel()
        self._poller.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _adopt(self, targets: Collection[ProbeTarget]) -> None:
        self._streaks = {target.key: self._streaks.get(target.key) or Streak(target.believed) for target in targets}
        self._certificates = {key: seen for key, seen in self._certificates.items() if key in self._streaks}

    def _start(self, targets: Collection[tuple[float, SharedTarget]], asked_s: float) -> None:
        for in_s, target in targets:
            self._turns.add(asked_s + in_s, target, GRACE_S if target.is_tight else 0.0)
        self._take_turns()

    def _take_turns(self) -> None:
        """Begin what is due, as far as there may be more at once."""
        self._turns.come(time.monotonic())
        for _ in range(min(BEGIN_AT_ONCE, self._most - self._turns.probed)):
            turn = self._turns.take()
            if turn is None:
                break
            self._late_s.append(time.monotonic() - turn.due_s)
            self._begin(turn.target)
        self._await_turn()

    def _await_turn(self) -> None:
        """While as many are probed as may be, the first to end says when to go on."""
        if self._next_turn:
            self._next_turn.cancel()
            self._next_turn = None
        if self._turns.waiting:
            if self._turns.probed < self._most:
                self._next_turn = self._loop.call_soon(self._take_turns)
        elif (at_s := self._turns.next_s()) is not None:
            self._next_turn = self._loop.call_later(max(at_s - time.monotonic(), SLOT_S), self._take_turns)

    def _begin(self, target: SharedTarget) -> None:
        if target.peer and target.dialogues:
            self._poller.begin(target.peer, target.dialogues(), partial(self._ended, target))
            return
        task = self._loop.create_task(self._probe(target))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _withdraw(self, keys: Collection[Key], cause: str) -> None:
        for key in keys:
            if self._streaks.get(key, Streak()).state is not State.UNKNOWN:
                self._streaks[key] = Streak()
                self._report(_change(key, State.UNKNOWN, cause))

    def _after_all(self, then: Callable[[Punctuality], object], asked_s: float) -> None:
        now_s = time.monotonic()
        punctual = punctuality(self._late_s, self._turns.left_out, max(self._turns.late_s(now_s), now_s - asked_s))
        self._late_s, self._turns.left_out = [], 0
        then(punctual)

    async def _probe(self, target: SharedTarget) -> None:
        outcome = None
        try:
            outcome = await run(target.probe, target.target, allow_private=self._allow_private)
        finally:
            self._ended(target, outcome)

    def _ended(self, target: SharedTarget, outcome: Outcome | None) -> None:
        if self._turns.probed == self._most and not self._next_turn:
            self._next_turn = self._loop.call_soon(self._take_turns)
        self._turns.ended(target.key)
        for member in target.members:
            if outcome and member.key in self._streaks:
                self._learn(member, outcome)
                self._note(member, outcome.certificate)

    def _learn(self, target: ProbeTarget, outcome: Outcome) -> None:
        if self._observe:
            self._observe(target.key, outcome)
        before = self._streaks[target.key]
        after = before.after(outcome.succeeded, target.rise, target.fall)
        if after is before:
            return
        self._streaks[target.key] = after
        if after.state is not before.state:
            self._report(_change(target.key, after.state, outcome.cause))

    def _note(self, target: ProbeTarget, certificate: Certificate | None) -> None:
        """A probe that saw none, because it got no answer for instance, says nothing about the last one."""
        if certificate and certificate != self._certificates.get(target.key):
            self._certificates[target.key] = certificate
            self._report_certificate(CertificateChange(*target.key, certificate, datetime.now(UTC)))


def _change(key: Key, state: State, cause: str) -> VantageChange:
    assignment, family, vantage = key
    return VantageChange(assignment, family, vantage, state, cause, datetime.now(UTC))


def _max_concurrent() -> int:
    """Each probe holds a file descriptor; half of what this process may open is left to others."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONCURRENT if limit == resource.RLIM_INFINITY else min(MAX_CONCURRENT, limit // 2)

"""The prober of a vantage region: one in each worker process.

    tick (a Celery thread) ──► Agenda ──► due targets, shared ──► ProbeLoop: probes, all at once
                                                                     │
    database ◄── Recorder ◄── changed beliefs ◄── Streak of each target, and each outcome ──► MinuteWriter (history)
                         ◄── other certificates than before

    heartbeat ◄── once every change before it is recorded ◄── how late probes begin

A tick returns before the probes it has started end, so that a hanging target delays no other. Time comes from this
machine's monotonic clock: without ticks nothing is probed and nothing changes, and a burst of late ticks probes once.
Each probe begins at a moment of its own, so that a vantage is as busy in one millisecond as in the next.

After a pause in which targets were not probed, as a process that was frozen has it, what was believed of them is taken
back before the next heartbeat gives the vantage its vote again.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.db import Error

from common.collector import hold_for_good
from healthchecks.agenda import Agenda
from healthchecks.beliefs import VantageChange
from healthchecks.budget import Overrun, intervals, overruns
from healthchecks.certificates import CertificateChange
from healthchecks.probe_loop import Observe, ProbeLoop
from healthchecks.punctuality import Punctuality
from healthchecks.recorder import Recorder
from healthchecks.sharing import SharedKey, SharedTarget, share
from healthchecks.targets import ProbeTarget
from healthchecks.wellness import SILENT_AFTER

logger = logging.getLogger(__name__)

LOOK_EVERY_MS = 1000
BEAT_EVERY_MS = 1000
AHEAD_MS = 1000
"""A tick allows the probes of so long, each at its own moment. Twice as long as from tick to tick, so that one that
comes late delays nothing; without ticks, probing ends soon."""
RELOAD_EVERY_MS = 30_000
"""Targets are read again this often even if their version stands still: bulk writes do not move it."""


@dataclass(frozen=True)
class Database:
    """What a prober asks of the database. Each raises django.db.Error while it cannot be reached."""

    version: Callable[[], str]
    targets: Callable[[], list[ProbeTarget]]
    record: Callable[[Sequence[VantageChange]], object]
    record_certificates: Callable[[Sequence[CertificateChange]], object]
    note_overruns: Callable[[Sequence[Overrun]], object]
    resume: Callable[[], object]
    """Takes back what this vantage said before it fell silent. Called once, before the targets are read."""
    beat: Callable[[int, Punctuality], object]
    """Says how many targets there are, and how punctual their probes have been since the one before."""


class Prober:
    """`per_address_s`: probes that one address may get in a second. `ahead_ms`: for how long a tick allows them."""

    def __init__(
        self,
        database: Database,
        *,
        allow_private: bool,
        per_address_s: float = math.inf,
        ahead_ms: int = AHEAD_MS,
        clock: Callable[[], float] = time.monotonic,
        observe: Observe | None = None,
    ) -> None:
        self._database = database
        self._per_address_s = per_address_s
        self._ahead_ms = ahead_ms
        self._clock = clock
        self._recorder = Recorder(database.record)
        self._certificates = Recorder(database.record_certificates)
        self._loop = ProbeLoop(self._recorder.add, self._certificates.add, allow_private=allow_private, observe=observe)
        self._agenda: Agenda[SharedKey] = Agenda()
        self._targets: dict[SharedKey, SharedTarget] = {}
        self._targets_are_known = False
        self._ticked_ms: int | None = None
        self._beat_at_ms = 0
        self._late_ms = 0
        self._turn = threading.Lock()  # guards the six above
        self._looking = threading.Lock()  # guards the four below
        self._version = ""
        self._has_resumed = False
        self._look_at_ms = 0
        self._reload_at_ms = 0
        self._overruns: list[Overrun] | None = None

    def tick(self) -> None:
        """Start every probe that is due by AHEAD_MS from now; then see whether the targets have changed."""
        now_ms = int(self._clock() * 1000)
        with self._turn:
            self._note_pause(now_ms)
            due = self._agenda.take_due(now_ms, now_ms + self._ahead_ms)
            self._loop.start([(in_ms / 1000, self._targets[key]) for in_ms, key in due])
            self._beat(now_ms)
        # While the database keeps one tick waiting, the others go on with the targets known.
        if self._looking.acquire(blocking=False):
            try:
                self._look(now_ms)
            finally:
                self._looking.release()

    def close(self) -> None:
        """Abandon the probes under way, record what is known, end the threads."""
        self._loop.close()
        self._recorder.close()
        self._certificates.close()

    def _note_pause(self, now_ms: int) -> None:
        """Probes begin late where their tick comes later than the one before has allowed for. After a long pause,
        nothing is known of who missed a probe."""
        pause_ms = 0 if self._ticked_ms is None else now_ms - self._ticked_ms
        self._ticked_ms = now_ms
        if pause_ms <= SILENT_AFTER.total_seconds() * 1000:
            self._late_ms = max(self._late_ms, pause_ms - self._ahead_ms)
            return
        late = [shared for shared in self._targets.values() if shared.interval_ms < pause_ms]
        missed = [member.key for shared in late for member in shared.members]
        self._loop.withdraw(missed, f"not probed for {pause_ms / 1000:.0f} s")

    def _beat(self, now_ms: int) -> None:
        """Behind what the loop has to do, so that a heartbeat follows what was taken back, and says how late it is."""
        if now_ms < self._beat_at_ms or not self._targets_are_known:
            return
        targets = sum(len(shared.members) for shared in self._targets.values())
        late_ms = self._late_ms
        self._beat_at_ms, self._late_ms = now_ms + BEAT_EVERY_MS, 0
        self._loop.after_all(
            lambda seen: self._recorder.beat(
                partial(self._database.beat, targets, replace(seen, lag_ms=max(late_ms, seen.lag_ms)))
            )
        )

    def _look(self, now_ms: int) -> None:
        if now_ms < self._look_at_ms:
            return
        self._look_at_ms = now_ms + LOOK_EVERY_MS
        try:
            if not self._has_resumed:
                self._database.resume()
                self._has_resumed = True
            version = self._database.version()
            if version != self._version or now_ms >= self._reload_at_ms:
                self._adopt(self._database.targets(), now_ms)
                self._version, self._reload_at_ms = version, now_ms + RELOAD_EVERY_MS
        except Error as error:
            logger.warning("the targets cannot be read, going on with %d known ones: %s", len(self._targets), error)

    def _adopt(self, targets: list[ProbeTarget], now_ms: int) -> None:
        shared = share(targets)
        over = overruns(shared, self._per_address_s)
        self._loop.adopt(targets)
        with self._turn:
            self._targets = {one.key: one for one in shared}
            self._targets_are_known = True
            self._agenda.replace(intervals(shared, over), now_ms)
        if not self._version:
            hold_for_good()
        self._tell(over)

    def _tell(self, over: list[Overrun]) -> None:
        """Have people see who is probed less often than declared."""
        if over == self._overruns:
            return
        for one in over:
            logger.warning("%s is probed %.1f times less often: it is over its budget", one.address, one.factor)
        self._database.note_overruns(over)
        self._overruns = over

"""What was learned, as the database has it: any state is that of the checkpoint before it and the turns since.

checkpoint ── turn ── turn ── checkpoint ── turn ──► now
                        └─ state_after: from the checkpoint before it
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from latency.chooser import Policy
from latency.intake import Intake
from latency.learner import Learner
from latency.models import LatencyCheckpoint, LatencyTurn

POLICY = Policy()
Stamp = tuple[int, datetime]  # tells turns of different databases apart


class NotKeptError(LookupError):
    """Nothing is kept of what was known at a moment."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        super().__init__(f"nothing is kept of what was learned until {moment:%Y-%m-%d %H:%M:%S} UTC")


class Memory:
    """What this process knows of the last turn, so that the next one need not begin at a checkpoint. Use it locked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.drop()

    def drop(self) -> None:
        """Forgets everything: it may be ahead of what was committed."""
        self.learner: Learner | None = None
        self.stamp: Stamp | None = None

    def catch_up(self) -> None:
        """Makes this the state after the newest turn."""
        newest = LatencyTurn.objects.order_by("-number").values_list("number", "made").first()
        if newest == self.stamp:
            return
        if self.learner is not None and self.stamp is not None and _is_kept(self.stamp):
            for intake in _intakes(Q(number__gt=self.stamp[0])):
                self.learner.learn(intake)
        else:
            self.drop()
            self.learner = None if newest is None else _learner_after(newest[0])
        self.stamp = newest


memory = Memory()
"""The one of this process."""


def learner_at(moment: datetime) -> Learner:
    """What was known at a moment, to the bit. Raises NotKeptError."""
    number = LatencyTurn.objects.filter(made__lte=moment).order_by("-number").values_list("number", flat=True).first()
    learner = None if number is None else _learner_after(number)
    if learner is None:
        raise NotKeptError(moment)
    return learner


def forget(now: datetime, kept: timedelta) -> None:
    """Delete turns that are older than `kept`, with their checkpoints, and all but one checkpoint an hour.

    The two newest checkpoints stay, and each turn that is left has a checkpoint before it.
    """
    checkpoints = list(LatencyCheckpoint.objects.order_by("turn_id").values_list("turn_id", "turn__made"))
    first_of_hour: dict[datetime, int] = {}
    for number, made in checkpoints:
        first_of_hour.setdefault(made.replace(minute=0, second=0, microsecond=0), number)
    staying = {number for number, made in checkpoints if made >= now - kept and number in first_of_hour.values()}
    staying |= {number for number, _made in checkpoints[-2:]}
    LatencyCheckpoint.objects.exclude(turn_id__in=staying).delete()
    LatencyTurn.objects.filter(number__lt=min(staying, default=0)).delete()


def _is_kept(stamp: Stamp) -> bool:
    """Whether a turn is one of this database."""
    return LatencyTurn.objects.filter(number=stamp[0], made=stamp[1]).exists()


def _learner_after(number: int) -> Learner | None:
    checkpoint = LatencyCheckpoint.objects.filter(turn_id__lte=number).order_by("-turn_id").first()
    if checkpoint is None:
        return None
    learner = Learner.from_bytes(bytes(checkpoint.state), POLICY)
    for intake in _intakes(Q(number__gt=checkpoint.turn_id, number__lte=number)):
        learner.learn(intake)
    return learner


def _intakes(which: Q) -> Iterable[Intake]:
    blobs = LatencyTurn.objects.filter(which).order_by("number").values_list("intake", flat=True)
    return (Intake.from_bytes(bytes(blob)) for blob in blobs.iterator(100))

"""What was learned, as the database has it: any state is that of the checkpoint before it and the turns since.

checkpoint ── turn ── turn ── checkpoint ── turn ──► now
                        └─ state_after: from the checkpoint before it
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q

from latency.chooser import Policy
from latency.intake import Intake
from latency.learner import Learner
from latency.models import LatencyCheckpoint, LatencyModel, LatencyTurn
from latency.versions import policy_of

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
        """Makes this the state after the newest turn. What ends half-way is forgotten: it would be learned twice."""
        try:
            self._catch_up()
        except BaseException:
            self.drop()
            raise

    def _catch_up(self) -> None:
        newest = LatencyTurn.objects.order_by("-number").values_list("number", "made").first()
        if newest == self.stamp:
            return
        if self.learner is not None and self.stamp is not None and _is_kept(self.stamp):
            for _intake in taught(self.learner, Q(number__gt=self.stamp[0])):
                pass
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
    checkpoints = LatencyCheckpoint.objects.select_related("turn__model")
    checkpoint = checkpoints.filter(turn_id__lte=number).order_by("-turn_id").first()
    if checkpoint is None:
        return None
    learner = learner_of(checkpoint)
    for _intake in taught(learner, Q(number__gt=checkpoint.turn_id, number__lte=number)):
        pass
    return learner


def learner_of(checkpoint: LatencyCheckpoint) -> Learner:
    """All that was known after the turn of a checkpoint, under the version of that turn."""
    return Learner.from_bytes(bytes(checkpoint.state), policy_of(checkpoint.turn.model))


def taught(learner: Learner, which: Q) -> Iterator[Intake]:
    """Teaches the turns, each under the version it was made under; yields each once it is learned."""
    for policy, intake in intakes(which):
        learner.adopt(policy)
        learner.learn(intake)
        yield intake


def intakes(which: Q) -> Iterator[tuple[Policy, Intake]]:
    """Turns in their order, each with the parameters it was made under."""
    policies = {model.pk: policy_of(model) for model in LatencyModel.objects.all()} | {None: policy_of(None)}
    rows = LatencyTurn.objects.filter(which).order_by("number").values_list("model_id", "intake")
    for model_id, intake in rows.iterator(100):
        yield policies[model_id], Intake.from_bytes(bytes(intake))

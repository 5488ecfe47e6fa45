"""Decides on proposed model versions: held-back turns are rehearsed under both, and the numbers are kept.

LatencyDecision, waiting ─► checkpoint before the last hours ─► rehearse ─► judged ─► LatencyDecision, made
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Q

from latency.gate import Rehearsal, Verdict, judged
from latency.history import intakes, learner_of
from latency.models import LatencyCheckpoint, LatencyDecision, LatencyModel, LatencyPromotion
from latency.rehearsal import rehearse
from latency.versions import in_service, policy_of

HELD_BACK = timedelta(hours=2)
"""Of turns: recent, and long enough that a client of one page view an hour is among them."""

log = logging.getLogger(__name__)


def decide(now: datetime) -> list[LatencyDecision]:
    """Make every decision that waits. Returns those that this call made."""
    waiting = LatencyDecision.objects.filter(made=None).select_related("candidate").order_by("pk")
    return [decision for decision in waiting if _decide(decision, now)]


def _decide(decision: LatencyDecision, now: datetime) -> bool:
    """False: another process made it meanwhile."""
    incumbent = in_service(now)
    verdict = judged(_tried(decision, incumbent, now))
    made = {"made": now, "incumbent": incumbent, "passed": verdict.passed, "numbers": numbers_of(verdict)}
    is_ours = LatencyDecision.objects.filter(pk=decision.pk, made=None).update(**made) == 1
    decision.refresh_from_db()
    if is_ours:
        log.info("%s against %s: %s", decision, incumbent, "passed" if decision.passed else "did not pass")
    return is_ours


def _tried(decision: LatencyDecision, incumbent: LatencyModel, now: datetime) -> Rehearsal:
    """Nothing, if the parameters make sums that cannot be done: such a version does not pass, nor hold up others."""
    try:
        return _rehearsed(incumbent, decision.candidate, now)
    except np.linalg.LinAlgError as error:
        log.warning("%s cannot be tried: %s", decision, error)
        return Rehearsal.of_nothing()


def numbers_of(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is kept and shown."""
    comparisons = [asdict(each) | {"holds": each.holds} for each in verdict.comparisons]
    return asdict(verdict) | {"has_enough": verdict.has_enough, "comparisons": comparisons}


def _rehearsed(incumbent: LatencyModel, candidate: LatencyModel, now: datetime) -> Rehearsal:
    checkpoint = _checkpoint(incumbent, now)
    if checkpoint is None:
        return Rehearsal.of_nothing()
    before, after = learner_of(checkpoint), learner_of(checkpoint)
    after.adopt(policy_of(candidate))
    turns = intakes(Q(number__gt=checkpoint.turn_id, made__lte=now))
    return rehearse(before, after, (intake for _policy, intake in turns))


def _checkpoint(incumbent: LatencyModel, now: datetime) -> LatencyCheckpoint | None:
    """Where held-back turns begin: the newest before them, or else the first, since the incumbent came into service."""
    since = LatencyPromotion.objects.get(model=incumbent, until=None).made
    kept = LatencyCheckpoint.objects.select_related("turn__model").filter(turn__made__gte=since)
    held_back = kept.filter(turn__made__lte=now - HELD_BACK).order_by("-turn_id").first()
    return held_back or kept.order_by("turn_id").first()

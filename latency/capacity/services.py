"""Plans, each minute, who is served elsewhere so that no region has more to do than it can.

    loads, answers ─► gather ─┐
    learner ─► Known ─────────┼─► planned ─► CapacityPlan ─► in_force ─► the next turn of learning
    plan in force ────────────┘

The learner is read under its lock and solved for without it. A plan that cannot be made leaves the one in force.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from time import perf_counter

import numpy as np
from django.db import transaction

from common.locks import LEARNING, held_for_transaction
from latency.blobs import packed, unpacked
from latency.capacity.gather import asked, network_rates, serving
from latency.capacity.history import record, recorded
from latency.capacity.learned import Learned
from latency.capacity.members import grouped, sample
from latency.capacity.models import CapacityPlan
from latency.capacity.moves import Moves
from latency.capacity.planning import Facts, Known, Limits, Planned, Previous, lost, planned
from latency.capacity.report import LossReport
from latency.capacity.rooms import region_loads
from latency.capacity.solver import SolverError
from latency.capacity.strata import strata
from latency.history import memory

__all__ = ["KEPT", "LAPSE", "Limits", "in_force", "newest_plan", "plan"]

SPAN = timedelta(minutes=5)
"""Of the answers that demand is read from: a minute of a small country is chance."""
OBSERVED = timedelta(seconds=50)
"""Of the answers that the plan in force is held against: it takes some seconds until edges follow it."""
KEPT = timedelta(hours=25)
LAPSE = timedelta(minutes=10)
"""A plan that nothing has followed for so long is not carried out any more: loads are others by then."""
LOSSES_EVERY = timedelta(minutes=5)
SAMPLED = 4000  # clients whose round trips are predicted for the means of groups

log = logging.getLogger(__name__)


def plan(now: datetime, policy_ids: Collection[int], limits: Limits) -> CapacityPlan | None:
    """Make the plan of this minute; `policy_ids` are the policies that go by the latency map.

    None: no region says how loaded it is and nobody is moved, another process is at it, or the solver failed.
    """
    before = newest_plan(now)
    endpoints = serving(now)
    if not len(_moves(before)) and all(endpoint.share is None for endpoint in endpoints):
        return None
    known = _known(sorted({endpoint.region_id for endpoint in endpoints if endpoint.is_open}))
    if known is None:
        return None
    facts = Facts(
        region_loads(known.ids, endpoints),
        asked(policy_ids, now - SPAN, now),
        asked(policy_ids if before else (), now - OBSERVED, now),
        OBSERVED.total_seconds(),
        network_rates(policy_ids, now),
        recorded(known.ids, now)[1],
    )
    try:
        return _store(now, known, facts, before, limits)
    except SolverError as error:
        log.warning("the capacity plan in force stays: %s", error)
        return None


def newest_plan(now: datetime) -> CapacityPlan | None:
    """The plan in force; None: there is none that has not lapsed."""
    return CapacityPlan.objects.filter(made__gt=now - LAPSE, made__lte=now).first()


def in_force(now: datetime) -> Moves:
    """Who is to go where."""
    return _moves(newest_plan(now))


def _store(now: datetime, known: Known, facts: Facts, before: CapacityPlan | None, limits: Limits) -> CapacityPlan:
    """Makes a plan after another one. Raises SolverError."""
    begun_s = perf_counter()
    made = planned(known, facts, Previous(_moves(before), _learned(before)), limits)
    solved_ms = 1000 * (perf_counter() - begun_s)
    losses, losses_made = _losses(now, made, known, before)
    record(now, {report["region"]: report["before_per_s"] for report in made.numbers.regions})
    CapacityPlan.objects.filter(made__lt=now - KEPT).delete()
    return CapacityPlan.objects.create(
        made=now,
        solved_ms=solved_ms,
        moves=packed(made.moves.state()),
        learned=packed(made.learned.state()),
        losses=losses,
        losses_made=losses_made,
        **asdict(made.numbers),
    )


def _losses(
    now: datetime, made: Planned, known: Known, before: CapacityPlan | None
) -> tuple[list[LossReport], datetime | None]:
    """What if each region were lost, and when that was looked at: not known is no reason to have no plan."""
    if before is not None and before.losses_made is not None and now - before.losses_made < LOSSES_EVERY:
        return before.losses, before.losses_made
    try:
        return lost(made, known), now
    except SolverError as error:
        log.warning("what a lost region would bring is not known: %s", error)
        return [], None


def _known(open_ids: list[int]) -> Known | None:
    """What the learner knows; None: another process is learning."""
    with memory.lock, transaction.atomic():
        if not held_for_transaction(LEARNING):
            return None
        memory.catch_up()
        learner = memory.learner
        if learner is None:
            return None
        ids = learner.places.ids
        is_open = np.intersect1d(ids, open_ids)
        members = learner.members(is_open)
        groups = grouped(members)
        some = sample(groups.group_of, SAMPLED)
        rtt_ms = learner.rtt_ms(some)
    group_of, weights = groups.group_of[some], members.weights[some]
    parts = strata(group_of, weights, rtt_ms, groups.keys.preferred, np.isin(ids, is_open))
    return Known(ids, is_open, groups, parts)


def _moves(made: CapacityPlan | None) -> Moves:
    return Moves.of(unpacked(bytes(made.moves))) if made else Moves.none()


def _learned(made: CapacityPlan | None) -> Learned:
    return Learned.of(unpacked(bytes(made.learned))) if made else Learned.nothing()

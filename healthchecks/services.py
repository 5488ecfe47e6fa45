"""Every write of this app, and what others ask of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Max

from common.clock import database_time
from common.notify import notify
from healthchecks.attaching import attach_templates, forget_choice, save_template, set_checks
from healthchecks.beliefs import VantageChange, contested, store_vantage_changes
from healthchecks.brakes import held_up
from healthchecks.certificates import certificates_by_check
from healthchecks.forcing import active_states, drained, drained_since, force, served_admin_state, unforce
from healthchecks.guard_models import Alarm
from healthchecks.guards import not_well_vantages
from healthchecks.inputs import follow_inputs, follow_renames
from healthchecks.leases import follow_leases
from healthchecks.ledger import CHANNEL, ROWS_AT_ONCE, open_ledger
from healthchecks.loads import LoadReport, forget_load, report_load
from healthchecks.models import Assignment, Check, HealthSequence, Transition
from healthchecks.reading import (
    Delta,
    HealthState,
    current_health,
    deltas_since,
    endpoint_states,
    health_at,
    health_matrix,
)
from healthchecks.schedule import sync_schedule
from healthchecks.settling import out_of_step, settle
from healthchecks.state import State
from healthchecks.targets import configuration_version
from healthchecks.vantages import Vantage, heartbeat, judge_vantages, vantages_of_team, withdraw_stale_votes
from regions.models import Endpoint

__all__ = [
    "Delta",
    "HealthState",
    "LoadReport",
    "Vantage",
    "VantageChange",
    "acknowledge",
    "active_states",
    "assign",
    "attach_templates",
    "certificates_by_check",
    "current_health",
    "delete_check",
    "deltas_since",
    "drained",
    "drained_since",
    "endpoint_states",
    "force",
    "forget_load",
    "health_at",
    "health_matrix",
    "heartbeat",
    "number_above",
    "prune",
    "reconcile",
    "record_vantage_changes",
    "report_load",
    "save_template",
    "served_admin_state",
    "set_checks",
    "sync_schedule",
    "unforce",
    "vantages_of_team",
    "withdraw_stale_votes",
]

logger = logging.getLogger(__name__)

KEEP_TRANSITIONS = timedelta(days=30)
ENDPOINTS_AT_ONCE = 1000
"""What is worked out between two statements takes no longer than a ledger may be idle (ledger.MOST_IDLE_MS)."""
LEAP = 1_000_000
"""A number further above those given is not believed: an edge that lies could use them all up."""


def assign(check: Check, endpoints: Iterable[Endpoint], now: datetime | None = None) -> None:
    """Have `check` watch exactly these endpoints. Call it after each change of a check: it settles what follows.

    Raises ValidationError for `endpoints` of another team, and for an expression that cannot be followed.
    """
    wanted = {endpoint.id: endpoint for endpoint in endpoints}
    strangers = sorted(endpoint.name for endpoint in wanted.values() if endpoint.team_id != check.team_id)
    if strangers:
        raise ValidationError({"endpoints": [f"{name} belongs to another team." for name in strangers]})
    with open_ledger(now or database_time()) as ledger:
        before = set(check.assignments.values_list("endpoint_id", flat=True))
        check.assignments.exclude(endpoint__in=wanted).delete()
        added = wanted.keys() - before
        Assignment.objects.bulk_create(
            [Assignment(check_definition=check, endpoint_id=endpoint) for endpoint in sorted(added)],
            batch_size=ROWS_AT_ONCE,
        )
        follow_leases(check)
        follow_inputs(check)
        forget_choice(wanted)
        concerned = sorted(before | wanted.keys())
        for start in range(0, len(concerned), ENDPOINTS_AT_ONCE):
            settle(ledger, concerned[start : start + ENDPOINTS_AT_ONCE], {}, f"check {check.name} was changed")


def delete_check(check: Check, now: datetime | None = None) -> None:
    """Delete `check`; endpoints that no other check watches count as up."""
    with open_ledger(now or database_time()) as ledger:
        watched = list(check.assignments.values_list("endpoint_id", flat=True))
        check.delete()
        settle(ledger, watched, {}, f"check {check.name} was deleted")


def record_vantage_changes(changes: Sequence[VantageChange], now: datetime) -> list[Transition]:
    """Store what vantages have come to believe and what follows: verdicts, transitions, what edges are told.

    A belief that is stored already changes nothing, so the same changes may come twice. Returns the new transitions.
    """
    with open_ledger(now) as ledger:
        causes = store_vantage_changes(changes)
        if any(change.state is State.DOWN for change in changes):
            judge_vantages(now)  # before its votes are counted: the vantage may be cut off
        touched = Assignment.objects.filter(id__in={assignment for assignment, _family in causes})
        settle(ledger, set(touched.values_list("endpoint_id", flat=True)), causes, "votes were counted anew")
    for transition in ledger.transitions:
        logger.info("%s (%s)", transition, transition.cause)
    return ledger.transitions


def acknowledge(alarm: Alarm, author: str, now: datetime) -> bool:
    """Note that someone looks after it. A mass failure is then taken for real, and told. False: it was done before."""
    with open_ledger(now) as ledger:
        open_ = Alarm.objects.filter(pk=alarm.pk, until__isnull=True, acknowledged_at__isnull=True)
        if not open_.update(acknowledged_at=now, acknowledged_by=author):
            return False
        if alarm.kind == Alarm.Kind.MASS_FAILURE:
            settle(ledger, held_up(), {}, f"mass failure of {alarm.subject} acknowledged by {author}")
    return True


def reconcile(now: datetime) -> int:
    """Settle what followed from writes that did not come through here, such as a deleted region, and from vantages that
    are well or not.

    Returns how many transitions that made. Costs three cheap queries while everything stays as it is.
    """
    configuration, not_well = configuration_version(), ",".join(sorted(not_well_vantages()))
    version = f"{configuration} {not_well}"
    settled_for = HealthSequence.objects.values_list("settled_for", flat=True).first() or ""
    if settled_for == version:
        return 0
    only_votes = settled_for.rpartition(" ")[0] == configuration
    endpoint_ids = contested() if only_votes else list(Endpoint.objects.order_by("id").values_list("id", flat=True))
    made = 0
    for start in range(0, len(endpoint_ids), ENDPOINTS_AT_ONCE):
        stale = out_of_step(endpoint_ids[start : start + ENDPOINTS_AT_ONCE], now)
        if stale:
            with open_ledger(now) as ledger:
                settle(ledger, stale, {}, _cause_of_reconciling(not_well))
            made += len(ledger.transitions)
    follow_renames()
    HealthSequence.objects.update_or_create(singleton=True, defaults={"settled_for": version})
    return made


def _cause_of_reconciling(not_well: str) -> str:
    return f"without the votes of {not_well}" if not_well else "checks or vantages were changed"


def number_above(sequence: int) -> bool:
    """Go on numbering above `sequence`, which an edge was told before this database went back to an earlier state.

    Every edge then asks for the full state. False: it is not above what was given, or too far above it to be true.
    """
    behind = HealthSequence.objects.filter(value__lt=sequence, value__gte=sequence - LEAP)
    if not behind.update(value=sequence + 1, pruned=sequence + 1):
        return False
    notify(CHANNEL, sequence + 1)
    return True


def prune(now: datetime) -> int:
    """Delete transitions, and alarms that are over, older than KEEP_TRANSITIONS; returns how many transitions."""
    Alarm.objects.filter(until__lt=now - KEEP_TRANSITIONS).delete()
    old = Transition.objects.filter(at__lt=now - KEEP_TRANSITIONS)
    last = old.aggregate(last=Max("sequence"))["last"]
    if last is None:
        return 0
    HealthSequence.objects.filter(pruned__lt=last).update(pruned=last)  # before: who reads meanwhile asks for too much
    deleted, _by_model = old.filter(sequence__lte=last).delete()
    return deleted

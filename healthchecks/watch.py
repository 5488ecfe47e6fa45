"""What time alone changes, looked after every second: everything here can be done again at any time.

heartbeats ──► how vantages are ──► whose votes count ──► reconcile
forced states that end ──┐
penalties that decayed ──┼──► settle ──► transitions
brakes held long enough ─┘
checks without a quorum ──► alarms
"""

from __future__ import annotations

from datetime import datetime

from healthchecks import probes
from healthchecks.alarms import Concern, end_alarms, keep_alarms
from healthchecks.beliefs import vantages_of
from healthchecks.brakes import held_up, mass_failures
from healthchecks.forcing import end_expired
from healthchecks.guard_models import Alarm, BrakedMember
from healthchecks.guards import not_well_vantages
from healthchecks.holds import is_settled, note_settled, version_of_holds
from healthchecks.ledger import open_ledger
from healthchecks.models import Check, Verdict
from healthchecks.quorum import has_quorum
from healthchecks.settling import out_of_step, settle
from healthchecks.vantages import forget_vantages, judge_vantages, note_watch, vantages_differ


def keep_watch(now: datetime) -> None:
    """Do all that is due at `now`, but for what follows of vantages' conditions: services.reconcile."""
    watch_vantages(now)
    end_expired(now)
    end_suppressions(now)
    end_holds(now)
    watch_quorums(now)


def watch_vantages(now: datetime) -> None:
    """Judge all vantages, taking the lock only if one of them is otherwise than before."""
    note_watch(now)
    if vantages_differ(now):
        with open_ledger(now):
            judge_vantages(now)
    forget_vantages(now)


def end_suppressions(now: datetime) -> int:
    """Let endpoints be up again whose penalties have decayed. Returns of how many verdicts."""
    due = Verdict.objects.filter(reuse_at__lte=now)
    if not due.exists():
        return 0
    with open_ledger(now) as ledger:
        endpoints = set(due.values_list("assignment__endpoint_id", flat=True))
        ended = due.update(reuse_at=None)
        settle(ledger, endpoints, {}, "it has not flapped for long enough")
    return ended


def end_holds(now: datetime) -> None:
    """Tell what brakes have held for long enough, and end the alarms of pools that there are no longer.

    Who left its pool is looked after too: with the alarm that held it, the last trace of that pool may have gone.
    """
    alarms, held = mass_failures(), held_up()
    if not alarms and not held:
        return
    version = version_of_holds(alarms, held, now)
    if is_settled(version):
        return
    pools = {alarm.subject_id for alarm in alarms}
    members = BrakedMember.objects.filter(group_id__in=pools)
    gone = pools - set(members.values_list("group_id", flat=True))
    end_alarms(Alarm.Kind.MASS_FAILURE, gone, now)
    stale = out_of_step(held | set(members.values_list("endpoint_id", flat=True)), now)
    if stale:
        with open_ledger(now) as ledger:
            settle(ledger, stale, {}, "a mass failure is held no longer")
    note_settled(version)


def watch_quorums(now: datetime) -> None:
    """Raise alarms about checks so many of whose vantages are not well that no verdict of them can change."""
    not_well = not_well_vantages()
    lost: dict[Check, str] = {}
    if not_well:
        checks = list(Check.objects.filter(enabled=True, kind__in=probes.KINDS))
        asked = vantages_of(checks)
        lost = {check: _missing(asked[check.id], not_well) for check in checks if _is_lost(check, asked, not_well)}
    wanted = {
        check.id: Concern(f"check {check.name}", f"verdicts stay as they are: {missing}", check.team_id)
        for check, missing in lost.items()
    }
    keep_alarms(Alarm.Kind.QUORUM_LOST, wanted, now)


def _is_lost(check: Check, asked: dict[int, dict[int, str]], not_well: set[str]) -> bool:
    names = set(asked[check.id].values())
    return bool(names & not_well) and not has_quorum(len(names - not_well), check.quorum, len(names))


def _missing(asked: dict[int, str], not_well: set[str]) -> str:
    return f"{', '.join(sorted(set(asked.values()) & not_well))} not well"

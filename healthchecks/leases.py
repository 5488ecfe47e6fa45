"""What endpoints say of themselves, and others of them, and what follows once they fall silent.

push URL ─► report() ─┬─ what was said already: one UPDATE, nothing more
                      └─ news ─┐
API ─────► set_state() ────────┴─► Lease ─► settle
beat ────► expire(): leases that have run out by LeaseClock ─► settle
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Value
from django.db.models.functions import Least

from healthchecks.derived import Derived, Leased, PushCheck
from healthchecks.derived_models import MAX_REASON, Lease, LeaseClock
from healthchecks.evidence import said_of
from healthchecks.kinds import read_options
from healthchecks.lease_clock import expiry
from healthchecks.ledger import Ledger, open_ledger
from healthchecks.models import Assignment, Check, VantageState
from healthchecks.options import OptionsError
from healthchecks.settling import settle
from healthchecks.state import State

logger = logging.getLogger(__name__)

TOKEN_OCTETS = 24
EXPIRED_AT_ONCE = 1000
HEARTBEAT = "heartbeat"


def report(token: str, state: State, reason: str, now: datetime) -> bool:
    """Take what is said at a push URL: that all is well, or that something has failed. False: there is no such URL.

    A heartbeat of what is up already is one UPDATE: it makes no transition and takes no lock that others wait for.
    """
    expires = expiry(now) if state is State.UP else None
    repeated = Lease.objects.filter(token=token, state=state)
    if repeated.update(said=now, started=None, expires=expires, reason=reason[:MAX_REASON]):
        return True
    if not Lease.objects.filter(token=token).exists():
        return False
    with open_ledger(now) as ledger:
        lease = _locked(Lease.objects.filter(token=token))
        if lease is not None:
            _say(ledger, lease, state, reason, timedelta(seconds=lease.span_s or 0) if expires else None)
    _log(ledger)
    return lease is not None


def start(token: str, now: datetime) -> bool:
    """Note that a job has begun: it has to report within its grace. False: there is no such URL."""
    lease = Lease.objects.filter(token=token).select_related("assignment__check_definition").first()
    if lease is None:
        return False
    check = read_options(lease.assignment.check_definition.kind, lease.assignment.check_definition.options)
    if isinstance(check, PushCheck):
        done_by = Value(now + timedelta(seconds=check.grace_s))
        Lease.objects.filter(pk=lease.pk, state=State.UP).update(started=now, expires=Least("expires", done_by))
    return True


def set_state(assignment: Assignment, state: State, ttl_s: int, reason: str, now: datetime) -> Lease:
    """Set the state of an endpoint under an external check for `ttl_s` seconds.

    Raises ValidationError if the check is of another kind.
    """
    check = assignment.check_definition
    with open_ledger(now) as ledger:
        lease = _locked(Lease.objects.filter(assignment=assignment, token=None))
        if lease is None:
            raise ValidationError(f"Check {check} is of kind {check.kind}: only external checks are set over the API.")
        lease.span_s = ttl_s
        _say(ledger, lease, state, reason or f"set to {state}", timedelta(seconds=ttl_s))
    _log(ledger)
    return lease


def rotate(assignment: Assignment) -> Lease:
    """A new push URL: the old one is unknown from now on, what was said at it holds.

    Raises ValidationError if the check is of another kind.
    """
    check = assignment.check_definition
    if not Lease.objects.filter(assignment=assignment, token__isnull=False).update(token=_new_token()):
        raise ValidationError(f"Check {check} is of kind {check.kind}: only push checks have URLs.")
    return Lease.objects.get(assignment=assignment)


def expire(now: datetime) -> int:
    """Let leases run out that are over by LeaseClock; returns how many. One indexed query while there are none."""
    lapsed = 0
    while _due().exists():
        lapsed += _expire_some(now)
    return lapsed


def follow_leases(check: Check) -> None:
    """Give each endpoint of a push or external check a lease, and take it from those of any other.

    Called within the ledger. Where the length of leases is changed, those that run begin anew.
    """
    leases = Lease.objects.filter(assignment__check_definition=check)
    kind = read_options(check.kind, check.options)
    if isinstance(kind, Derived):
        VantageState.objects.filter(assignment__check_definition=check).delete()
    if not isinstance(kind, Leased):
        leases.delete()
        return
    span_s, has_url = kind.span_s, kind.span_s is not None
    leases.filter(token__isnull=has_url).delete()
    Lease.objects.bulk_create(
        Lease(assignment=assignment, token=_new_token() if has_url else None, span_s=span_s)
        for assignment in check.assignments.filter(lease=None)
    )
    if span_s is not None:
        changed = leases.exclude(span_s=span_s)
        clock = LeaseClock.objects.first()
        if clock:
            changed.filter(expires__isnull=False).update(expires=clock.at + timedelta(seconds=span_s))
        changed.update(span_s=span_s)


def _due() -> QuerySet[Lease]:
    return Lease.objects.filter(expires__lte=LeaseClock.objects.values("at")[:1]).order_by("pk")


def _expire_some(now: datetime) -> int:
    with open_ledger(now) as ledger:
        due = _due().select_for_update(of=("self",)).select_related("assignment__check_definition")
        leases = list(due[:EXPIRED_AT_ONCE])
        for lease in leases:
            _lapse(lease, now)
        Lease.objects.bulk_update(leases, ["state", "reason", "started", "expires"])
        settle(ledger, {lease.assignment.endpoint_id for lease in leases}, {}, "a lease has ended")
    _log(ledger)
    return len(leases)


def _locked(leases: QuerySet[Lease]) -> Lease | None:
    return leases.select_for_update(of=("self",)).select_related("assignment").first()


def _say(ledger: Ledger, lease: Lease, state: State, reason: str, span: timedelta | None) -> None:
    lease.state, lease.reason = state, reason[:MAX_REASON]
    lease.said, lease.started = ledger.now, None
    lease.expires = ledger.now + span if span else None
    lease.save()
    settle(ledger, [lease.assignment.endpoint_id], {}, lease.reason)


def _log(ledger: Ledger) -> None:
    for transition in ledger.transitions:
        logger.info("%s (%s)", transition, transition.cause)


def _lapse(lease: Lease, now: datetime) -> None:
    """What the kind says; where its options are those of another release, what was said last holds."""
    check = lease.assignment.check_definition
    lease.expires = None
    try:
        kind = read_options(check.kind, check.options)
    except OptionsError as problem:
        logger.warning("check %s stays as it is: %s", check, problem)
        return
    if isinstance(kind, Leased):
        state, reason = kind.lapsed(said_of(lease), now)
        lease.state, lease.reason, lease.started = state, reason[:MAX_REASON], None


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_OCTETS)

"""Forced states (H6): what an operator says of an endpoint beats what checks say, until it ends.

                    force                          unforce, or `until` has passed
    (none) ─────────────────────► up, down, drain ─────────────────────────────────► (none)
                                     └── force: the new one takes its place ──┘

`up` and `down` go to edges as health, `drain` as the admin state of the snapshot: so it is the snapshot's step `admin`
that drops the endpoint, and whatever stands before that step still sees it. Nothing else forces anything.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import Q

from healthchecks.guard_models import ForcedState
from healthchecks.ledger import Ledger, open_ledger
from healthchecks.settling import settle
from regions.models import AdminState, Endpoint

EXPIRED = ""
"""Who ends a forced state whose time has come."""


def force(
    endpoint: Endpoint, state: str, reason: str, author: str, now: datetime, until: datetime | None = None
) -> ForcedState:
    """Have edges told that `endpoint` is so, whatever checks say, in place of what was forced before.

    Raises ValidationError by field. After `drain`, and after what takes its place, the snapshot has to be published.
    """
    forced = ForcedState(endpoint=endpoint, state=state, reason=reason.strip(), author=author, since=now, until=until)
    if until is not None and until <= now:
        raise ValidationError({"until": ["Must be in the future."]})
    forced.full_clean(exclude=["endpoint"], validate_unique=False, validate_constraints=False)
    with open_ledger(now) as ledger:
        _end(_active(endpoint), author, now)
        forced.save()
        settle(ledger, {endpoint.id}, {}, forced.words)
    return forced


def unforce(endpoint: Endpoint, author: str, now: datetime) -> bool:
    """Let checks decide about `endpoint` again; false if nothing was forced."""
    with open_ledger(now) as ledger:
        active = _active(endpoint)
        if active is None:
            return False
        _release(ledger, active, author)
        return True


def end_expired(now: datetime) -> int:
    """End the forced states whose time has come. Returns how many."""
    due = ForcedState.objects.filter(ended__isnull=True, until__lte=now).select_related("endpoint")
    if not due.exists():
        return 0
    with open_ledger(now) as ledger:
        expired = list(due)
        for forced in expired:
            _release(ledger, forced, EXPIRED)
    return len(expired)


def active_states(endpoint_ids: Collection[int] | None = None) -> dict[int, ForcedState]:
    """What is forced now, by endpoint: of all, or of those given."""
    rows = ForcedState.objects.filter(ended__isnull=True).select_related("endpoint")
    if endpoint_ids is not None:
        rows = rows.filter(endpoint__in=endpoint_ids)
    return {row.endpoint_id: row for row in rows}


def drained() -> set[int]:
    """The ids of endpoints that are drained."""
    rows = ForcedState.objects.filter(ended__isnull=True, state=ForcedState.State.DRAIN)
    return set(rows.values_list("endpoint_id", flat=True))


def drained_since(moment: datetime) -> set[int]:
    """The ids of endpoints that are drained, or were at some time since."""
    rows = ForcedState.objects.filter(Q(ended__isnull=True) | Q(ended__gte=moment), state=ForcedState.State.DRAIN)
    return set(rows.values_list("endpoint_id", flat=True))


def served_admin_state(endpoint_id: int, declared: str, drained: set[int]) -> str:
    """The admin state for snapshots: as declared, but that an enabled endpoint can be drained."""
    return AdminState.DRAINING.value if declared == AdminState.ENABLED and endpoint_id in drained else declared


def _active(endpoint: Endpoint) -> ForcedState | None:
    return ForcedState.objects.filter(endpoint=endpoint, ended__isnull=True).first()


def _end(forced: ForcedState | None, author: str, now: datetime) -> None:
    if forced:
        ForcedState.objects.filter(pk=forced.pk).update(ended=now, ended_by=author)


def _release(ledger: Ledger, forced: ForcedState, author: str) -> None:
    _end(forced, author, ledger.now)
    by = f"by {author}" if author else "its time was over"
    settle(ledger, {forced.endpoint_id}, {}, f"no longer forced {forced.state}: {by}")

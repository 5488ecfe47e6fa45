"""How loaded endpoints say they are, and how edges get to know: under the numbers that health is told by.

    PUT /api/v1/endpoints/fra-1/load ──► report_load ──► EndpointLoad, the next number ──► edges
                                          └─ says what was said already: nothing

A load is a share of the endpoint's capacity: 1 is full. Where an endpoint says a target, below its capacity, the target
counts as TARGET_SHARE, which is where a `load` step begins to shed unless its policy says otherwise, and what lies
between target and capacity is spread evenly over the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError

from healthchecks.ledger import Ledger, open_ledger
from healthchecks.models import EndpointLoad
from regions.models import Endpoint

TARGET_SHARE = 0.8
MAX_AGE_S = 60
"""Unless the endpoint says another one."""

MAX_SHARE = 1000.0
"""Whoever has so many times more to do than it can is full; it keeps a number of the wire within bounds."""

REPEATED_WITHIN = 0.25
"""Of its maximal age: a report that says the same so soon is not told to edges again."""


@dataclass(frozen=True)
class LoadReport:
    """What an endpoint says. Numbers are in whatever it counts; `capacity` None: what is declared of the endpoint."""

    current: float
    target: float | None = None
    capacity: float | None = None
    max_age_s: int = MAX_AGE_S


def share_of(current: float, target: float | None, capacity: float | None) -> float:
    """The share that edges are told, in thousandths. One of `target` and `capacity` has to be known."""
    if target is None:
        share = current / (capacity or 1.0)
    elif current <= target or capacity is None:
        share = TARGET_SHARE * current / target
    else:
        share = TARGET_SHARE + (1.0 - TARGET_SHARE) * (current - target) / (capacity - target)
    return round(min(share, MAX_SHARE), 3)


def report_load(endpoint: Endpoint, report: LoadReport, now: datetime) -> EndpointLoad:
    """Store what `endpoint` says and have edges told, unless they were told the same a moment ago.

    Raises ValidationError, by field, for numbers that make no share.
    """
    capacity = report.capacity if report.capacity is not None else endpoint.capacity
    _require_share(report, capacity)
    said = {
        "current": report.current,
        "target": report.target,
        "capacity": capacity,
        "share": share_of(report.current, report.target, capacity),
        "max_age_s": report.max_age_s,
        "measured": now,
    }
    stored = EndpointLoad.objects.filter(endpoint=endpoint).first()
    if stored and _is_repeated(stored, said):
        return stored
    with open_ledger(now) as ledger:
        return _store(ledger, endpoint, said)


def forget_load(endpoint: Endpoint, now: datetime) -> bool:
    """Have edges forget the load of `endpoint`; false if they know of none."""
    with open_ledger(now) as ledger:
        known = EndpointLoad.objects.filter(endpoint=endpoint, share__isnull=False)
        if not known.exists():
            return False
        known.update(share=None, sequence=ledger.number())
        return True


def _store(ledger: Ledger, endpoint: Endpoint, said: Mapping[str, object]) -> EndpointLoad:
    load, _created = EndpointLoad.objects.update_or_create(
        endpoint=endpoint, defaults={**said, "sequence": ledger.number()}
    )
    return load


def _require_share(report: LoadReport, capacity: float | None) -> None:
    if report.target is None and not capacity:
        message = "Say it here or of the endpoint, or say a target: without one of them there is no share."
        raise ValidationError({"capacity": [message]})
    if report.target is not None and capacity is not None and report.target >= capacity:
        raise ValidationError({"target": [f"Must be below the capacity, which is {capacity:g}."]})


def _is_repeated(stored: EndpointLoad, said: Mapping[str, object]) -> bool:
    alike = all(getattr(stored, name) == said[name] for name in ("share", "target", "capacity", "max_age_s"))
    measured = said["measured"]
    if not alike or not isinstance(measured, datetime):
        return False
    return 0 <= (measured - stored.measured).total_seconds() < REPEATED_WITHIN * stored.max_age_s

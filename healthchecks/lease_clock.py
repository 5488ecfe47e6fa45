"""The clock that leases run by. It stands while nobody could have been heard, so silence then counts against nobody.

    web process ─► its own push door ─► advance(), twice a second
                                          ├─ the clock was going: it goes on
                                          └─ it stood still: every lease that runs begins anew

A heartbeat that was lost while the door was shut is followed by the next one a whole lease later: what was left of a
lease when the clock stopped would not do. So an outage delays verdicts by a lease at most, and makes none. Time is that
of the database, the only clock that all who write here share; when it jumps, that too is a standstill.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest

from healthchecks.derived_models import Lease, LeaseClock
from healthchecks.ledger import open_ledger

STANDSTILL = timedelta(seconds=2.5)
"""Within the shortest lease with its grace, 6 s, and long enough for a pulse or two to be late."""

NOTICED = timedelta(seconds=30)

SECOND = Value(timedelta(seconds=1), output_field=DurationField())


def advance(now: datetime) -> bool:
    """Note that what is said can be heard; false if the clock stood still until now. `now`: see common.clock."""
    going = LeaseClock.objects.filter(at__gt=now - STANDSTILL, at__lt=now + STANDSTILL)
    if going.update(at=Greatest("at", Value(now))):
        return True
    with open_ledger(now):  # whoever writes several leases holds the ledger
        clock, is_new = LeaseClock.objects.select_for_update().get_or_create(singleton=True, defaults={"at": now})
        if not is_new and abs(now - clock.at) < STANDSTILL:
            return True  # someone else has set it going
        Lease.objects.filter(expires__isnull=False).update(expires=expiry(now), started=None)
        LeaseClock.objects.update(at=now)
    return False


def stands_still(now: datetime) -> bool:
    """Whether it has not gone for so long that people should know: no lease ends until it does."""
    return not LeaseClock.objects.filter(at__gt=now - NOTICED).exists()


def expiry(now: datetime) -> Combinable:
    """When a lease that begins `now` ends, in an UPDATE of its row."""
    return ExpressionWrapper(Value(now) + F("span_s") * SECOND, output_field=DateTimeField())

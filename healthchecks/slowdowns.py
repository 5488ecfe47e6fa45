"""Which addresses are probed less often than checks say, as the worker of each region has found and people see it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from healthchecks.budget import Overrun
from healthchecks.models import SlowedAddress

Place = tuple[str, str]
"""The name of a vantage region, and an address or a host name."""


@transaction.atomic
def note_overruns(region_name: str, over: Sequence[Overrun]) -> None:
    """Store who is over its budget from a region, instead of who was."""
    SlowedAddress.objects.filter(region_name=region_name).exclude(address__in=[one.address for one in over]).delete()
    SlowedAddress.objects.bulk_create(
        [
            SlowedAddress(
                region_name=region_name,
                address=one.address,
                wanted_per_s=one.wanted_per_s,
                granted_per_s=one.granted_per_s,
            )
            for one in over
        ],
        update_conflicts=True,
        unique_fields=["region_name", "address"],
        update_fields=["wanted_per_s", "granted_per_s"],
    )


def slowdowns_by_place() -> dict[Place, float]:
    """How many times longer the intervals are there."""
    return {(row.region_name, row.address): row.wanted_per_s / row.granted_per_s for row in SlowedAddress.objects.all()}

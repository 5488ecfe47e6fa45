"""Reads what is declared, in a fixed number of queries. Call it inside one REPEATABLE READ transaction.

What zones say is read of those alone that have changed since they were compiled. Of all others it is known what they
were compiled to: it is served, but for those that are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import F, Q, QuerySet

from healthchecks.models import Assignment
from healthchecks.services import drained, served_admin_state
from regions.models import Endpoint, Region
from snapshots.declared import Declared, DeclaredPolicies, DeclaredRecordSet, DeclaredZone, Row
from snapshots.models import CompiledZone, FlattenedName
from snapshots.table_rows import TableRows, read_rows
from steering.models import Policy, PolicyPool, PolicyStep, Pool, PoolMember, ShadowPool
from steering.shadows import running_shadows
from zones.models import RecordSet, Zone

ROWS_AT_ONCE = 10_000

COMPILED = CompiledZone.objects.values_list("zone__origin", "chunk_id")

table_rows = TableRows()
"""Those of this process."""


def gather(
    now: datetime,
    served: Mapping[str, str] | None,
    refused: Collection[str],
    read: Callable[[QuerySet[Any]], list[Row]] = table_rows.read,
) -> Declared:
    """Everything an edge needs.

    `served`: digests of zone chunks by origin, None if nothing is served yet. `refused`: origins of zones that are not
    served as they were compiled. `read`: as of `gather_policies`.
    """
    changed = {zone.origin: zone for zone in _changed()}
    compiled = _compiled(served or {}, refused)
    if len(compiled.keys() | changed.keys()) != Zone.objects.count():  # some are gone, or nothing is served yet
        compiled = dict(COMPILED.all())
    unchanged = {origin: chunk for origin, chunk in compiled.items() if origin not in changed}
    return Declared(unchanged, _with_record_sets(changed), gather_policies(now, read))


def _changed() -> QuerySet[Zone]:
    """Zones whose serial has risen since they were compiled."""
    risen = Q(compiled=None) | ~Q(compiled__serial=F("serial"))
    return Zone.objects.filter(risen).only("id", "origin", "serial").order_by()


def _compiled(served: Mapping[str, str], refused: Collection[str]) -> dict[str, str]:
    """What zones were compiled to, of all that there are and maybe of some that are gone."""
    return {**served, **dict(COMPILED.filter(zone__origin__in=refused))}


def _with_record_sets(zones: Mapping[str, Zone]) -> Iterator[DeclaredZone]:
    """One after the other, so that a world that is compiled from nothing is never in memory as rows."""
    by_id = {zone.id: zone for zone in zones.values()}
    columns = ("zone_id", "name", "type", "ttl_s", "wire", "steered", "binding__policy_id")
    rows = RecordSet.objects.filter(zone__in=by_id).order_by("zone_id").values_list(*columns)
    for zone_id, of_zone in groupby(rows.iterator(chunk_size=ROWS_AT_ONCE), key=itemgetter(0)):
        zone = by_id.pop(zone_id)
        yield DeclaredZone(zone.id, zone.origin, zone.serial, [DeclaredRecordSet(*row[1:]) for row in of_zone])
    yield from (DeclaredZone(zone.id, zone.origin, zone.serial) for zone in by_id.values())


def gather_policies(now: datetime, read: Callable[[QuerySet[Any]], list[Row]] = read_rows) -> DeclaredPolicies:
    """Everything that steers, and the shadows that have not ended yet. `read` is for tables wanted as a whole."""
    watched = Assignment.objects.filter(check_definition__enabled=True).values_list("endpoint_id", flat=True)
    out = drained()
    return DeclaredPolicies(
        regions=read(Region.objects.order_by("id")),
        endpoints=[_served(row, out) for row in read(Endpoint.objects.order_by("id"))],
        watched=set(watched.distinct()),
        pools=read(Pool.objects.order_by("id")),
        members=read(PoolMember.objects.order_by("pool_id", "position")),
        policies=read(Policy.objects.order_by("id")),
        policy_pools=read(PolicyPool.objects.order_by("policy_id", "position")),
        steps=read(PolicyStep.objects.order_by("policy_id", "position")),
        flattened=read_rows(FlattenedName.objects.order_by("name")),
        shadows=read_rows(running_shadows(now).order_by("id")),
        shadow_pools=read_rows(ShadowPool.objects.order_by("shadow_id", "position")),
    )


def _served(endpoint: Row, drained: set[int]) -> Row:
    state = served_admin_state(endpoint["id"], endpoint["admin_state"], drained)
    return endpoint | {"admin_state": state}

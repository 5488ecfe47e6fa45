"""Reads all that is declared, in a fixed number of queries. Call it inside one REPEATABLE READ transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Model, QuerySet

from healthchecks.models import Assignment
from healthchecks.services import drained, served_admin_state
from regions.models import Endpoint, Region
from snapshots.declared import Declared, DeclaredPolicies, DeclaredRecordSet, DeclaredZone, Row
from snapshots.models import FlattenedName
from steering.models import Policy, PolicyPool, PolicyStep, Pool, PoolMember, ShadowPool
from steering.shadows import running_shadows
from zones.models import RecordSet, Zone


def gather(now: datetime) -> Declared:
    """Everything an edge needs; of zones whose chunk is still that of their serial, only its digest."""
    return Declared(zones=_zones(), policies=gather_policies(now))


def _zones() -> list[DeclaredZone]:
    columns = ("id", "origin", "serial", "compiled__serial", "compiled__chunk_id")
    rows = list(Zone.objects.order_by("origin").values_list(*columns))
    record_sets = _record_sets(
        [zone_id for zone_id, _, serial, compiled_serial, _ in rows if serial != compiled_serial]
    )
    return [
        DeclaredZone(zone_id, origin, serial, chunk if serial == compiled_serial else None, record_sets[zone_id])
        for zone_id, origin, serial, compiled_serial, chunk in rows
    ]


def _record_sets(zone_ids: Iterable[int]) -> defaultdict[int, list[DeclaredRecordSet]]:
    by_zone: defaultdict[int, list[DeclaredRecordSet]] = defaultdict(list)
    rows = RecordSet.objects.filter(zone_id__in=zone_ids).order_by()
    columns = ("zone_id", "name", "type", "ttl_s", "wire", "steered", "binding__policy_id")
    for zone_id, *columns_of_set in rows.values_list(*columns).iterator(chunk_size=10_000):
        by_zone[zone_id].append(DeclaredRecordSet(*columns_of_set))
    return by_zone


def gather_policies(now: datetime) -> DeclaredPolicies:
    """Everything that steers, and the shadows that have not ended yet."""
    watched = Assignment.objects.filter(check_definition__enabled=True).values_list("endpoint_id", flat=True)
    out = drained()
    return DeclaredPolicies(
        regions=_rows(Region.objects.order_by("id")),
        endpoints=[_served(row, out) for row in _rows(Endpoint.objects.order_by("id"))],
        watched=set(watched.distinct()),
        pools=_rows(Pool.objects.order_by("id")),
        members=_rows(PoolMember.objects.order_by("pool_id", "position")),
        policies=_rows(Policy.objects.order_by("id")),
        policy_pools=_rows(PolicyPool.objects.order_by("policy_id", "position")),
        steps=_rows(PolicyStep.objects.order_by("policy_id", "position")),
        flattened=_rows(FlattenedName.objects.order_by("name")),
        shadows=_rows(running_shadows(now).order_by("id")),
        shadow_pools=_rows(ShadowPool.objects.order_by("shadow_id", "position")),
    )


def _served(endpoint: Row, drained: set[int]) -> Row:
    state = served_admin_state(endpoint["id"], endpoint["admin_state"], drained)
    return endpoint | {"admin_state": state}


def _rows(rows: QuerySet[Model]) -> list[Row]:
    return list(rows.values())

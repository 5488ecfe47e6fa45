"""Publishing reads what changed alone, and comes to what it would come to from nothing, to the octet."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from regions.models import Endpoint, Region
from snapshots.compile import Compiled, compile_declared
from snapshots.gather import gather
from snapshots.models import Chunk, ChunkKind, CompiledZone, Refusal, Snapshot
from snapshots.opening import Current, manifest_without_lists
from snapshots.services import contents_of, current_snapshot, declared_policy_chunk, open_current, prune, publish
from snapshots.settle import zones_of
from steering.models import Policy, Pool, PoolMember
from tests.snapshots.declaring import (
    bind,
    declare_address,
    declare_endpoint,
    declare_policy,
    declare_zone,
    raise_serial,
)
from zones.models import RecordSet, Zone

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
ORIGINS = [f"z{number}.test." for number in range(12)]


def add(team, zone: Zone | None, origin: str, draw: random.Random) -> None:
    if zone is None:
        declare_zone(team, origin, f"www 60 IN A 192.0.2.{draw.randrange(250)}\n")


def remove(_team, zone: Zone | None, _origin: str, _draw: random.Random) -> None:
    if zone is not None:
        zone.delete()


def replace(team, zone: Zone | None, origin: str, draw: random.Random) -> None:
    remove(team, zone, origin, draw)
    add(team, None, origin, draw)


def change(_team, zone: Zone | None, _origin: str, draw: random.Random) -> None:
    if zone is not None:
        declare_address(zone, f"n{draw.randrange(3)}", f"192.0.2.{draw.randrange(250)}")


def spoil(_team, zone: Zone | None, _origin: str, _draw: random.Random) -> None:
    """For the responder: it refuses the zone."""
    if zone is not None:
        zone.record_sets.filter(type="NS").delete()
        raise_serial(zone)


def break_(_team, zone: Zone | None, _origin: str, _draw: random.Random) -> None:
    """For the compiler: no chunk can hold it."""
    if zone is not None:
        declare_address(zone, "a" * 64, "192.0.2.1")


def mend(_team, zone: Zone | None, _origin: str, _draw: random.Random) -> None:
    if zone is None:
        return
    zone.record_sets.filter(name="a" * 64).delete()
    if not zone.record_sets.filter(type="NS").exists():
        RecordSet.objects.create(zone=zone, name="@", type="NS", ttl_s=60, rdatas=["ns1"], wire=[b"\3ns1\0"])
    raise_serial(zone)


EDITS: list[Callable[..., None]] = [add, add, add, change, change, change, remove, replace, spoil, break_, mend, mend]


def from_nothing() -> Compiled:
    """As if nothing had ever been compiled."""
    with transaction.atomic():
        CompiledZone.objects.all().delete()
        compiled = compile_declared(gather(NOW, None, ()), {})
        transaction.set_rollback(True)
    return compiled


def from_what_is_served() -> Compiled:
    refused = zones_of(Refusal.objects.values_list("part", flat=True))
    with transaction.atomic():
        return compile_declared(gather(NOW, contents_of(current_snapshot()).zones, refused), {})


@pytest.mark.parametrize("seed", range(2))
def test_any_edits_come_to_what_they_would_come_to_from_nothing(ops, seed):
    draw, refused = random.Random(seed), set[str]()
    for origin in ORIGINS[:4]:
        declare_zone(ops, origin)
    publish(NOW)
    for _ in range(12):
        for origin in draw.sample(ORIGINS[:4], draw.randrange(1, 4)):
            draw.choice(EDITS)(ops, Zone.objects.filter(origin=origin).first(), origin, draw)
        afresh = from_nothing()
        assert from_what_is_served().contents == afresh.contents
        publish(NOW)

        served, compiled = contents_of(current_snapshot()).zones, from_what_is_served()
        assert compiled.contents == afresh.contents
        assert compiled.uncompilable == afresh.uncompilable
        bad = set(zones_of(Refusal.objects.values_list("part", flat=True)))
        assert {origin: served[origin] for origin in served.keys() - bad} == {
            origin: digest for origin, digest in afresh.contents.zones.items() if origin not in bad
        }
        refused |= bad
        prune(keep=1)
        assert set(open_current().origins) == served.keys()
    assert refused, "some of them were bad"


def test_of_zones_that_did_not_change_nothing_is_read(ops):
    zones = [declare_zone(ops, origin) for origin in ORIGINS]
    publish(NOW)
    declare_address(zones[3], "www", "192.0.2.9")

    with transaction.atomic():
        declared = gather(NOW, contents_of(current_snapshot()).zones, ())
        assert [zone.origin for zone in declared.changed] == [zones[3].origin]
        assert declared.compiled.keys() == set(ORIGINS) - {zones[3].origin}


def test_every_change_of_what_steers_is_published_though_tables_are_remembered(ops):
    zone = declare_zone(ops, "demo.test.")
    fra = declare_endpoint(ops, "fra-1", "192.0.2.1")
    policy = declare_policy(ops, "www", fra)
    bind(zone, "www", policy)
    publish(NOW)

    def published(change: Callable[[], object]) -> list[str]:
        change()
        changes = publish(NOW).changes
        digest = contents_of(current_snapshot()).policies
        assert bytes(Chunk.objects.get(digest=digest, kind=ChunkKind.POLICIES).content) == declared_policy_chunk(NOW)
        return changes

    assert published(lambda: Endpoint.objects.update(weight=7)) == ["endpoint fra-1 changed: weight"]
    assert published(lambda: policy.steps.update(kind="admin")) == ["policy www changed: steps"]
    assert published(lambda: Endpoint.objects.update(weight=8)) == ["endpoint fra-1 changed: weight"]
    ber = declare_endpoint(ops, "ber-1", "192.0.2.2")
    assert published(lambda: PoolMember.objects.create(pool=policy.pools.get(), endpoint=ber, position=1)) == [
        "endpoint ber-1 added",
        "pool www changed: members",
    ]
    assert published(lambda: Pool.objects.update(cost=3)) == ["pool www changed: cost"]
    assert published(lambda: Policy.objects.update(ttl_s=77)) == ["policy www changed: ttl"]
    assert published(lambda: Region.objects.update(latitude=1)) == ["region eu changed: latitude"]


def test_after_many_zones_were_compiled_postgres_knows_how_many(ops, monkeypatch):
    monkeypatch.setattr("snapshots.publication.MANY_ZONES", 12)
    for origin in ORIGINS:
        declare_zone(ops, origin)
    publish(NOW)

    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [CompiledZone._meta.db_table])
        assert cursor.fetchone() == (12.0,)


def test_a_generation_that_the_release_before_published_is_gone_on_from(ops):
    zones = [declare_zone(ops, origin) for origin in ORIGINS]
    first = publish(NOW)
    plain = manifest_without_lists(first.manifest)
    Snapshot.objects.update(manifest=plain, created=first.created + timedelta(seconds=1))
    Chunk.objects.filter(kind=ChunkKind.ZONES).delete()
    assert open_current().origins == sorted(ORIGINS)
    assert publish(NOW) is None

    declare_address(zones[3], "www", "192.0.2.9")
    second = publish(NOW)

    assert second.changes == [f"zone {zones[3].origin} serial 2"]
    lists = json.loads(second.manifest)["zones"].values()
    assert Chunk.objects.filter(kind=ChunkKind.ZONES, digest__in=lists).count() == len(lists)
    assert Current().get().snapshot.origins == sorted(ORIGINS)

"""Publishing: what is declared becomes the next generation, once, and nothing bad holds back what is good."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from snapshots.models import Chunk, ChunkKind, Refusal, Snapshot
from snapshots.services import (
    NothingPublishedError,
    contents_of,
    current_snapshot,
    open_current,
    prune,
    publish,
)
from snapshots.zone_lists import list_of
from steering.models import PoolMember
from tests.snapshots.declaring import (
    bind,
    declare_address,
    declare_endpoint,
    declare_policy,
    declare_zone,
    raise_serial,
)

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def zones_of(snapshot: Snapshot | None) -> dict[str, str]:
    assert snapshot is not None
    return contents_of(snapshot).zones


def test_an_empty_world_is_published_so_that_edges_have_something_to_verify(ops):
    assert publish(NOW).generation == 1
    assert open_current().origins == []


def test_before_the_first_publication_there_is_nothing_to_open(ops):
    with pytest.raises(NothingPublishedError, match="no snapshot is published yet"):
        open_current()


def test_a_declared_zone_is_answered(ops, answered):
    declare_zone(ops, "demo.test.", "www 60 IN A 192.0.2.1\n*.dev 60 IN A 192.0.2.2\nblog 60 IN CNAME www\n")
    publish(NOW)

    assert answered("www.demo.test.") == ["192.0.2.1"]
    assert answered("x.dev.demo.test.") == ["192.0.2.2"]
    assert answered("blog.demo.test.") == ["192.0.2.1"]


def test_a_bound_name_is_answered_by_its_policy(ops, answered):
    zone = declare_zone(ops, "demo.test.")
    fra = declare_endpoint(ops, "fra-1", "192.0.2.1")
    bind(zone, "www", declare_policy(ops, "www", fra))
    publish(NOW)

    assert answered("www.demo.test.") == ["192.0.2.1"]


def test_a_second_publication_of_the_same_world_makes_no_generation(ops):
    declare_zone(ops, "demo.test.")
    publish(NOW)

    assert publish(NOW) is None
    assert Snapshot.objects.count() == 1


def test_a_changed_record_makes_one_zone_chunk_and_one_list_and_says_so(ops, answered):
    zones = [declare_zone(ops, f"{name}.test.") for name in ("a", "b", "c")]
    before = zones_of(publish(NOW))
    chunks = Chunk.objects.count()

    declare_address(zones[1], "www", "192.0.2.9")
    second = publish(NOW)

    changed = {origin for origin, digest in zones_of(second).items() if before[origin] != digest}
    assert changed == {"b.test."}
    assert Chunk.objects.count() == chunks + 2
    assert second.changes == ["zone b.test. serial 2"]
    assert answered("www.b.test.") == ["192.0.2.9"]


def test_the_serial_of_a_zone_is_that_of_its_soa(ops):
    zone = declare_zone(ops, "demo.test.")
    for _ in range(6):
        raise_serial(zone)
    publish(NOW)
    (chunk,) = Chunk.objects.filter(kind=ChunkKind.ZONE)

    assert (7).to_bytes(4, "big") + (7200).to_bytes(4, "big") in bytes(chunk.content)


def test_a_removed_zone_leaves_the_manifest(ops):
    declare_zone(ops, "a.test.")
    zone = declare_zone(ops, "b.test.")
    publish(NOW)
    zone.delete()

    assert publish(NOW).changes == ["zone b.test. removed"]
    assert open_current().origins == ["a.test."]


def test_changes_of_endpoints_and_policies_are_named(ops):
    fra = declare_endpoint(ops, "fra-1", "192.0.2.1")
    publish(NOW)
    fra.admin_state = "draining"
    fra.save()
    declare_policy(ops, "www", fra)

    assert publish(NOW).changes == ["endpoint fra-1 changed: admin_state", "pool www added", "policy www added"]


def test_a_broken_zone_is_served_in_its_last_good_form_and_holds_back_no_other(ops, answered):
    good, bad = declare_zone(ops, "good.test."), declare_zone(ops, "bad.test.", "www 60 IN A 192.0.2.1\n")
    publish(NOW)
    bad.record_sets.filter(type="NS").delete()
    raise_serial(bad)
    declare_address(good, "www", "192.0.2.2")

    assert publish(NOW).changes == ["zone good.test. serial 2"]
    assert answered("www.good.test.") == ["192.0.2.2"]
    assert answered("www.bad.test.") == ["192.0.2.1"]
    (refusal,) = Refusal.objects.all()
    assert refusal.part == "zone bad.test."
    assert "NS" in refusal.reason


def test_a_zone_broken_from_the_start_is_left_out_until_it_is_mended(ops, answered):
    bad = declare_zone(ops, "bad.test.", "www 60 IN A 192.0.2.1\n")
    apex = bad.record_sets.get(type="NS")
    bad.record_sets.filter(type="NS").delete()
    publish(NOW)
    assert open_current().origins == []
    assert publish(NOW) is None

    apex.save(force_insert=True)
    raise_serial(bad)
    publish(NOW)

    assert answered("www.bad.test.") == ["192.0.2.1"]
    assert not Refusal.objects.exists()


def test_a_name_no_wire_format_holds_is_a_refusal_of_its_zone_alone(ops):
    zone = declare_zone(ops, "bad.test.")
    declare_zone(ops, "good.test.")
    declare_address(zone, "a" * 64, "192.0.2.1")
    publish(NOW)

    assert open_current().origins == ["good.test."]
    assert "aaaa A" in Refusal.objects.get(part="zone bad.test.").reason


def test_policies_that_would_leave_a_bound_name_without_endpoint_are_held_back(ops, answered):
    zone = declare_zone(ops, "demo.test.")
    bind(zone, "www", declare_policy(ops, "www", declare_endpoint(ops, "fra-1", "192.0.2.1")))
    other = declare_zone(ops, "other.test.")
    publish(NOW)
    PoolMember.objects.all().delete()
    declare_address(other, "www", "192.0.2.2")

    assert publish(NOW).changes == ["zone other.test. serial 2"]
    assert answered("www.demo.test.") == ["192.0.2.1"]
    assert answered("www.other.test.") == ["192.0.2.2"]
    assert "www.demo.test." in Refusal.objects.get(part="policies").reason


def test_a_step_no_responder_knows_holds_back_the_policies_alone(ops):
    publish(NOW)
    declare_policy(ops, "www", declare_endpoint(ops, "fra-1", "192.0.2.1"), steps=({"kind": "dowsing"},))
    declare_zone(ops, "demo.test.")

    assert publish(NOW).changes == ["zone demo.test. added"]
    assert "dowsing" in Refusal.objects.get(part="policies").reason


def test_publishers_at_the_same_time_make_one_generation(ops):
    declare_zone(ops, "demo.test.")
    started = threading.Barrier(4)

    def run() -> None:
        started.wait()
        publish(NOW)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [snapshot.generation for snapshot in Snapshot.objects.all()] == [1]


def test_publishing_costs_the_same_queries_for_one_zone_and_for_twenty(ops, django_assert_max_num_queries):
    for number in range(20):
        declare_zone(ops, f"z{number}.test.")
    with django_assert_max_num_queries(40):
        publish(NOW)


def test_a_generation_weighs_what_an_edge_fetches_that_has_the_one_before(ops):
    zone = declare_zone(ops, "demo.test.")
    declare_zone(ops, "other.test.")
    first = publish(NOW)
    declare_address(zone, "www", "192.0.2.1")
    second = publish(NOW)

    def size(digests: set[str]) -> int:
        return sum(len(bytes(chunk.content)) for chunk in Chunk.objects.filter(digest__in=digests))

    assert first is not None
    assert second is not None
    lists = [json.loads(snapshot.manifest)["zones"] for snapshot in (first, second)]
    before, after = contents_of(first), contents_of(second)
    assert first.fetched_octets == len(first.manifest) + size({*lists[0].values(), *before.digests()})
    changed = {after.zones["demo.test."], lists[1][list_of("demo.test.")]}
    assert second.fetched_octets == len(second.manifest) + size(changed)


def test_pruning_keeps_the_newest_generations_and_all_they_name(ops, answered):
    zone = declare_zone(ops, "demo.test.")
    for number in range(5):
        declare_address(zone, "www", f"192.0.2.{number}")
        publish(NOW)

    assert prune(keep=2) == 6
    assert [snapshot.generation for snapshot in Snapshot.objects.all()] == [5, 4]
    assert Chunk.objects.filter(kind=ChunkKind.ZONE).count() == 2
    assert Chunk.objects.filter(kind=ChunkKind.ZONES).count() == 2
    assert current_snapshot().generation == 5
    assert answered("www.demo.test.") == ["192.0.2.4"]

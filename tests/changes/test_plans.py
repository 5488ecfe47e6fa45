"""A plan says what a change would do to objects and to who gets which answer, and leaves nothing behind."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.audit.models import AuditEntry
from changes.planning import differences
from changes.services import Proposed, open_change, plan, publish
from regions.models import EdgeNode, Endpoint, Site
from snapshots.services import publish as publish_snapshot
from steering.models import Policy
from telemetry.buckets import bucket_of
from telemetry.models import QueryCount
from tests.changes.conftest import mail
from zones.models import Zone
from zones.services import put_record_set

FRA_2 = {"members": [{"endpoint": "fra-2"}]}


def planned(ops, ada, *edits):
    return plan(open_change(ops, ada, "Try", edits), timezone.now())


@pytest.fixture
def asked(world, ops):
    """2,000 queries of the last hour for www, a quarter of them from Japan."""
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    node = EdgeNode.objects.create(team=ops, name="fra-a", site=site, token_digest="0" * 64)
    for country, count in [("US", 1500), ("JP", 500)]:
        QueryCount.objects.create(
            bucket=bucket_of(timezone.now()), node=node, policy_id=Policy.objects.get().pk, endpoint_id=1,
            country=country, rcode=0, count=count,
        )  # fmt: skip


def test_it_says_each_object_and_field_and_leaves_nothing_behind(world, ops, ada, declared):
    before = declared()
    found = planned(ops, ada, mail("192.0.2.26"), Proposed("endpoints", "fra-1", {"weight": 7}, partial=True))
    assert [(one.kind, one.key, one.action) for one in found.objects] == [
        ("endpoints", "fra-1", "update"), ("rrsets", "demo.test. mail A", "update"),
    ]  # fmt: skip
    (weight,), (records,) = (one.differences for one in found.objects)
    assert (weight.field, weight.before, weight.after) == ("weight", None, 7)
    assert (records.field, records.before, records.after) == ("records", ["192.0.2.25"], ["192.0.2.26"])
    assert declared() == before
    assert publish_snapshot(timezone.now()) is None
    assert not AuditEntry.objects.filter(actor="plan").exists()


def test_what_goes_along_is_in_it(world, ops, ada):
    found = planned(ops, ada, Proposed("zones", "demo.test.", None))
    gone = {one.key: one.edited for one in found.objects if one.action == "delete"}
    assert gone == {
        "demo.test.": True, "demo.test. @ NS": False, "demo.test. @ SOA": False, "demo.test. mail A": False,
        "demo.test. www A": False,
    }  # fmt: skip


def test_it_says_whom_it_moves_from_where_to_where_by_country(asked, ops, ada):
    found = planned(ops, ada, Proposed("pools", "web", FRA_2, partial=True))
    assert found.traffic.queries == 2000
    assert found.traffic.moved == pytest.approx(1)
    assert found.traffic.moves == [{"from": "fra-1", "to": "fra-2", "share": pytest.approx(1)}]
    shares = {row["country"]: row["share"] for row in found.traffic.countries}
    assert shares == {"US": pytest.approx(0.75), "JP": pytest.approx(0.25)}


def test_a_name_that_is_unbound_is_lost_and_held(asked, ops, ada):
    found = planned(ops, ada, Proposed("rrsets", "demo.test. www A", None))
    assert (found.traffic.moved, found.traffic.lost) == (pytest.approx(1), pytest.approx(1))
    assert list(found.held) == ["zone demo.test."]


def test_an_endpoint_that_only_the_plan_has_is_named(asked, ops, ada):
    found = planned(
        ops,
        ada,
        Proposed("endpoints", "ber-1", {"name": "ber-1", "region": "eu", "ipv4": "192.0.2.8"}),
        Proposed("pools", "web", {"members": [{"endpoint": "ber-1"}]}, partial=True),
    )
    assert found.traffic.moves == [{"from": "fra-1", "to": "ber-1", "share": pytest.approx(1)}]
    assert not Endpoint.objects.filter(name="ber-1").exists()


def test_a_change_that_moves_much_would_be_held(asked, ops, ada):
    change = open_change(ops, ada, "Move", [Proposed("pools", "web", FRA_2, partial=True)])
    found = plan(change, timezone.now())
    assert "100 %" in found.held["policies"]
    publish(change, ada, timezone.now())
    assert publish_snapshot(timezone.now()) is None, "held, as the plan says"


def test_without_queries_names_count_alike(world, ops, ada):
    found = planned(ops, ada, Proposed("pools", "web", FRA_2, partial=True))
    assert (found.traffic.queries, found.traffic.moved) == (0, pytest.approx(1))
    assert "nobody asked" in found.traffic.weighed_by
    assert found.held == {}


def test_refusals_name_edit_and_field_and_the_rest_is_tried(world, ops, ada):
    found = planned(ops, ada, mail("nonsense"), Proposed("endpoints", "fra-1", {"region": "nowhere"}, partial=True))
    assert {(one.kind, one.field) for one in found.refusals} == {("rrsets", "records"), ("endpoints", "region")}
    assert not found.is_publishable
    assert found.traffic is None


def test_conflicts_are_in_it(world, ops, ada):
    change = open_change(ops, ada, "Try", [mail("192.0.2.26")])
    put_record_set(Zone.objects.get(), "mail", "A", 300, ["192.0.2.99"])
    (conflict,) = plan(change, timezone.now()).conflicts
    assert conflict.key == "demo.test. mail A"


def test_a_thousand_edits_ask_a_bounded_number_of_questions_each(world, ops, ada, django_assert_max_num_queries):
    def edits(count):
        return [
            Proposed(
                "rrsets", f"demo.test. h{n} A", {"name": f"h{n}", "type": "A", "ttl": 60, "records": ["192.0.2.1"]}
            )
            for n in range(count)
        ]

    change = open_change(ops, ada, "Few", edits(10))
    with django_assert_max_num_queries(400) as few:
        plan(change, timezone.now())
    more = open_change(ops, ada, "More", edits(30))
    with django_assert_max_num_queries(len(few.captured_queries) * 3):
        plan(more, timezone.now())


def test_differences_go_down_to_the_entry():
    before = {"steps": [{"kind": "healthy"}, {"kind": "first", "count": 1}], "labels": {"tier": "a"}}
    after = {"steps": [{"kind": "healthy"}, {"kind": "first", "count": 2}, {"kind": "admin"}], "labels": {}}
    assert [(one.field, one.before, one.after) for one in differences(before, after)] == [
        ("steps.1.count", 1, 2), ("steps.2", None, {"kind": "admin"}), ("labels.tier", "a", None),
    ]  # fmt: skip

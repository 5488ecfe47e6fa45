"""P4: what deletes much of a zone, or moves many, stays as it is served until someone says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership, Team, User
from healthchecks.alarms import alarms_of
from healthchecks.alerts.alarms import alarms
from healthchecks.services import force, unforce
from regions.models import EdgeNode, Endpoint, Site
from snapshots.brake.alarms import watch_held
from snapshots.brake.drains import with_drains
from snapshots.brake.limits import MIN_QUERIES, MIN_RECORD_SETS, Limits, deletion, move
from snapshots.models import BrakeRelease, Refusal
from snapshots.services import open_current, publish, release_brake
from steering.models import Binding, PolicyStep, PoolMember
from telemetry.buckets import bucket_of
from telemetry.models import QueryCount
from tests.snapshots.declaring import bind, declare_endpoint, declare_policy, declare_zone, raise_serial
from zones.models import RecordSet, Zone

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
HOSTS = "".join(f"h{number} 60 IN A 192.0.2.{number}\n" for number in range(1, 10))
"""With the apex, twelve record sets."""


@given(before=st.integers(0, 10_000), lost=st.integers(0, 10_000), percent=st.floats(0, 100))
def test_a_deletion_is_held_exactly_above_the_limit(before, lost, percent):
    lost = min(lost, before)
    held = deletion(before, lost, Limits(deleted_percent=percent)) is not None

    assert held == (before >= MIN_RECORD_SETS and lost * 100 > percent * before)


@given(share=st.floats(0, 1), queries=st.integers(0, 10_000), percent=st.floats(0, 100))
def test_a_move_is_held_exactly_above_the_limit(share, queries, percent):
    held = move(share, queries, Limits(moved_percent=percent)) is not None

    assert held == (queries >= MIN_QUERIES and share * 100 > percent)


@pytest.fixture
def ada(ops):
    """Of the team."""
    user = User.objects.create(username="ada")
    Membership.objects.create(user=user, team=ops, role="admin")
    return user


def delete_hosts(zone: Zone, count: int) -> None:
    for number in range(1, count + 1):
        RecordSet.objects.filter(zone=zone, name=f"h{number}").delete()
    raise_serial(zone)


def test_a_deletion_of_few_record_sets_is_published(ops, answered):
    zone = declare_zone(ops, "demo.test.", HOSTS)
    publish(NOW)
    delete_hosts(zone, 3)

    assert publish(NOW).changes == ["zone demo.test. serial 2"]
    assert answered("h1.demo.test.") == []


def test_a_deletion_of_many_is_held_until_it_is_released_with_a_reason(ops, answered, ada):
    zone = declare_zone(ops, "demo.test.", HOSTS)
    declare_zone(ops, "other.test.")
    publish(NOW)
    delete_hosts(zone, 4)

    assert publish(NOW) is None
    assert answered("h1.demo.test.") == ["192.0.2.1"]
    held = Refusal.objects.get()
    assert held.part == "zone demo.test."
    assert held.reason.startswith("The change deletes 4 of 12 record sets (33 %); more than 30 % is asked about.")

    release_brake(held.part, " moved to the new zone ", ada, NOW)
    assert publish(NOW).changes == [
        "zone demo.test. serial 2",
        "zone demo.test. released by ada: moved to the new zone",
    ]
    assert answered("h1.demo.test.") == []
    assert not Refusal.objects.exists()


def test_while_a_part_is_held_an_alarm_says_so_to_its_team_until_it_is_published(ops, ada):
    zone = declare_zone(ops, "demo.test.", HOSTS)
    others = Team.objects.create(name="others")
    publish(NOW)
    delete_hosts(zone, 4)
    publish(NOW)

    alarm = alarms_of(ops).get()
    assert (str(alarm), alarm.since, alarm.until) == ("publication held: zone demo.test.", NOW, None)
    assert alarm.detail.startswith("The change deletes 4 of 12 record sets")
    assert not alarms_of(others).exists()
    assert [(seen.team_ids, seen.until) for seen in alarms(NOW)] == [(frozenset([ops.pk]), None)]

    delete_hosts(zone, 9)
    publish(NOW)
    release_brake("zone demo.test.", "nine are meant", ada, NOW)
    assert alarms_of(ops).get().detail.startswith("The change deletes 9 of 12"), "the same alarm, as it is now"
    publish(NOW + timedelta(seconds=1))
    assert alarms_of(ops).get().until == NOW + timedelta(seconds=1)


def test_an_alarm_about_what_all_teams_share_is_every_ones(ops):
    others = Team.objects.create(name="others")
    declare_zone(ops, "large.test.", HOSTS)
    publish(NOW)
    Zone.objects.all().delete()
    publish(NOW)

    assert alarms_of(others).get().subject == "zone large.test."
    assert [seen.team_ids >= {ops.pk, others.pk} for seen in alarms(NOW)] == [True]

    declare_zone(ops, "large.test.", HOSTS)
    publish(NOW)
    assert alarms_of(others).get().until == NOW, "it was put back"


def test_a_part_that_cannot_be_served_at_all_raises_no_alarm_of_the_brake(ops):
    declare_zone(ops, "demo.test.", HOSTS)
    publish(NOW)
    Refusal.objects.create(part="zone demo.test.", reason="two SOA records", candidate="", since=NOW)
    watch_held(NOW)

    assert not alarms_of(ops).exists()


def test_what_is_held_holds_back_no_other_zone(ops, answered):
    zone = declare_zone(ops, "demo.test.", HOSTS)
    publish(NOW)
    delete_hosts(zone, 9)
    declare_zone(ops, "other.test.", "www 60 IN A 192.0.2.77\n")
    publish(NOW)

    assert answered("www.other.test.") == ["192.0.2.77"]
    assert answered("h9.demo.test.") == ["192.0.2.9"]


def test_a_zone_that_is_gone_is_held_and_one_of_few_record_sets_is_not(ops, ada):
    declare_zone(ops, "large.test.", HOSTS)
    declare_zone(ops, "small.test.")
    publish(NOW)
    Zone.objects.all().delete()

    publish(NOW)
    assert open_current().origins == ["large.test."]
    with pytest.raises(PermissionDenied, match="ask an administrator"):
        release_brake("zone large.test.", "sold", ada, NOW)
    User.objects.update(is_superuser=True)
    ada.refresh_from_db()
    release_brake("zone large.test.", "sold", ada, NOW)
    publish(NOW)
    assert open_current().origins == []


def test_a_release_is_for_one_change_and_no_later_one(ops, answered, ada):
    zone = declare_zone(ops, "demo.test.", HOSTS)
    publish(NOW)
    delete_hosts(zone, 4)
    publish(NOW)
    release_brake("zone demo.test.", "four are meant", ada, NOW)
    delete_hosts(zone, 9)

    assert publish(NOW) is None
    assert answered("h1.demo.test.") == ["192.0.2.1"]
    assert Refusal.objects.get().reason.startswith("The change deletes 9 of 12")


def test_what_is_put_back_is_held_no_more(ops):
    zone = declare_zone(ops, "demo.test.", HOSTS)
    publish(NOW)
    kept = list(RecordSet.objects.filter(zone=zone, name__startswith="h"))
    delete_hosts(zone, 9)
    publish(NOW)
    RecordSet.objects.bulk_create(kept)
    raise_serial(zone)
    publish(NOW)

    assert not Refusal.objects.exists()


def test_a_release_that_has_not_gone_out_within_an_hour_is_void(ops, answered, ada):
    zone = declare_zone(ops, "demo.test.", HOSTS)
    publish(NOW)
    delete_hosts(zone, 9)
    publish(NOW)
    release_brake("zone demo.test.", "meant, for now", ada, NOW)

    assert publish(NOW + timedelta(hours=2)) is None
    assert answered("h1.demo.test.") == ["192.0.2.1"]
    assert Refusal.objects.get().is_held


def test_only_what_is_held_can_be_released_and_only_with_a_reason(ops, ada):
    declare_zone(ops, "demo.test.", HOSTS)
    publish(NOW)

    with pytest.raises(ValidationError, match="not held"):
        release_brake("zone demo.test.", "because", ada, NOW)
    with pytest.raises(ValidationError, match="Say why"):
        release_brake("zone demo.test.", "  ", ada, NOW)
    assert not BrakeRelease.objects.exists()


@pytest.fixture
def busy(ops):
    """A policy whose first endpoint by priority takes all queries, and ten thousand of them of late."""
    fra, iad = declare_endpoint(ops, "fra-1", "192.0.2.1"), declare_endpoint(ops, "iad-1", "192.0.2.2")
    policy = declare_policy(ops, "www", fra, iad, steps=({"kind": "first", "count": 1},))
    zone = declare_zone(ops, "demo.test.")
    bind(zone, "www", policy)
    asked(ops, policy.pk, 10_000)
    publish(NOW)
    return policy


def asked(team: Team, policy_id: int, queries: int) -> None:
    site = Site.objects.get_or_create(team=team, name="local", defaults={"latitude": 0, "longitude": 0})[0]
    node = EdgeNode.objects.get_or_create(team=team, site=site, name="n1", defaults={"token_digest": "0" * 64})[0]
    QueryCount.objects.create(
        node=node,
        bucket=bucket_of(NOW - timedelta(minutes=20)),
        policy_id=policy_id,
        endpoint_id=1,
        country="",
        rcode=0,
        count=queries,
    )


def test_a_policy_that_would_move_most_queries_is_held_until_it_is_released(busy, answered, ada):
    members = busy.pools.get().members
    members.filter(endpoint__name="fra-1").update(position=9)

    assert publish(NOW) is None
    assert answered("www.demo.test.") == ["192.0.2.1"]
    held = Refusal.objects.get()
    assert (held.part, held.reason[:62]) == (
        "policies",
        "The change moves 100 % of the queries of the last hour to othe",
    )

    User.objects.update(is_superuser=True)
    ada.refresh_from_db()
    release_brake("policies", "fra is being rebuilt", ada, NOW)
    assert "policies released by ada: fra is being rebuilt" in publish(NOW).changes
    assert answered("www.demo.test.") == ["192.0.2.2"]


def test_a_policy_that_moves_few_of_all_queries_is_published(busy, ops, answered):
    other = declare_policy(ops, "api", *busy.pools.get().endpoints.all(), steps=({"kind": "first", "count": 1},))
    bind(Zone.objects.get(), "api", other)
    asked(ops, other.pk, 1000)
    publish(NOW)
    other.pools.get().members.filter(endpoint__name="fra-1").update(position=9)

    publish(NOW)
    assert answered("api.demo.test.") == ["192.0.2.2"]


def test_a_name_bound_to_another_policy_is_held_with_its_zone(busy, ops, answered, ada):
    other = declare_policy(ops, "other", declare_endpoint(ops, "sin-1", "192.0.2.3"))
    publish(NOW)
    Binding.objects.update(policy=other)
    raise_serial(Zone.objects.get())

    assert publish(NOW) is None
    assert Refusal.objects.get().part == "zone demo.test."
    assert answered("www.demo.test.") == ["192.0.2.1"]
    release_brake("zone demo.test.", "a new home", ada, NOW)
    publish(NOW)
    assert answered("www.demo.test.") == ["192.0.2.3"]


@pytest.fixture
def first_in_service(busy):
    """The busy policy, which leaves out who is drained. Returns who takes all queries."""
    PolicyStep.objects.update(position=1)
    PolicyStep.objects.create(policy=busy, position=0, kind="admin")
    publish(NOW)
    return Endpoint.objects.get(name="fra-1")


def test_a_drain_and_its_end_go_out_unasked_however_much_they_move(first_in_service, answered):
    force(first_in_service, "drain", "disk is being replaced", "ada", timezone.now())
    publish(NOW)
    assert answered("www.demo.test.") == ["192.0.2.2"]
    unforce(first_in_service, "ada", timezone.now())
    publish(NOW)
    assert answered("www.demo.test.") == ["192.0.2.1"]
    assert not Refusal.objects.exists()


def test_what_is_held_holds_back_no_drain(first_in_service, busy, ops, answered):
    pool = busy.pools.get()
    PoolMember.objects.create(pool=pool, endpoint=declare_endpoint(ops, "sin-1", "192.0.2.3"), position=2)
    publish(NOW)
    pool.members.exclude(endpoint__name="sin-1").update(position=F("position") + 8)
    publish(NOW)
    assert answered("www.demo.test.") == ["192.0.2.1"]
    force(first_in_service, "drain", "disk is broken", "ada", timezone.now())
    publish(NOW)
    assert answered("www.demo.test.") == ["192.0.2.2"]
    unforce(first_in_service, "ada", timezone.now())
    publish(NOW)
    assert answered("www.demo.test.") == ["192.0.2.1"], "what was declared is held as before"
    assert Refusal.objects.get().part == "policies"


def test_what_is_served_stays_as_it_was_written_while_nothing_is_drained():
    served = b'{"endpoints": [{"id": 1, "admin_state": "enabled"}]}'
    candidate = b'{"endpoints":[{"admin_state":"draining","id":1}]}'

    assert with_drains(served, candidate, {2}) == served
    assert with_drains(served, candidate, {1}) == candidate


def test_that_something_is_drained_lets_no_other_change_through(first_in_service, busy, answered):
    sin = declare_endpoint(first_in_service.team, "sin-1", "192.0.2.3")
    force(sin, "drain", "not yet", "ada", timezone.now())
    first_in_service.admin_state = "draining"
    first_in_service.save()
    publish(NOW)
    assert answered("www.demo.test.") == ["192.0.2.1"]
    assert Refusal.objects.get().part == "policies"


def test_without_traffic_nothing_is_known_to_move(busy, answered):
    QueryCount.objects.update(count=MIN_QUERIES - 1)
    PolicyStep.objects.update(options={"count": 2})
    busy.pools.get().members.filter(endpoint__name="fra-1").update(position=9)

    assert publish(NOW) is not None
    assert answered("www.demo.test.") == ["192.0.2.2", "192.0.2.1"]

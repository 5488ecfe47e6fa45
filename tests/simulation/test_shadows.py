"""A shadow is a change that is tried on live queries, written for edges and read from what they count."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils import timezone

from regions.models import EdgeNode, Endpoint, Region, Site
from simulation.shadows import shadow_of, start
from simulation.what_if import Change
from snapshots.models import Snapshot
from snapshots.services import declared_policy_chunk, publish
from steering.models import Policy, Pool, Shadow
from steering.services import Member, set_pool_members, unbind
from steering.shadows import forget_shadows, stop_shadow
from telemetry.report import Report
from telemetry.services import record_report

GEO = {"kind": "geo", "rules": [], "default": {"regions": ["eu"]}}


@pytest.fixture
def www(world):
    return Policy.objects.get(name="www")


def changes():
    return Snapshot.objects.order_by("-generation").first().changes


def test_it_is_written_for_edges_until_it_ends(www):
    now = timezone.now()
    shadow = start(Change(www, steps=[GEO]), now, percent=5, lifetime=timedelta(hours=1))

    chunk = json.loads(declared_policy_chunk(now))
    [told] = chunk["shadows"]
    assert (chunk["format"], told["id"], told["policy"], told["percent"]) == (2, shadow.pk, www.pk, 5)
    assert told["pools"] == [Pool.objects.get(name="web").pk]
    assert told["steps"][0]["default"]["regions"] == [Region.objects.get(name="eu").pk]
    assert told["until"] == int((now + timedelta(hours=1)).timestamp())
    ended = json.loads(declared_policy_chunk(now + timedelta(hours=1)))
    assert (ended["format"], "shadows" in ended) == (1, False)


def test_it_is_published_and_the_policy_itself_stays(www):
    start(Change(www, steps=[GEO]), timezone.now())
    assert publish(timezone.now()) is not None

    assert changes() == ["shadow of www started"]
    assert [step.kind for step in www.steps.all()] == ["healthy"]
    stop_shadow(www)
    assert publish(timezone.now()) is not None
    assert changes() == ["shadow of www ended"]


def test_one_that_ends_leaves_the_snapshot_by_itself(www):
    now = timezone.now()
    start(Change(www, steps=[GEO]), now, lifetime=timedelta(hours=1))
    publish(now)
    assert publish(now + timedelta(hours=2)) is not None
    assert changes() == ["shadow of www ended"]


@pytest.mark.parametrize("steps", [[{"kind": "geo"}], [{"kind": "use", "policy": "www"}], [{"kind": "nonsense"}]])
def test_what_would_be_refused_of_the_policy_is_refused_of_its_shadow(www, steps):
    with pytest.raises(ValidationError):
        start(Change(www, steps=steps), timezone.now())
    assert not Shadow.objects.exists()


def test_a_policy_that_answers_nothing_has_no_queries_to_try_it_on(www):
    unbind(www.bindings.get())
    with pytest.raises(ValidationError, match="answers no name"):
        start(Change(www, steps=[]), timezone.now())


def test_another_one_takes_its_place(www):
    first = start(Change(www, steps=[]), timezone.now())
    second = start(Change(www, steps=[GEO]), timezone.now())
    assert first.pk != second.pk
    assert Shadow.objects.get() == second


def test_what_it_names_cannot_be_deleted(www, ops):
    spare = Pool.objects.create(team=ops, name="spare")
    far = Region.objects.create(team=ops, name="far", latitude=0, longitude=0)
    set_pool_members(spare, [Member(Endpoint.objects.get(name="fra-2"))])
    steps = [{"kind": "geo", "rules": [], "default": {"regions": ["far", "eu"]}}]
    start(Change(www, pools=[spare], steps=steps), timezone.now())
    for named in (spare, far):
        with pytest.raises(ProtectedError):
            named.delete()


def test_a_pool_that_grows_cannot_make_it_too_large_for_edges(www, ops):
    spare = Pool.objects.create(team=ops, name="spare")
    set_pool_members(spare, [Member(Endpoint.objects.get(name="fra-2"))])
    start(Change(www, pools=[spare], steps=[]), timezone.now())
    eu = Region.objects.get(name="eu")
    many = [Endpoint(team=ops, name=f"e{n}", region=eu, ipv4=f"203.0.{n >> 8}.{n & 255}") for n in range(257)]
    members = [Member(endpoint) for endpoint in Endpoint.objects.bulk_create(many)]
    with pytest.raises(ValidationError, match="shadow of www has 257 candidates"):
        set_pool_members(spare, members)
    set_pool_members(spare, members[1:])


def test_it_is_forgotten_a_day_after_its_end(www):
    now = timezone.now()
    start(Change(www, steps=[]), now, lifetime=timedelta(hours=1))
    assert forget_shadows(now + timedelta(hours=24)) == 0
    assert forget_shadows(now + timedelta(hours=26)) == 1


def test_what_edges_counted_is_told_by_country_and_way(www, ops):
    shadow = start(Change(www, steps=[GEO]), timezone.now())
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    node = EdgeNode.objects.create(team=ops, name="fra-a", site=site, token_digest="0" * 64)
    counted = [("DE", "fra-2", "fra-2", 60), ("DE", "fra-2", "fra-1", 20), ("US", "fra-2", None, 20)]
    record_report(node, report_of(shadow, counted), timezone.now())

    read = shadow_of(www, timezone.now())
    assert read is not None
    assert (read["answers"], read["disagree"], read["lost"]) == (100, pytest.approx(0.4), pytest.approx(0.2))
    ways = {(move["from"], move["to"]): move["share"] for move in read["moves"]}
    assert ways == {("fra-2", "fra-1"): pytest.approx(0.2), ("fra-2", None): pytest.approx(0.2)}
    assert read["countries"] == [
        {"country": "DE", "share": pytest.approx(0.8), "disagree": pytest.approx(0.25)},
        {"country": "US", "share": pytest.approx(0.2), "disagree": pytest.approx(1)},
    ]
    assert (read["pools"], read["steps"][0]["default"]["regions"]) == (["web"], ["eu"])


def test_before_anything_is_counted_it_says_nothing_and_no_zeros(www):
    start(Change(www, steps=[]), timezone.now())
    read = shadow_of(www, timezone.now())
    assert read is not None
    assert (read["answers"], read["disagree"], read["lost"], read["ended"]) == (0, None, None, False)


def report_of(shadow, counted):
    ids = dict(Endpoint.objects.values_list("name", "pk"))
    shadows = [
        {
            "shadow": shadow.pk,
            "country": country,
            "endpoint": ids[endpoint],
            "shadow_endpoint": ids.get(other, 0),
            "count": count,
        }
        for country, endpoint, other, count in counted
    ]
    head = {"boot_id": str(uuid4()), "sequence": 1, "generation": 1, "health_sequence": 1, "version": "1", "queries": 1}
    return Report.model_validate(head | {"answers": [], "shadows": shadows})

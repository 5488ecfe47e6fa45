"""A change is tried on the responder itself, and leaves nothing behind."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from regions.models import EdgeNode, Endpoint, Site
from simulation.what_if import Change, what_if
from snapshots.services import publish
from steering.models import Binding, Policy, Pool
from steering.services import bind, unbind
from telemetry.buckets import bucket_of
from telemetry.clients import sampled_clients
from telemetry.models import QueryCount
from zones.models import Zone

SAMPLES = 2_000


def tried(**changed):
    return what_if(Change(Policy.objects.get(name="www"), **changed), timezone.now(), SAMPLES)


def test_a_change_that_changes_nothing_moves_nobody(world):
    report = tried()
    assert (report["moved"], report["lost"], report["moves"]) == (0, 0, [])
    assert report["endpoints"] == [
        {"endpoint": "fra-2", "region": "eu", "before": pytest.approx(1), "after": pytest.approx(1)}
    ]
    assert (report["name"], report["type"], report["clients"]) == ("www.demo.test.", "A", SAMPLES)


def test_it_says_who_moves_from_where_to_where_and_what_stays_is_what_was(virginia):
    policy = Policy.objects.get(name="www")
    report = tried(pools=[virginia])
    assert report["moved"] == pytest.approx(1)
    assert report["moves"] == [{"from": "fra-2", "to": "iad-1", "share": pytest.approx(1)}]
    assert [(row["endpoint"], row["region"], row["after"]) for row in report["endpoints"]] == [
        ("fra-2", "eu", 0), ("iad-1", "us", pytest.approx(1)),
    ]  # fmt: skip
    policy.refresh_from_db()
    assert [pool.name for pool in policy.pools.all()] == ["web"]
    assert publish(timezone.now()) is None, "nothing is new"


def test_steps_move_the_clients_that_they_are_about(virginia):
    pools = [Pool.objects.get(name="web"), virginia]
    geo = {
        "kind": "geo",
        "rules": [{"location": "country:US", "regions": ["us"]}],
        "default": {"regions": ["eu"]},
    }
    report = tried(pools=pools, steps=[{"kind": "healthy"}, geo])
    moved = {row["country"]: row["moved"] for row in report["countries"]}
    assert moved["US"] == 1
    assert all(share == 0 for country, share in moved.items() if country != "US")


def test_countries_count_as_much_as_they_ask(virginia, ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    node = EdgeNode.objects.create(team=ops, name="fra-a", site=site, token_digest="0" * 64)
    policy = Policy.objects.get(name="www")
    for country, count in [("US", 30), ("JP", 10)]:
        bucket = bucket_of(timezone.now())
        QueryCount.objects.create(
            bucket=bucket, node=node, policy_id=policy.pk, endpoint_id=1, country=country, rcode=0, count=count
        )
    report = tried(pools=[virginia])
    assert report["weighed_by"] == "queries of the last day"
    shares = {row["country"]: row["share"] for row in report["countries"]}
    assert shares == {"US": pytest.approx(0.75), "JP": pytest.approx(0.25)}


def test_where_only_countries_ask_that_no_client_is_of_addresses_count(virginia, ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    node = EdgeNode.objects.create(team=ops, name="fra-a", site=site, token_digest="0" * 64)
    QueryCount.objects.create(
        bucket=bucket_of(timezone.now()), node=node, policy_id=Policy.objects.get(name="www").pk, endpoint_id=1,
        country="NR", rcode=0, count=3,
    )  # fmt: skip
    report = tried(pools=[virginia])
    assert report["weighed_by"] == "addresses"
    assert report["moved"] == pytest.approx(1)


def test_who_would_lose_an_answer_is_told(world, ops):
    fence = {"kind": "fence", "deny": ["country:US"], "if_empty": {"action": "refuse"}}
    report = tried(steps=[fence])
    lost = {row["country"]: row["moved"] for row in report["countries"]}["US"]
    assert lost == 1
    assert 0 < report["lost"] <= report["moved"]
    assert {"from": "fra-2", "to": None} in [{key: move[key] for key in ("from", "to")} for move in report["moves"]]


def test_a_refused_change_is_refused_as_when_it_is_made(world):
    with pytest.raises(ValidationError) as caught:
        tried(steps=[{"kind": "geo"}])
    assert "steps.0.default" in caught.value.message_dict


def test_a_policy_that_answers_no_name_moves_nobody(world):
    unbind(Binding.objects.get())
    with pytest.raises(ValidationError, match="answers no name"):
        tried()


def test_a_wildcard_is_asked_for_with_a_label_in_its_place(world, ops):
    unbind(Binding.objects.get())
    bind(Policy.objects.get(name="www"), Zone.objects.get(), "*.shop", types=("A",))
    publish(timezone.now())
    report = tried()
    assert report["name"] == "any.shop.demo.test."
    assert [row["endpoint"] for row in report["endpoints"]] == ["fra-2"]


def test_the_sample_is_the_same_every_time_and_public():
    clients = sampled_clients(20_000)
    sampled_clients.cache_clear()
    assert sampled_clients(20_000) == clients
    assert len(clients) == 20_000
    assert all(IPv4Network(client).is_global for client in clients)


def test_it_says_how_much_farther_away_clients_would_be(measured, virginia):
    report = tried(pools=[virginia])
    latency = report["latency"]
    assert report["latency_sequence"] == 1
    assert (latency["before"]["mean_ms"], latency["after"]["p95_ms"]) == (pytest.approx(30), pytest.approx(50))
    assert 0.9 < latency["estimated"] < 1, "of clients of whom no place is known nothing is"
    [us] = [row for row in report["countries"] if row["country"] == "US"]
    assert us["latency"]["after"]["mean_ms"] - us["latency"]["before"]["mean_ms"] == pytest.approx(20)
    assert "US" in [row["country"] for row in report["warnings"]]


def test_without_a_latency_map_nothing_is_said_of_round_trips(virginia):
    report = tried(pools=[virginia])
    assert (report["latency"], report["latency_sequence"], report["warnings"]) == (None, None, [])
    assert {row["latency"] for row in report["countries"]} == {None}


def test_regions_are_told_what_they_get_and_can_take(virginia):
    Endpoint.objects.filter(name="iad-1").update(capacity=300)
    report = tried(pools=[Pool.objects.get(name="web"), virginia], steps=[{"kind": "healthy"}, {"kind": "weighted"}])
    [eu, us] = report["regions"]
    assert (eu["region"], eu["before"], eu["capacity"]) == ("eu", pytest.approx(1), None)
    assert (us["region"], us["before"], us["capacity"], us["capacity_share"]) == ("us", 0, 300, None)
    assert us["after"] == pytest.approx(0.5, abs=0.05)
    assert us["after_per_s"] is None, "nobody asked"

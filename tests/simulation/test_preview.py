"""Who would get what from a policy that is still being written."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from regions.models import Endpoint, Region
from simulation.preview import Question, preview
from simulation.what_if import Change
from snapshots.scratch import ORIGIN
from snapshots.services import open_current, publish
from steering.models import Binding, Policy, Pool
from steering.services import Member, set_pool_members, unbind

SAMPLES = 2_000
GEO = {"kind": "geo", "rules": [{"location": "country:US", "regions": ["us"]}], "default": {"regions": ["eu"]}}
GERMANY, UNITED_STATES = "91.0.0.7", "23.0.0.7"


@pytest.fixture
def virginia(world, ops):
    """A second pool, far away."""
    us = Region.objects.create(team=ops, name="us", latitude=39, longitude=-77.5)
    iad_1 = Endpoint.objects.create(team=ops, name="iad-1", region=us, ipv4="192.0.2.9", ipv6="2001:db8::9")
    pool = Pool.objects.create(team=ops, name="virginia")
    set_pool_members(pool, [Member(iad_1)])
    publish(timezone.now())
    return pool


def previewed(draft: Change, clients: str = "", qtype: str = "A"):
    return preview(draft, Question(clients, qtype), timezone.now(), SAMPLES)


@pytest.fixture
def new(virginia, ops):
    """A policy that was never saved, by country."""
    return Change(Policy(team=ops, name="fresh"), [*Pool.objects.order_by("pk")], [{"kind": "healthy"}, GEO])


@pytest.fixture
def edited(virginia):
    """www, given the second pool and steps by country."""
    return Change(Policy.objects.get(name="www"), [*Pool.objects.order_by("pk")], [{"kind": "healthy"}, GEO])


def test_a_new_policy_is_tried_and_leaves_nothing_behind(new, ops):
    shown = previewed(new, GERMANY)

    assert (shown["name"], shown["weighed_by"]) == (None, "addresses")
    assert {row["before"] for row in shown["endpoints"]} == {None}
    assert [row["endpoint"] for row in shown["asked"]["endpoints"]] == ["fra-2"]
    assert new.policy.pk is None
    assert not Policy.objects.filter(name="fresh").exists()
    assert ORIGIN not in open_current().origins
    assert publish(timezone.now()) is None, "nothing is new"


def test_an_answer_of_the_draft_is_explained_step_by_step(new):
    explained = previewed(new, UNITED_STATES)["asked"]["explained"]

    [policy] = explained["policies"]
    assert [step["kind"] for step in policy["steps"]] == ["healthy", "geo"]
    assert policy["steps"][0]["dropped"][0]["name"] == "fra-1"
    assert explained["answer"]["records"] == ["www.preview.invalid. 30 IN A 192.0.2.9"]


def test_countries_are_told_with_whom_most_of_them_get(new):
    countries = {row["country"]: row for row in previewed(new)["countries"]}

    assert countries["US"]["served"] == [{"endpoint": "iad-1", "region": "us", "share": pytest.approx(1)}]
    assert countries["DE"]["served"][0]["endpoint"] == "fra-2"
    assert sum(row["share"] for row in countries.values()) == pytest.approx(1)


def test_an_edited_policy_is_compared_with_what_is_served(edited):
    shown = previewed(edited, "United States")

    assert shown["name"] == "www.demo.test."
    assert {row["endpoint"]: row["before"] for row in shown["endpoints"]} == {"fra-2": pytest.approx(1), "iad-1": 0}
    assert shown["asked"]["endpoints"] == [
        {"endpoint": "iad-1", "region": "us", "before": 0, "after": 1},
        {"endpoint": "fra-2", "region": "eu", "before": 1, "after": 0},
    ]


def test_what_is_typed_of_the_policy_itself_counts(edited):
    edited.policy.ttl_s, edited.policy.ttl_min_s = 77, 7
    [policy] = previewed(edited, GERMANY)["asked"]["explained"]["policies"]

    assert policy["ttl"] == 77
    assert Policy.objects.get(name="www").ttl_s == 30


def test_a_policy_that_answers_nothing_of_a_type_is_asked_for_a_name_of_its_own(edited):
    shown = previewed(edited, "2001:db8::1", "AAAA")

    assert shown["name"] is None
    assert [row["endpoint"] for row in shown["asked"]["endpoints"]] == ["iad-1"]


def test_an_unbound_policy_is_previewed_where_a_simulation_has_nobody_to_ask(edited):
    unbind(Binding.objects.get())
    shown = previewed(edited, "DE")

    assert shown["name"] is None
    assert [row["endpoint"] for row in shown["asked"]["endpoints"]] == ["fra-2"]


@pytest.mark.parametrize(
    ("clients", "said", "count"),
    [
        ("91.0.0.7", "91.0.0.7", 1),
        ("2a02::1", "2a02::1", 1),
        ("91.0.0.0/16", "91.0.0.0/16", 256),
        ("91.0.0.0/23", "91.0.0.0/23", 2),
        ("91.0.0.0/28", "91.0.0.0/28", 1),
        ("2a02::/16", "2a02::/16", 256),
        ("DE", "Germany", 256),
        ("germany", "Germany", 256),
        ("country:DE", "Germany", 256),
    ],
)
def test_clients_are_asked_about_by_address_network_or_country(new, clients, said, count):
    asked = previewed(new, clients)["asked"]

    assert (asked["who"], asked["clients"]) == (said, count)
    assert sum(row["after"] for row in asked["endpoints"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("clients", "message"),
    [
        ("nobody", "is no client"),
        ("91.0.0.1/16", "is no prefix"),
        ("fe80::1%eth0", "has a zone"),
        ("AS3320", "no file that tells networks"),
        ("Nauru", "No sampled network is of Nauru"),
    ],
)
def test_a_question_about_nobody_says_what_to_write(new, clients, message):
    with pytest.raises(ValidationError, match=message) as caught:
        previewed(new, clients)
    assert list(caught.value.message_dict) == ["clients"]


def test_a_draft_that_would_be_refused_is_refused(new):
    with pytest.raises(ValidationError) as caught:
        previewed(Change(new.policy, new.pools, [{"kind": "geo"}]))
    assert "steps.0.default" in caught.value.message_dict

"""Every template saves as it is, and does what it is for, as the responder answers."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

import responder
from snapshots.scratch import NAME
from snapshots.services import declared_policy_chunk, open_with_scratch_name, publish
from steering.policy_templates import BY_SLUG, STABLE_WEIGHT, TEMPLATES, Place, nearest_regions
from steering.services import Member, bind, set_pool_members, steps_with_names
from steering.soundness import Fallbacks, require_sound
from steering.steps import KINDS
from telemetry.clients import sampled_clients

EU, US = Place("eu", 50.1, 8.7), Place("us", 39.0, -77.5)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.slug)
def test_a_template_is_saved_and_sound_for_a_name(make_policy, web, zone, template):
    policy = make_policy(template.slug, web, steps=template.steps([EU, US]))
    bind(policy, zone, "www")

    require_sound([policy], Fallbacks(policy.team), "pools")
    assert [step["kind"] for step in steps_with_names(policy)][:2] == ["admin", "healthy"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.slug)
def test_a_template_is_a_chain_even_where_nothing_is_declared_yet(make_policy, web, template):
    assert make_policy(template.slug, web, steps=template.steps([])).steps.exists()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.slug)
def test_a_template_says_when_to_use_it_and_what_it_goes_by(template):
    assert template.use.endswith(".")
    assert template.needs.endswith(".")
    assert {step["kind"] for step in template.steps([EU])} <= KINDS.keys()


def test_continents_are_given_the_region_that_is_nearest_to_most_of_their_countries():
    served = dict(nearest_regions([EU, US]))

    assert {continent: served[continent] for continent in ("EU", "AF", "NA", "SA")} == {
        "EU": "eu", "AF": "eu", "NA": "us", "SA": "us",
    }  # fmt: skip
    assert nearest_regions([]) == []


@pytest.fixture
def answers(transactional_db):
    """How many of the sampled clients each endpoint gets from a policy."""
    publish(timezone.now())

    def ask(policy) -> Counter[int]:
        snapshot = open_with_scratch_name(declared_policy_chunk(timezone.now()), policy.pk)
        chosen = responder.choose(snapshot, responder.Health(), NAME, "A", sampled_clients(4_000))
        return Counter(endpoint for endpoint, _explored in chosen)

    return ask


def test_a_canary_gets_five_percent_of_the_clients(answers, make_policy, make_pool, fra, iad):
    stable, new = make_pool("stable", fra), make_pool("new", iad)
    new.weight = 1
    new.save()
    counts = answers(make_policy("canary", stable, new, steps=BY_SLUG["canary"].steps([])))

    assert counts[iad.pk] / counts.total() == pytest.approx(1 / (1 + STABLE_WEIGHT), abs=0.015)


def test_a_failover_serves_everybody_from_the_lowest_priority(answers, make_policy, make_pool, fra, iad):
    pool = make_pool("web")
    set_pool_members(pool, [Member(fra, priority=1), Member(iad, priority=0)])
    counts = answers(make_policy("failover", pool, steps=BY_SLUG["failover"].steps([])))

    assert counts == {iad.pk: 4_000}


def test_weights_split_the_clients_in_their_shares(answers, make_policy, make_pool, fra, iad):
    pool = make_pool("web")
    set_pool_members(pool, [Member(fra, weight=80), Member(iad, weight=20)])
    counts = answers(make_policy("weighted", pool, steps=BY_SLUG["weighted"].steps([])))

    assert counts[iad.pk] / counts.total() == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("slug", ["geo", "nearest", "latency"])
def test_far_clients_are_served_apart(answers, ops, make_policy, web, fra, iad, slug):
    counts = answers(make_policy(slug, web, steps=BY_SLUG[slug].steps([EU, US])))

    assert set(counts) >= {fra.pk, iad.pk}
    assert min(counts[fra.pk], counts[iad.pk]) > 800

"""Policies: their steps in a form, and the names they answer."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from dashboard.steps import described_steps
from steering.models import Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members, steps_with_names
from steering.steps import KINDS
from zones.services import create_zone

BASE = {"name": "www", "ttl_s": "30", "ttl_min_s": "5", "ecs": "always", "pools-0-pool": "web"}
GEO = {
    "steps-0-kind": "geo",
    "steps-0-rules-0-location": "country:DE",
    "steps-0-rules-0-to": ["region:eu", "pool:web"],
    "steps-0-default": ["all"],
    "steps-0-if_empty": "bypass",
}


@pytest.fixture
def web(ops, fra_1):
    pool = Pool.objects.create(team=ops, name="web")
    set_pool_members(pool, [Member(fra_1)])
    return pool


@pytest.fixture
def www(ops, web):
    return save_policy(Policy(team=ops, name="www"), pools=[web], steps=[{"kind": "healthy"}])


@pytest.fixture
def zone(ops):
    return create_zone(ops, "example.test.")


def problems(page) -> dict[str, list[str]]:
    """Every problem that the form shows, by the name of its input."""
    form = page.context["form"]
    rows = [row for rows in form.rows.values() for row in rows]
    rules = [rule for row in rows for rule in getattr(row, "rules", [])]
    return {
        shown.add_prefix(name): list(said) for shown in [form, *rows, *rules] for name, said in shown.errors.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_step_can_be_added_and_shown(adas_browser, web, kind):
    page = adas_browser.post("/policies/new/", BASE | {"steps-add": kind, "draft": "steps:add:kind"})

    [row] = page.context["form"].rows["steps"]
    assert row.step_kind == kind
    assert escape(KINDS[kind].__doc__) in page.content.decode()


def test_steps_are_stored_as_they_are_written(adas_browser, web, eu):
    adas_browser.post(
        "/policies/new/",
        BASE
        | GEO
        | {
            "steps-1-kind": "fence", "steps-1-label": "tier=gpu", "steps-1-deny": "asn:3320, cidr:10.0.0.0/8",
            "steps-1-if_empty": "refuse",
            "steps-2-kind": "healthy", "steps-2-if_empty": "pool:web",
            "steps-3-kind": "distance", "steps-3-within_km": "50", "steps-3-bias": "",
            "steps-4-kind": "first", "steps-4-count": "2",
        },
    )  # fmt: skip

    assert steps_with_names(Policy.objects.get()) == [
        {
            "kind": "geo",
            "rules": [{"location": "country:DE", "regions": ["eu"], "pools": ["web"]}],
            "default": "all",
            "if_empty": {"action": "bypass"},
        },
        {
            "kind": "fence",
            "label": "tier=gpu",
            "allow": [],
            "deny": ["asn:3320", "cidr:10.0.0.0/8"],
            "if_empty": {"action": "refuse"},
        },
        {"kind": "healthy", "relative": False, "if_empty": {"action": "fallback", "pool": "web"}},
        {"kind": "distance", "within_km": 50.0, "bias": 0},
        {"kind": "first", "count": 2},
    ]


def test_what_is_either_so_or_not_is_ticked(adas_browser, web):
    step = {"steps-0-kind": "healthy", "steps-0-if_empty": "bypass", "steps-0-relative": "on"}
    adas_browser.post("/policies/new/", BASE | step)
    policy = Policy.objects.get()

    assert steps_with_names(policy) == [{"kind": "healthy", "relative": True, "if_empty": {"action": "bypass"}}]
    edited = adas_browser.get(f"/policies/{policy.pk}/edit/").content.decode()
    assert '<input type="checkbox" name="steps-0-relative"' in edited
    del step["steps-0-relative"]
    adas_browser.post(f"/policies/{policy.pk}/edit/", BASE | step)
    assert not steps_with_names(Policy.objects.get())[0]["relative"]


def test_an_edited_policy_that_is_sent_unchanged_is_the_same(adas_browser, web, eu):
    adas_browser.post("/policies/new/", BASE | GEO)
    policy = Policy.objects.get()
    before = steps_with_names(policy)
    form = adas_browser.get(f"/policies/{policy.pk}/edit/").context["form"]
    [row] = form.rows["steps"]
    sent = {row.add_prefix(field.name): field.value() for field in row}
    [rule] = row.rules
    sent |= {rule.add_prefix(field.name): field.value() for field in rule}
    adas_browser.post(f"/policies/{policy.pk}/edit/", BASE | sent)

    assert steps_with_names(Policy.objects.get()) == before


@pytest.mark.parametrize(
    ("given", "at"),
    [
        (GEO | {"steps-0-rules-0-location": "planet:mars"}, "steps-0-rules-0-location"),
        (GEO | {"steps-0-rules-0-to": []}, "steps-0-rules-0-to"),
        (GEO | {"steps-0-rules-0-to": ["region:nowhere"]}, "steps-0-rules-0-to"),
        (GEO | {"steps-0-default": []}, "steps-0-default"),
        (GEO | {"steps-0-default": ["all", "region:eu"]}, "steps-0-default"),
        ({"steps-0-kind": "fence", "steps-0-allow": "cidr:10.0.0.1/8"}, "steps-0-allow"),
        ({"steps-0-kind": "fence"}, "steps-0-__all__"),
        ({"steps-0-kind": "first"}, "steps-0-count"),
        ({"steps-0-kind": "first", "steps-0-count": "17"}, "steps-0-count"),
        ({"steps-0-kind": "distance", "steps-0-bias": "100"}, "steps-0-bias"),
        ({"steps-0-kind": "weighted", "steps-0-weight": "many"}, "steps-0-weight"),
        ({"steps-0-kind": "healthy", "steps-0-if_empty": "policy:nowhere"}, "steps-0-if_empty"),
        ({"pools-0-pool": "nowhere"}, "pools-0-pool"),
        ({"ttl_min_s": "60"}, "ttl_min_s"),
        ({"ttl_s": "-1"}, "ttl_s"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(adas_browser, web, eu, given, at):
    page = adas_browser.post("/policies/new/", BASE | given)

    assert page.status_code == 422
    assert at in problems(page)
    assert not Policy.objects.exists()


def test_a_step_is_judged_when_the_reader_leaves_its_input(adas_browser, web, eu):
    given = BASE | GEO | {"steps-0-rules-0-location": "country:XX"}
    page = adas_browser.post("/policies/new/?field=steps-0-rules-0-location", given)

    assert "Unknown country" in page.content.decode()


def test_a_policy_without_a_pool_is_refused_with_the_reason(adas_browser, web):
    page = adas_browser.post("/policies/new/", {name: value for name, value in BASE.items() if "pool" not in name})

    assert "at least one pool" in page.content.decode()


def test_a_policy_answers_a_name_and_stops(adas_browser, www, zone):
    given = {"zone": zone.pk, "name": "www", "type": ["A", "AAAA"]}
    assert adas_browser.post(f"/policies/{www.pk}/bind/", given).status_code == 302
    assert sorted(www.bindings.values_list("record_set__type", flat=True)) == ["A", "AAAA"]

    adas_browser.post(f"/policies/{www.pk}/bindings/{www.bindings.first().pk}/unbind/")
    assert www.bindings.count() == 1


def test_a_name_with_records_of_its_own_is_refused_beside_the_name(adas_browser, www, zone):
    bind(www, zone, "www")
    page = adas_browser.post(f"/policies/{www.pk}/bind/", {"zone": zone.pk, "name": "www", "type": ["A"]})

    assert list(page.context["form"].errors) == ["name"]


def test_steps_are_described_without_what_goes_without_saying():
    rules = [{"location": "country:DE", "regions": ["eu"], "pools": ["web"]}]
    fallback = {"action": "fallback", "pool": "web"}
    geo, fence = described_steps(
        [
            {"kind": "geo", "rules": rules, "default": "all", "if_empty": {"action": "bypass"}},
            {"kind": "fence", "allow": ["asn:1", "asn:2"], "deny": [], "if_empty": fallback},
        ]
    )

    assert geo.options == [("rules", "country:DE → eu, pool web"), ("default", "all")]
    assert fence.options == [("allow", "asn:1, asn:2"), ("if empty", "fallback pool web")]

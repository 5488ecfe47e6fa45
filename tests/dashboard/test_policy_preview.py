"""The preview beside a policy's form, and the templates that a new policy begins with."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Team
from dashboard.draft_preview import colours_of
from regions.models import Endpoint, Region
from snapshots.services import publish
from steering.models import Policy, Pool
from steering.policy_templates import TEMPLATES
from steering.services import Member, bind, save_policy, set_pool_members, steps_with_names
from zones.services import create_zone

TYPED = {"name": "www", "ttl_s": "30", "ttl_min_s": "5", "ecs": "always"}
GEO = {
    "pools-0-pool": "web",
    "steps-0-kind": "geo",
    "steps-0-rules-0-location": "country:US",
    "steps-0-rules-0-to": ["region:us"],
    "steps-0-default": ["region:eu"],
    "steps-0-if_empty": "bypass",
}
COUNT = "id_steps-0-count"
MOST_QUERIES = 80


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def web(ops, eu):
    """A pool of fra-9 in Europe and iad-9 in the United States; published."""
    us = Region.objects.create(team=ops, name="us", latitude=39, longitude=-77.5)
    places = [("fra-9", "192.0.2.9", eu), ("iad-9", "192.0.2.10", us)]
    endpoints = [Endpoint.objects.create(team=ops, name=name, region=at, ipv4=ip) for name, ip, at in places]
    pool = Pool.objects.create(team=ops, name="web")
    set_pool_members(pool, [Member(endpoint) for endpoint in endpoints])
    publish(timezone.now())
    return pool


@pytest.fixture
def www(ops, web):
    policy = save_policy(Policy(team=ops, name="www"), pools=[web], steps=[])
    bind(policy, create_zone(ops, "example.test."), "www", types=("A",))
    publish(timezone.now())
    return policy


def previewed(browser, typed, policy=None):
    url = f"/policies/{policy.pk}/preview/" if policy else "/policies/preview/"
    return browser.post(url, TYPED | typed)


def shares(page) -> dict[str, float]:
    return {row["endpoint"]: round(row["after"], 2) for row in page.context["shown"]["asked"]["endpoints"]}


def test_a_new_policy_is_previewed_and_nothing_is_saved(adas_browser, web):
    page = previewed(adas_browser, GEO | {"clients": "United States"})

    assert shares(page) == {"iad-9": 1.0}
    assert "It answers no name of type A yet" in page.content.decode()
    assert not Policy.objects.exists()


def test_an_edited_policy_is_shown_beside_what_is_served(adas_browser, www):
    page = previewed(adas_browser, GEO | {"clients": "23.0.0.7"}, www)

    assert shares(page) == {"iad-9": 1.0, "fra-9": 0.0}
    text = page.content.decode()
    assert "now 100 %" in text
    assert "matched country:US" in text
    assert not www.steps.exists()


def test_a_name_that_is_not_typed_yet_keeps_nobody_from_a_preview(adas_browser, web):
    assert previewed(adas_browser, GEO | {"name": ""}).context["shown"]
    assert previewed(adas_browser, GEO | {"name": "Not A Name"}).context["shown"]


def test_what_is_drawn_for_a_new_policy_is_the_same_at_every_pause_in_typing(adas_browser, web):
    drawn = {"pools-0-pool": "web", "steps-0-kind": "sticky", "clients": "91.0.0.0/16"}

    assert shares(previewed(adas_browser, drawn)) == shares(previewed(adas_browser, drawn | {"name": "other"}))


def test_the_map_says_whom_most_of_a_country_would_get(adas_browser, web):
    page = previewed(adas_browser, GEO)
    countries = {row["name"]: row for row in page.context["map"]["countries"]}

    assert countries["United States"]["served"] == ["iad-9 in us 100 %"]
    assert countries["Germany"]["served"] == ["fra-9 in eu 100 %"]
    assert countries["Germany"]["colour"] != countries["United States"]["colour"]


@pytest.mark.parametrize(
    ("typed", "place", "input_id"),
    [
        ({}, "", ""),
        ({"pools-0-pool": "web", "steps-0-kind": "first", "steps-0-count": "99"}, "Step 1, first · Count", COUNT),
        (GEO | {"steps-0-rules-0-location": "planet:x"}, "Step 1, geo, rule · Location", "id_steps-0-rules-0-location"),
        (GEO | {"ttl_min_s": "60"}, "Lowest TTL (s)", "id_ttl_min_s"),
    ],
)  # fmt: skip
def test_a_half_filled_draft_says_what_is_missing_with_a_link_to_it(adas_browser, web, typed, place, input_id):
    page = previewed(adas_browser, typed)

    assert page.status_code == 200
    [mistake] = page.context["mistakes"]
    assert (mistake.place, mistake.input_id) == (place, input_id)
    assert "Not ready to be tried yet" in page.content.decode()


def test_a_question_about_nobody_leaves_the_shares_standing(adas_browser, web):
    page = previewed(adas_browser, GEO | {"clients": "nobody"})

    assert "is no client" in page.content.decode()
    assert page.context["shown"]["asked"] is None
    assert page.context["shown"]["endpoints"]


def test_without_a_snapshot_the_preview_says_so(adas_browser, ops, eu):
    endpoint = Endpoint.objects.create(team=ops, name="fra-9", region=eu, ipv4="192.0.2.9")
    set_pool_members(Pool.objects.create(team=ops, name="web"), [Member(endpoint)])

    assert "No snapshot is published yet" in previewed(adas_browser, {"pools-0-pool": "web"}).content.decode()


def test_others_policies_and_pools_cannot_be_previewed(bobs_browser, www):
    assert previewed(bobs_browser, GEO, www).status_code == 404
    assert "There is no such pool" in previewed(bobs_browser, GEO).content.decode()


def test_more_endpoints_cost_a_preview_no_more_queries(adas_browser, www, web, ops, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_QUERIES) as few:
        previewed(adas_browser, GEO | {"clients": "DE"}, www)
    eu = Region.objects.get(name="eu")
    more = [Endpoint(team=ops, name=f"more-{number}", region=eu, ipv4=f"192.0.2.{number + 20}") for number in range(30)]
    set_pool_members(web, [Member(endpoint) for endpoint in Endpoint.objects.bulk_create(more)])
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert previewed(adas_browser, GEO | {"clients": "DE"}, www).context["shown"]


def test_without_scripts_a_button_draws_the_form_with_the_preview(adas_browser, web):
    page = adas_browser.post("/policies/new/", TYPED | GEO | {"draft": "preview", "clients": "US"})

    assert page.context["form"].rows["steps"][0].step_kind == "geo"
    assert shares(page) == {"iad-9": 1.0}


def test_more_endpoints_than_colours_are_coloured_by_their_region():
    rows = [{"endpoint": f"fra-{number}", "region": f"r{number % 2}", "after": 0.1} for number in range(9)]

    assert colours_of({"endpoints": rows}) == {"r0": 0, "r1": 1}


def test_a_new_policy_begins_with_a_choice_of_templates(adas_browser, web):
    page = adas_browser.get("/policies/new/").content.decode()

    for template in TEMPLATES:
        assert f'href="?template={template.slug}"' in page
        assert template.use in page


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.slug)
def test_a_template_is_saved_as_its_form_shows_it(adas_browser, web, template):
    form = adas_browser.get(f"/policies/new/?template={template.slug}").context["form"]
    sent = {row.add_prefix(field.name): field.value() for rows in form.rows.values() for row in rows for field in row}
    for row in form.rows["steps"]:
        sent |= {rule.add_prefix(field.name): field.value() for rule in row.rules for field in rule}
    answer = adas_browser.post("/policies/new/", TYPED | {name: value for name, value in sent.items() if value})

    assert answer.status_code == 302
    steps = steps_with_names(Policy.objects.get())
    assert [step["kind"] for step in steps] == [row.step_kind for row in form.rows["steps"]]
    assert sent["pools-0-pool"] == "web", "the only pool there is"


def test_a_blank_policy_has_no_step_yet(adas_browser, web):
    form = adas_browser.get("/policies/new/?template=blank").context["form"]

    assert form.rows["steps"] == []


def test_a_nested_policy_is_shown_with_its_own_chain_and_a_link(adas_browser, www, ops, web):
    other = save_policy(Policy(team=ops, name="europe"), pools=[web], steps=[{"kind": "healthy"}, {"kind": "sticky"}])
    steps = [{"kind": "use", "policy": "europe"}]
    save_policy(www, steps=steps)
    page = adas_browser.get(f"/policies/{www.pk}/edit/")

    [(row, nested)] = page.context["form"].step_rows
    assert (row.step_kind, [policy.name for policy in nested]) == ("use", ["europe"])
    assert f'href="/policies/{other.pk}/">Policy europe</a>' in page.content.decode()

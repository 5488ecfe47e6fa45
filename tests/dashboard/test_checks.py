"""Checks without a probe: their forms and their pages."""

from __future__ import annotations

import re

import pytest

from common.clock import database_time
from healthchecks.derived_models import Lease
from healthchecks.lease_clock import advance
from healthchecks.leases import report
from healthchecks.models import Check
from healthchecks.state import State

PUSH = {"name": "job", "enabled": "on", "kind": "push", "option_lease_s": "300", "option_grace_s": "60"}
EXTERNAL = {"name": "ops", "enabled": "on", "kind": "external", "option_on_expiry": "up"}
CALCULATED = {"name": "serves", "enabled": "on", "kind": "calculated", "option_expression": "job and not ops"}


@pytest.fixture
def declared(adas_browser, fra_1):
    """A check of each kind, each of fra-1."""
    for form in (PUSH, EXTERNAL, CALCULATED):
        response = adas_browser.post("/checks/new/", form | {"endpoints": [fra_1.pk]})
        assert response.status_code == 302, response.context["form"].errors
    return {check.name: check for check in Check.objects.all()}


def page_of(browser, check: Check) -> str:
    return browser.get(f"/checks/{check.pk}/").content.decode()


def test_a_form_asks_for_what_its_kind_goes_by_and_nothing_of_probes(adas_browser):
    form = adas_browser.post("/checks/new/", {"name": "job", "kind": "push", "draft": "kind"}).context["form"]

    assert [field.name for field in form.option_inputs] == ["option_lease_s", "option_grace_s"]
    assert not {"port", "interval_ms", "quorum", "vantages"} & set(form.fields)


def test_who_looks_at_another_kind_and_returns_finds_what_is_stored(adas_browser, fra_1, eu):
    check = Check.objects.create(team=eu.team, name="web", kind="http", rise=7)
    check.vantages.set([eu])
    for kind in ("push", "http"):
        form = adas_browser.post(f"/checks/{check.pk}/edit/", {"name": "web", "kind": kind, "draft": "kind"}).context[
            "form"
        ]

    assert (form["vantages"].value(), form["rise"].value()) == ([eu.pk], 7)


def test_what_is_declared_is_stored(declared):
    assert {name: check.options for name, check in declared.items()} == {
        "job": {"lease_s": 300, "grace_s": 60}, "ops": {"on_expiry": "up"}, "serves": {"expression": "job and not ops"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("form", "field", "message"),
    [
        (PUSH | {"option_lease_s": "1"}, "option_lease_s", "Input should be greater than or equal to 5."),
        (CALCULATED | {"option_expression": ""}, "option_expression", "This field is required."),
        (CALCULATED | {"option_expression": "job or"}, "option_expression",
         "The name of a check is missing at the end."),
        (CALCULATED | {"option_expression": "nobody"}, "option_expression", "There is no check nobody."),
        (EXTERNAL | {"option_on_expiry": "never"}, "option_on_expiry",
         "Select a valid choice. never is not one of the available choices."),
    ],
)  # fmt: skip
def test_a_check_is_refused_beside_the_input_that_is_wrong(adas_browser, form, field, message):
    response = adas_browser.post("/checks/new/", form)

    assert response.status_code == 422
    assert response.context["form"].errors[field] == [message]
    assert not Check.objects.exists()


def test_a_circle_is_named_at_the_expression(adas_browser, declared, fra_1):
    serves = declared["serves"]
    other = CALCULATED | {"name": "other", "option_expression": "serves", "endpoints": [fra_1.pk]}
    adas_browser.post("/checks/new/", other)
    changed = CALCULATED | {"option_expression": "job or other", "endpoints": [fra_1.pk]}
    response = adas_browser.post(f"/checks/{serves.pk}/edit/", changed)

    assert response.context["form"].errors["option_expression"] == [
        "A check cannot follow from itself: serves → other → serves. Take one of them out."
    ]
    serves.refresh_from_db()
    assert serves.options == {"expression": "job and not ops"}


def test_the_page_of_a_push_check_has_a_line_to_copy_and_says_how_the_lease_stands(adas_browser, client, declared):
    lease = Lease.objects.get(token__isnull=False)
    url = f"http://testserver/push/v1/{lease.token}"
    assert f"-o /dev/null {url}</code>" in page_of(adas_browser, declared["job"])
    assert client.get(url).status_code == 200
    page = page_of(adas_browser, declared["job"])
    assert "heartbeat" in page
    assert re.search(r"ends <time[^>]*>in 5 min<", page)


def test_the_page_says_when_leases_stand_still(adas_browser, declared):
    assert "leases stand still" in page_of(adas_browser, declared["job"])
    advance(database_time())
    assert "leases stand still" not in page_of(adas_browser, declared["job"])


def test_a_url_is_replaced(adas_browser, bobs_browser, declared):
    lease = Lease.objects.get(token__isnull=False)
    path = f"/checks/{declared['job'].pk}/push-url/{lease.pk}/"
    assert bobs_browser.post(path).status_code == 404
    assert adas_browser.get(path).status_code == 405
    page = adas_browser.post(path, follow=True).content.decode()

    assert "fra-1 has a new push URL" in page
    assert lease.token not in page


def test_the_page_of_a_calculated_check_draws_each_input_with_its_state(adas_browser, declared):
    report(str(Lease.objects.get(token__isnull=False).token), State.UP, "heartbeat", database_time())
    page = page_of(adas_browser, declared["serves"])

    assert '<span class="state up">job</span> and not <span class="state unknown">ops</span>' in page


def test_the_page_of_an_external_check_says_how_it_is_set(adas_browser, declared):
    page = page_of(adas_browser, declared["ops"])

    assert "/api/v1/checks/ops/endpoints/fra-1/state" in page
    assert "nothing yet" in page


def test_lists_and_endpoints_show_them(adas_browser, declared, fra_1):
    assert "CALCULATED" in adas_browser.get("/checks/").content.decode()
    page = adas_browser.get(f"/endpoints/{fra_1.pk}/").content.decode()
    assert "job and not ops: job unknown, ops unknown" in page


def test_what_another_check_follows_from_is_not_deleted(adas_browser, declared):
    page = adas_browser.post(f"/checks/{declared['job'].pk}/delete/").content.decode()

    assert "serves" in page
    assert Check.objects.filter(name="job").exists()

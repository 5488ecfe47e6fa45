"""Which checks watch a new endpoint, and which attach themselves."""

import json
import re
from pathlib import Path

import pytest

from healthchecks.models import Check, CheckTemplate, UncheckedEndpoint
from healthchecks.services import assign
from healthchecks.templates import DEFAULT_NAME

IAD = {"name": "iad-1", "region": "eu", "ipv4": "192.0.2.9"}
WEB = {"name": "web", "kind": "http"}


@pytest.fixture
def web(ops):
    return Check.objects.create(team=ops, name="web", kind="http")


def test_a_new_endpoint_gets_the_default_check_and_says_so(api, eu):
    created = api.post("/api/v1/endpoints/", IAD)

    assert (created.status_code, created.json()["checks"]) == (201, [DEFAULT_NAME])
    assert api.get(f"/api/v1/checks/{DEFAULT_NAME}").json()["endpoints"] == ["iad-1"]


def test_a_check_with_a_template_attaches_itself(api, eu):
    rule = {"reached_by": "addresses", "port": 443, "labels": {"tier": "gpu"}}
    checked = api.post("/api/v1/checks/", WEB | {"template": rule})
    assert (checked.status_code, checked.json()["template"]) == (201, rule)

    assert api.put("/api/v1/endpoints/iad-1", IAD | {"labels": {"tier": "gpu"}}).json()["checks"] == ["web"]
    assert api.put("/api/v1/endpoints/iad-2", IAD | {"name": "iad-2"}).json()["checks"] == [DEFAULT_NAME]


def test_a_template_holds_for_all_by_default_and_is_taken_away_by_null(api):
    api.post("/api/v1/checks/", WEB | {"template": {}})
    assert CheckTemplate.objects.get().reached_by == "any"
    assert api.patch("/api/v1/checks/web", {"rise": 3}).json()["template"] is not None
    assert api.patch("/api/v1/checks/web", {"template": None}).json()["template"] is None
    assert not CheckTemplate.objects.exists()


def test_a_check_that_is_replaced_without_its_template_has_none(api):
    api.post("/api/v1/checks/", WEB | {"template": {}})
    assert api.put("/api/v1/checks/web", WEB).json()["template"] is None


def test_a_template_that_makes_no_sense_is_refused_by_its_field(api):
    for template, field in (
        ({"port": 0}, "port"),
        ({"reached_by": "ipv7"}, "reached_by"),
        ({"labels": {"tier": 1}}, "labels"),
        ({"kind": "http"}, "kind"),
    ):
        refused = api.post("/api/v1/checks/", WEB | {"template": template})
        assert refused.status_code == 400
        assert field in str(refused.json()["errors"])
    assert not Check.objects.exists()


def test_checks_can_be_chosen_instead(api, eu, web):
    assert api.post("/api/v1/endpoints/", IAD | {"checks": ["web"]}).json()["checks"] == ["web"]
    refused = api.patch("/api/v1/endpoints/iad-1", {"checks": ["wob"]})
    assert refused.status_code == 400
    assert "There is no check named wob." in str(refused.json())


def test_none_can_be_chosen_and_stays_chosen(api, eu):
    assert api.post("/api/v1/endpoints/", IAD | {"checks": []}).json()["checks"] == []
    assert api.put("/api/v1/endpoints/iad-1", IAD).json()["checks"] == []
    assert UncheckedEndpoint.objects.count() == 1


def test_an_endpoint_that_nobody_chose_a_check_for_says_so(api, fra_1):
    assert api.get("/api/v1/endpoints/fra-1").json()["checks"] is None
    assert api.patch("/api/v1/endpoints/fra-1", {"weight": 3}).json()["checks"] is None


def test_a_change_of_an_endpoint_leaves_its_checks(api, fra_1, web):
    assign(web, [fra_1])
    assert api.patch("/api/v1/endpoints/fra-1", {"port": 8443}).json()["checks"] == ["web"]
    body = {"name": "fra-1", "region": "eu", "ipv4": "192.0.2.1"}
    assert api.put("/api/v1/endpoints/fra-1", body).json()["checks"] == ["web"]


def test_checks_of_another_team_cannot_be_chosen(api, eu, rivals):
    Check.objects.create(team=rivals, name="theirs", kind="tcp")
    assert api.post("/api/v1/endpoints/", IAD | {"checks": ["theirs"]}).status_code == 400


def test_an_endpoint_that_is_refused_makes_no_default_check(api, eu):
    assert api.post("/api/v1/endpoints/", IAD | {"port": 0}).status_code == 400
    assert not Check.objects.exists()


def test_the_template_of_the_documentation_is_accepted(api):
    text = (Path(__file__).parents[2] / "docs" / "healthchecks.md").read_text()
    [example] = [found for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL) if "reached_by" in found]
    assert api.post("/api/v1/checks/", WEB | {"template": json.loads(example)}).status_code == 201

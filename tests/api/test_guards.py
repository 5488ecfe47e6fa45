"""Forced states, vantages and alarms over the API."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from common.clock import database_time
from healthchecks.guard_models import Alarm, ForcedState, VantageHealth
from healthchecks.punctuality import Punctuality
from healthchecks.services import heartbeat
from healthchecks.watch import watch_vantages
from regions.models import Region

FORCED = "/api/v1/endpoints/fra-1/forced"
DOCUMENTED = Path(__file__).parents[2] / "docs" / "healthchecks.md"


def test_an_endpoint_is_forced_shown_and_released(api, fra_1):
    assert api.get(FORCED).status_code == 404

    answer = api.put(FORCED, {"state": "down", "reason": "disk is full", "lifetime": 3600})
    assert answer.status_code == 200, answer.data
    assert (answer.data["state"], answer.data["author"], answer.data["ended"]) == ("down", "ada", None)
    forced = ForcedState.objects.get()
    assert forced.until == forced.since + timedelta(hours=1)

    [health] = api.get("/api/v1/health").data["results"]
    assert health["forced"]["reason"] == "disk is full"
    assert [(one["state"], one["believed"], one["checked"]) for one in health["states"]] == [("down", "up", False)]
    status = api.get("/api/v1/status").data
    assert [row["endpoint"] for row in status["forced"]] == ["fra-1"]
    assert [row["endpoint"] for row in status["not_up"]] == ["fra-1"]
    [transition] = api.get("/api/v1/transitions?endpoint=fra-1").data["results"]
    assert transition["cause"] == "forced down by ada: disk is full"

    assert api.delete(FORCED).status_code == 204
    assert api.delete(FORCED).status_code == 404
    history = api.get("/api/v1/forced?endpoint=fra-1").data["results"]
    assert [(row["state"], row["ended_by"]) for row in history] == [("down", "ada")]
    assert api.get("/api/v1/forced?active=true").data["results"] == []


def test_what_is_forced_goes_by_the_clock_that_ends_it(api, fra_1, monkeypatch):
    """And not by that of a web process, which may be wrong: workers look after it by the database's."""
    wrong = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    before = database_time()
    api.put(FORCED, {"state": "down", "reason": "disk is full", "lifetime": 3600})
    assert before <= ForcedState.objects.get().since <= database_time()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "sideways", "reason": "why"}, "state"),
        ({"state": "down"}, "reason"),
        ({"state": "down", "reason": " "}, "reason"),
        ({"state": "down", "reason": "why", "lifetime": 0}, "lifetime"),
        ({"state": "down", "reason": "why", "author": "eve"}, "author"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(api, fra_1, body, field):
    answer = api.put(FORCED, body)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not ForcedState.objects.exists()


def test_another_teams_endpoint_cannot_be_forced(rival_api, fra_1):
    assert rival_api.put(FORCED, {"state": "down", "reason": "sabotage"}).status_code == 404


def test_vantages_say_how_they_are(api, eu, ops):
    Region.objects.create(team=ops, name="us", latitude=39, longitude=-77)
    heartbeat("eu", targets=7, punctual=Punctuality(4000, 90, 3), now=timezone.now())
    watch_vantages(timezone.now())

    shown = {row["name"]: row for row in api.get("/api/v1/vantages").data}
    assert (shown["eu"]["condition"], shown["eu"]["well"], shown["eu"]["lag_ms"]) == ("overloaded", False, 4000)
    assert (shown["eu"]["left_out"], shown["us"]["left_out"]) == (3, None)
    assert (shown["us"]["condition"], shown["us"]["well"], shown["us"]["beat"]) == (None, True, None)
    [alarm] = api.get("/api/v1/alarms?active=true&kind=vantage_not_well").data["results"]
    assert (alarm["subject"], alarm["over"]) == ("vantage eu", False)
    assert [row["subject"] for row in api.get("/api/v1/status").data["alarms"]] == ["vantage eu"]


def test_metrics_say_it_too(api, eu):
    heartbeat("eu", targets=7, punctual=Punctuality(4000, 90, 3), now=timezone.now())
    watch_vantages(timezone.now())

    page = api.get("/metrics").content.decode()
    assert 'trafficmgr_vantage_well{vantage="eu"} 0.0' in page
    assert 'trafficmgr_vantage_lag_seconds{vantage="eu"} 4.0' in page
    assert 'trafficmgr_vantage_probes_left_out{vantage="eu"} 3.0' in page
    assert 'trafficmgr_alarms{kind="vantage_not_well"} 1.0' in page
    assert 'trafficmgr_alarms{kind="mass_failure"} 0.0' in page


def test_an_alarm_is_acknowledged_once_and_not_by_strangers(api, rival_api, ops):
    alarm = Alarm.objects.create(
        kind="quorum_lost", team=ops, subject_id=1, subject="check web", detail="why", since=timezone.now()
    )
    url = f"/api/v1/alarms/{alarm.pk}/acknowledge"

    assert rival_api.post(url).status_code == 404
    answer = api.post(url)
    assert (answer.status_code, answer.data["acknowledged_by"]) == (200, "ada")
    assert api.post(url).data["acknowledged_at"] == answer.data["acknowledged_at"]
    Alarm.objects.update(until=timezone.now())
    assert api.post(url).status_code == 404
    assert not VantageHealth.objects.exists()
    assert api.post("/api/v1/alarms/web/acknowledge").status_code == 404


def test_a_pool_says_what_a_mass_failure_is(api):
    body = {"name": "web", "on_mass_failure": "follow", "max_down_percent": 30, "brake_window_s": 10}
    answer = api.post("/api/v1/pools", body)
    assert answer.status_code == 201, answer.data
    assert (answer.data["max_down_percent"], answer.data["brake_hold_s"]) == (30, 300)

    refused = api.post("/api/v1/pools", {"name": "db", "on_mass_failure": "panic", "max_down_percent": 0})
    assert {error["field"] for error in refused.json()["errors"]} == {"on_mass_failure", "max_down_percent"}


def test_a_check_says_how_much_flapping_it_bears(api, eu):
    body = {"name": "web", "kind": "http", "damping_half_life_s": 60}
    assert api.post("/api/v1/checks", body).status_code == 201
    refused = api.patch("/api/v1/checks/web", {"damping_reuse": 4})
    assert refused.status_code == 400
    refused = api.patch("/api/v1/checks/web", {"damping_max_s": 60})
    assert [error["field"] for error in refused.json()["errors"]] == ["damping_max_s"]


def test_the_examples_of_the_documentation_are_accepted(api, eu, fra_1):
    examples = map(json.loads, re.findall(r"```json\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL))
    _template, damping, forced = examples

    assert api.post("/api/v1/checks", {"name": "web", "kind": "http", **damping}).status_code == 201
    assert api.put(FORCED, forced).status_code == 200

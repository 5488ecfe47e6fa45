"""The page of health, and the form that forces what edges are told of an endpoint."""

from __future__ import annotations

import pytest
from django.utils import timezone

from healthchecks.guard_models import Alarm, ForcedState
from healthchecks.services import heartbeat
from healthchecks.watch import watch_vantages


def test_an_endpoint_is_forced_and_released(adas_browser, fra_1):
    url = f"/endpoints/{fra_1.pk}/force/"
    page = adas_browser.post(url, {"state": "down", "reason": "disk is full", "minutes": "90"}, follow=True)

    assert "Forced down by ada: disk is full." in page.content.decode()
    forced = ForcedState.objects.get()
    assert forced.until is not None
    assert (forced.until - forced.since).total_seconds() == 90 * 60
    assert "disk is full" in adas_browser.get("/health/").content.decode()
    assert "What you force now takes its place" in adas_browser.get(url).content.decode()

    page = adas_browser.post(f"{url}delete/", follow=True).content.decode()
    assert "Nothing is forced of fra-1 any more" in page
    assert ForcedState.objects.get().ended_by == "ada"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"state": "sideways", "reason": "why"}, "state"),
        ({"state": "down", "reason": " "}, "reason"),
        ({"state": "down", "reason": "why", "minutes": "0"}, "minutes"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(adas_browser, fra_1, sent, field):
    response = adas_browser.post(f"/endpoints/{fra_1.pk}/force/", sent)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not ForcedState.objects.exists()


def test_alarms_are_shown_on_the_overview_and_acknowledged(carols_browser, demo):
    heartbeat("eu", targets=7, lag_ms=4000, now=timezone.now())
    watch_vantages(timezone.now())

    assert "Vantage eu: vantage not well." in carols_browser.get("/").content.decode()
    page = carols_browser.get("/health/").content.decode()
    assert "its probes begin 4000 ms late" in page
    assert "Never heard of" in page, "of the other vantages"

    alarm = Alarm.objects.get()
    page = carols_browser.post(f"/health/alarms/{alarm.pk}/acknowledge/", follow=True).content.decode()
    assert "looks after it" in page
    page = carols_browser.post(f"/health/alarms/{alarm.pk}/acknowledge/", follow=True).content.decode()
    assert "someone looks after it already" in page


def test_alarms_of_others_are_not_shown(adas_browser, demo):
    alarm = Alarm.objects.create(
        kind="quorum_lost", team=demo, subject_id=1, subject="check demo-http", since=timezone.now()
    )

    assert "check demo-http" not in adas_browser.get("/health/").content.decode().lower()
    assert adas_browser.post(f"/health/alarms/{alarm.pk}/acknowledge/").status_code == 404

"""The page of health, and the form that forces what edges are told of an endpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from healthchecks.guard_models import Alarm, ForcedState
from healthchecks.history.models import MinuteOutcomes
from healthchecks.history.partitions import keep_partitions
from healthchecks.history.sketch import bucket_of
from healthchecks.models import Assignment, Check
from healthchecks.punctuality import Punctuality
from healthchecks.services import VantageChange, assign, force, heartbeat, record_vantage_changes
from healthchecks.state import State
from healthchecks.watch import watch_vantages
from regions.models import Endpoint, Region
from snapshots.brake.alarms import watch_held
from snapshots.models import Refusal
from snapshots.services import publish
from zones.models import Zone


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
    heartbeat("eu", targets=7, punctual=Punctuality(4000), now=timezone.now())
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


def test_what_is_held_is_an_alarm_on_the_overview_and_among_the_others_with_the_way_to_release_it(adas_browser, ops):
    zone = Zone.objects.create(team=ops, origin="demo.test.")
    held = Refusal.objects.create(
        part=f"zone {zone.origin}", reason="The change deletes 4 of 12.", candidate="", held="key", since=timezone.now()
    )
    watch_held(timezone.now())

    for path in ("/", "/health/"):
        page = adas_browser.get(path).content.decode()
        assert "Zone demo.test.: publication held" in page
        assert page.count("The change deletes 4 of 12") == 1
        assert f'href="{reverse("snapshots-release", args=[held.pk])}"' in page


def test_what_a_vantage_left_out_is_shown(carols_browser, demo):
    heartbeat("eu", targets=7, punctual=Punctuality(40, 9, 23), now=timezone.now())

    assert '<span class="state degraded">23</span>' in carols_browser.get("/health/").content.decode()


def test_alarms_of_others_are_not_shown(adas_browser, demo):
    alarm = Alarm.objects.create(
        kind="quorum_lost", team=demo, subject_id=1, subject="check demo-http", since=timezone.now()
    )

    assert "check demo-http" not in adas_browser.get("/health/").content.decode().lower()
    assert adas_browser.post(f"/health/alarms/{alarm.pk}/acknowledge/").status_code == 404


def test_the_matrix_has_those_first_that_fail_and_what_each_vantage_believes(carols_browser, demo):
    believe("sin-2", eu="down", us="down", asia="up")
    page = carols_browser.get("/health/")
    first = page.context["matrix"].rows[0]

    assert page.context["matrix"].vantages == ["asia", "eu", "us"]
    assert (first.standing.endpoint.name, first.standing.state) == ("sin-2", "down")
    assert [cell.state for cell in first.cells] == ["up", "down", "down"]
    assert [stay.state for stay in first.strip][-1] == "down"
    assert "connection refused" in page.content.decode()
    assert page.context["matrix"].counts == {"down": 1, "unknown": 5}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "sin"}, ["sin-1", "sin-2"]),
        ({"state": "unchecked"}, []),
        ({"region": "us"}, ["iad-1", "iad-2"]),
        ({"pool": "split", "region": "eu"}, ["fra-2"]),
        ({"state": "forced"}, ["iad-1"]),
        ({"state": "nonsense", "q": "fra-1"}, ["fra-1"]),
    ],
)
def test_the_matrix_is_filtered(carols_browser, demo, query, names):
    force(Endpoint.objects.get(name="iad-1"), "drain", "disk", "carol", timezone.now())
    rows = carols_browser.get("/health/", query).context["matrix"].rows

    assert [row.standing.endpoint.name for row in rows] == names


def test_the_latencies_that_a_vantage_saw_are_a_line_with_gaps(carols_browser, demo):
    now = timezone.now()
    vantage, assignment = Region.objects.get(name="eu"), Assignment.objects.get(endpoint__name="fra-1")
    for ago_min in (2, 42):
        minute = now.replace(second=0, microsecond=0) - timedelta(minutes=ago_min)
        kept = {"assignment_id": assignment.pk, "vantage_id": vantage.pk, "family": 4, "minute": minute, "writer": 1}
        keep_partitions(minute)
        MinuteOutcomes.objects.create(**kept, probes=2, failures=0, buckets=[bucket_of(20.0)], counts=[2])
    [row] = carols_browser.get("/health/", {"q": "fra-1"}).context["matrix"].rows
    seen = row.cells[1].p50s_ms

    assert sum(value is not None for value in seen) == 2
    assert row.cells[1].last_ms == pytest.approx(20, rel=0.1)


def test_ten_times_the_endpoints_ask_no_more_of_the_database(carols_browser, demo, django_assert_max_num_queries):
    believe("sin-2", eu="down", us="down", asia="up")
    with django_assert_max_num_queries(32) as few:
        carols_browser.get("/health/")
    region, check = Region.objects.get(name="eu"), Check.objects.get(name="demo-http")
    many = [Endpoint(team=demo, name=f"many-{n}", region=region, ipv4="192.0.2.1") for n in range(60)]
    assign(check, Endpoint.objects.bulk_create(many), timezone.now())
    with django_assert_max_num_queries(len(few.captured_queries)):
        page = carols_browser.get("/health/")

    assert len(page.context["matrix"].rows) == 25


def test_the_clock_of_what_drains_is_on_its_page_and_on_that_of_health(carols_browser, demo):
    fra_1 = Endpoint.objects.get(name="fra-1")
    force(fra_1, "drain", "disk", "carol", timezone.now())
    shown = [carols_browser.get(url).content.decode() for url in ("/health/", f"/endpoints/{fra_1.pk}/")]

    for page in shown:
        assert "Not published yet" in page
        assert "0 in the last minute" in page
    publish(datetime.now(UTC))
    assert "Safe to switch off in 0:" in carols_browser.get("/health/").content.decode()


def believe(endpoint: str, **states: str) -> None:
    """Have vantages believe it of an endpoint of the demo."""
    assignment, now = Assignment.objects.get(endpoint__name=endpoint), timezone.now()
    vantages = {region.name: region.pk for region in Region.objects.all()}
    causes = {"up": "status 200", "down": "connection refused"}
    changes = [
        VantageChange(assignment.pk, 4, vantages[name], State(state), causes[state], now)
        for name, state in states.items()
    ]
    record_vantage_changes(changes, now)

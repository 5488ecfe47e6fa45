"""What probes saw of an endpoint, over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthchecks.history.minute_log import MinuteLog
from healthchecks.history.partitions import keep_partitions
from healthchecks.history.resolution import MOST_POINTS
from healthchecks.history.storing import store_minutes
from healthchecks.models import Check
from healthchecks.probes import Outcome
from healthchecks.services import assign

URL = "/api/v1/endpoints/fra-1/history"


@pytest.fixture
def seen(ops, eu, fra_1):
    """A probe that took 20 ms and one that failed, ten minutes ago, under the check `web`."""
    now = datetime.now(UTC)
    keep_partitions(now)
    check = Check.objects.create(team=ops, name="web", kind="http")
    assign(check, [fra_1])
    log, moment = MinuteLog(), (now - timedelta(minutes=10)).timestamp()
    for outcome in (Outcome(True, "status 200", 20.0), Outcome(False, "refused", 1.0)):
        log.note((check.assignments.get().pk, 4, eu.pk), outcome, moment)
    store_minutes(1, log.ended(moment + 60))


def test_history_is_read_by_check_family_and_vantage(api, seen):
    answer = api.get(URL).json()

    assert answer["step_s"] == 60
    (series,) = answer["series"]
    assert (series["check_name"], series["family"], series["vantage"]) == ("web", 4, "eu")
    (point,) = series["points"]
    assert (point["probes"], point["failures"], point["availability"]) == (2, 1, 0.5)
    assert point["p50_ms"] == pytest.approx(20, rel=0.05)
    assert series["whole"] == {name: value for name, value in point.items() if name != "at"}


def test_it_is_of_one_check_and_one_vantage_where_asked(api, seen, refused):
    assert len(api.get(URL, {"check": "web", "vantage": "eu"}).json()["series"]) == 1
    assert refused(api.get(URL, {"check": "none"}), 400)["errors"][0]["field"] == "check"
    assert refused(api.get(URL, {"vantage": "none"}), 400)["errors"][0]["field"] == "vantage"


def test_a_long_stretch_is_bounded(api, seen):
    begin = (datetime.now(UTC) - timedelta(days=365)).isoformat()
    answer = api.get(URL, {"from": begin}).json()

    assert 365 * 86400 / answer["step_s"] <= MOST_POINTS


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-21T12:00:00Z", "to": "2026-11-21T12:00:00Z"}, "from"),
        ({"from": "2001-01-01T00:00:00Z", "to": "2026-11-21T12:00:00Z"}, "from"),
        ({"to": "1970-01-01T00:00:00Z"}, "to"),
    ],
)
def test_a_stretch_that_cannot_be_shown_is_refused(api, fra_1, refused, query, field):
    assert [error["field"] for error in refused(api.get(URL, query), 400)["errors"]] == [field]


def test_history_of_other_teams_is_not_there(rival_api, seen, refused):
    refused(rival_api.get(URL), 404)

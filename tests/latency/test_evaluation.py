"""What turns leave behind by which they are judged: comparisons, coverage, and alarms that are read from them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from latency.calibration import ENOUGH
from latency.evaluation import KEPT, answered_from_measured, calibration, covered_countries, drifting, forget
from latency.models import LatencyCalibration, LatencyCoverage
from regions.models import EdgeNode, Site
from telemetry.models import QueryCount
from tests.latency.test_turns import NOW, OFFICE, measure, turn

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(minutes=5)


def test_each_turn_is_compared_with_what_was_predicted_before_it(paris, tokyo):
    measure(paris, 21.5)
    measure(tokyo, 300.0, client=OFFICE)
    turn()
    measure(paris, 43.0, at=NOW + timedelta(seconds=5))
    turn(5)

    found = calibration(NOW - HOUR, LATER)
    assert (found.all.count, found.regions[paris.region_id].count) == (3, 2)
    assert 0.2 < found.regions[paris.region_id].bias < 0.5  # as predicted, and then twice as slow
    assert len(found.deciles) == 10
    assert set(LatencyCalibration.objects.values_list("country", flat=True)) == {"FR"}


def test_a_region_that_is_no_longer_as_predicted_is_an_alarm_until_the_hour_is_over(paris, tokyo):
    measure(paris, 21.5)
    turn()
    row = LatencyCalibration.objects.get()
    assert drifting(LATER) == []
    for region, ratio_log in ((paris.region_id, 0), (tokyo.region_id, 300)):
        sums = {"count": ENOUGH, "ratio_log": ratio_log * ENOUGH, "ratio_log_square": ratio_log**2 * ENOUGH}
        LatencyCalibration.objects.create(
            bucket=row.bucket, region_id=region, country="", bin=1, predicted_log=0, ratio_log_absolute=0, error_us=0,
            newest=NOW, **sums,
        )  # fmt: skip

    assert [(drift.region_id, drift.kind) for drift in drifting(LATER) if drift.value > 0] == [
        (tokyo.region_id, "bias")
    ]
    assert drifting(LATER + HOUR) == []


def test_coverage_is_told_of_where_clients_ask_from(paris, tokyo, ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    node = EdgeNode.objects.create(team=ops, site=site, name="local", token_digest="x")
    for country, count in (("FR", 30), ("US", 10)):
        QueryCount.objects.create(
            bucket=NOW, node=node, policy_id=1, endpoint_id=1, country=country, rcode=0, count=count
        )
    measure(paris, 21.5)
    measure(tokyo, 300.0, client=OFFICE)
    turn()

    french, american = covered_countries(LATER)
    assert (french.country, french.answers, french.clients, french.samples, french.youngest) == ("FR", 30, 2, 2, NOW)
    to_paris, to_tokyo = french.regions
    assert (to_paris.own, to_paris.network, to_paris.served, to_tokyo.own) == (1, 1, 2, 1)
    assert (american.country, american.answers, american.clients, american.regions) == ("US", 10, 0, [])
    assert answered_from_measured([french, american]) == 0.75
    assert answered_from_measured([]) is None


def test_coverage_is_that_of_the_newest_full_map(paris, tokyo):
    measure(paris, 21.5)
    turn()
    measure(tokyo, 300.0, at=NOW + timedelta(seconds=5))
    turn(5)
    assert not LatencyCoverage.objects.filter(region_id=tokyo.region_id, own=1).exists()
    measure(tokyo, 300.0, at=NOW + timedelta(seconds=601))
    turn(601)

    assert LatencyCoverage.objects.get(region_id=tokyo.region_id).own == 1


def test_comparisons_go_after_a_day(paris):
    measure(paris, 21.5)
    turn()

    assert forget(NOW + KEPT - HOUR) == 0
    assert forget(NOW + KEPT + HOUR) == 1

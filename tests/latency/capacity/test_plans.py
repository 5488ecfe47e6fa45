"""Plans over a real database: who is moved when a region is full, that edges hear of it, and that it repeats."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team
from healthchecks.services import LoadReport, report_load
from latency.capacity.fairness_reports import report_fairness
from latency.capacity.forecast import AHEAD, DAY, SMOOTHED, STEP_S
from latency.capacity.models import CapacityPlan, RegionDemand
from latency.capacity.services import KEPT, LAPSE, Limits, plan
from latency.capacity.solver import SolverError
from latency.history import memory
from latency.intake import Location
from latency.keys import key_of
from latency.models import LatencyMap
from latency.services import learn, learner_at
from latency.table import encoded
from regions.models import AdminState, EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from telemetry.buckets import bucket_of
from telemetry.models import QueryCount
from telemetry.rum.judging import Judged, Observation
from telemetry.rum.services import record
from tests.latency.map_reader import decoded

NOW = datetime(2026, 11, 25, 8, 0, 7, tzinfo=UTC)
HOMES = [f"203.0.{number}.0" for number in range(40)]
POLICY = 7
AT_ONCE = Limits(most_moved=1.0)
IDENTITIES = itertools.count(1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_learned():
    memory.drop()


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def paris(ops):
    return endpoint_of(ops, "paris", 48.9, 2.4)


@pytest.fixture
def london(ops):
    return endpoint_of(ops, "london", 51.5, -0.1)


@pytest.fixture
def edge(ops):
    node = EdgeNode(team=ops, name="edge", site=Site.objects.create(team=ops, name="site", latitude=0, longitude=0))
    create_node_token(node)
    return node


def endpoint_of(team: Team, name: str, latitude: float, longitude: float) -> Endpoint:
    region = Region.objects.create(team=team, name=name, latitude=latitude, longitude=longitude)
    return Endpoint.objects.create(team=team, name=name, region=region, ipv4="192.0.2.1", capacity=1000)


def in_lyon(networks: Sequence[str]) -> list[Location]:
    return [Location(64500, "FR", 45.8, 4.8) for _network in networks]


def measure(paris: Endpoint, london: Endpoint, at: datetime = NOW) -> None:
    """Everyone prefers Paris; the further down in HOMES, the more they lose by going to London."""
    window_s = int(at.timestamp()) // 10 * 10
    rtts_ms = [(paris, client, 20.0) for client in HOMES]
    rtts_ms += [(london, client, 28.0 + number) for number, client in enumerate(HOMES)]
    seen = [
        Observation(window_s, next(IDENTITIES), window_s, client, endpoint.id, rtt_ms)
        for endpoint, client, rtt_ms in rtts_ms
    ]
    assert record(Judged(seen), at).accepted == len(seen)


def answer(edge: EdgeNode, endpoint: Endpoint, count: int, at: datetime = NOW, country: str = "FR") -> None:
    """Answers of the minute before a moment."""
    bucket = bucket_of(at) - timedelta(seconds=20)
    QueryCount.objects.create(
        bucket=bucket, node=edge, policy_id=POLICY, endpoint_id=endpoint.id, country=country, rcode=0, count=count
    )


def loaded(endpoint: Endpoint, current: float, at: datetime = NOW, max_age_s: int = 600) -> None:
    report_load(endpoint, LoadReport(current, max_age_s=max_age_s), at)


def turn(seconds: float = 0) -> int | None:
    return learn(NOW + timedelta(seconds=seconds), in_lyon)


def planned(seconds: float = 1, limits: Limits = AT_ONCE) -> CapacityPlan | None:
    return plan(NOW + timedelta(seconds=seconds), [POLICY], limits)


def in_london(london: Endpoint) -> list[int]:
    """Who is served there by the newest full state, as places in HOMES."""
    whole = decoded(encoded(memory.learner.message(99, 0)))
    column = whole.regions.index(london.region_id)
    return [n for n, home in enumerate(HOMES) if whole.ipv4[key_of(f"{home}/24")].order[0] == column]


@pytest.fixture
def crowd(paris, london, edge):
    """Paris is asked for 1.4 times what it can, London for a tenth."""
    measure(paris, london)
    turn()
    answer(edge, paris, 3000)
    loaded(paris, 1400)
    loaded(london, 100)


def test_a_plan_is_in_force_though_nobody_can_say_what_a_lost_region_would_bring(crowd, monkeypatch):
    def lost(*_: object) -> None:
        raise SolverError("Time limit reached")

    monkeypatch.setattr("latency.capacity.services.lost", lost)

    made = planned()

    assert made is not None
    assert (made.losses, made.losses_made) == ([], None)
    assert made.away > 0
    monkeypatch.undo()
    assert planned(61).losses_made == NOW + timedelta(seconds=61)


def test_where_nobody_is_known_or_nothing_can_serve_there_is_no_plan_or_an_empty_one(paris, london, edge):
    loaded(paris, 1400)
    assert planned() is None
    measure(paris, london)
    turn()
    Endpoint.objects.update(admin_state=AdminState.DISABLED)
    assert planned() is None
    assert report_fairness(NOW) is not None
    Endpoint.objects.update(admin_state=AdminState.ENABLED)
    london.delete()
    assert turn(5) == 2
    alone = planned(6)
    assert (alone.away, alone.losses) == (0, [])
    week_s = 8 * 86_400
    measure_nothing_for(week_s)
    loaded(paris, 1400, at=NOW + timedelta(seconds=week_s))
    nobody = planned(week_s + 1)
    assert (nobody.away, nobody.movable_per_s) == (0, 0)
    assert report_fairness(NOW + timedelta(seconds=week_s)) is None


def measure_nothing_for(seconds: int) -> None:
    """A full turn, after which nobody is known any more."""
    Region.objects.update(latitude=49.0)
    assert turn(seconds) is not None
    assert len(memory.learner.first_regions()[0]) == 0


def test_nobody_moves_where_no_region_says_how_loaded_it_is(paris, london, edge):
    measure(paris, london)
    turn()
    answer(edge, paris, 3000)

    assert planned() is None
    assert turn(5) is None


def test_a_full_region_gives_away_those_who_lose_least_and_edges_hear_of_them_alone(crowd, paris, london):
    made = planned()

    assert made.status == "within"
    assert made.regions[0]["load_before"] == pytest.approx(1.4, abs=0.01)
    assert made.regions[0]["load_after"] == pytest.approx(0.8, abs=0.01)
    assert made.regions[1]["load_after"] < 0.95
    assert turn(5) == 2
    moved = in_london(london)
    assert moved == list(range(len(moved)))
    assert len(moved) / len(HOMES) == pytest.approx(made.away, abs=0.05)
    delta = decoded(bytes(LatencyMap.objects.get(sequence=2).content))
    assert set(delta.ipv4) == {key_of(f"{HOMES[number]}/24") for number in moved}
    assert turn(10) is None


def test_no_more_move_at_once_than_may_and_the_next_plan_goes_on(crowd, paris, london, edge):
    moved = [planned(minute * 60 + 1, Limits(most_moved=0.1)) for minute in range(3)]

    assert [made.moved for made in moved] == pytest.approx([0.1, 0.1, 0.1], abs=0.01)
    assert [made.away for made in moved] == pytest.approx([0.1, 0.2, 0.3], abs=0.02)
    assert all(made.is_held_back and made.status == "overloaded" for made in moved)


def test_when_the_crowd_has_gone_everyone_comes_back(crowd, paris, london, edge):
    planned()
    turn(5)
    assert in_london(london)
    later = NOW + timedelta(seconds=400)
    answer(edge, paris, 300, later)
    loaded(paris, 160, later)
    loaded(london, 100, later)

    made = planned(401)
    turn(405)

    assert made.away == 0
    assert in_london(london) == []


def test_a_plan_that_nothing_follows_lapses(crowd, london):
    planned()
    turn(5)
    assert in_london(london)

    turn(LAPSE.total_seconds() + 5)

    assert in_london(london) == []


def test_what_the_plan_did_is_done_again_to_the_octet_when_turns_are_replayed(crowd, london):
    planned()
    turn(5)
    known = encoded(memory.learner.message(7, 0))

    assert encoded(learner_at(NOW + timedelta(seconds=6)).message(7, 0)) == known
    memory.drop()
    assert turn(7) is None
    assert encoded(memory.learner.message(7, 0)) == known


def test_a_region_that_is_down_or_draining_takes_in_nobody(crowd, london, ops):
    tokyo = endpoint_of(ops, "tokyo", 35.7, 139.7)
    Endpoint.objects.filter(pk=london.pk).update(admin_state="draining")
    loaded(tokyo, 0)
    turn(1)

    made = planned(2)

    by_region = {report["region"]: report for report in made.regions}
    assert not by_region[london.region_id]["is_open"]
    assert by_region[london.region_id]["after_per_s"] == by_region[london.region_id]["fixed_per_s"]
    assert by_region[tokyo.region_id]["after_per_s"] > 0


def test_costs_count_as_far_as_the_operator_says(paris, london, edge):
    Endpoint.objects.filter(pk=paris.pk).update(cost=2.0)
    measure(paris, london)
    turn()
    answer(edge, paris, 3000)
    loaded(paris, 200)
    loaded(london, 10)

    assert planned(1, Limits(1.0, cost_ms=0.0)).away == 0
    assert planned(2, Limits(1.0, cost_ms=100.0)).away > 0.5


def test_the_loss_of_each_region_says_who_would_be_above_its_target(crowd, paris, london):
    losses = {loss["region"]: loss for loss in planned().losses}

    assert set(losses) == {paris.region_id, london.region_id}
    (overload,) = losses[paris.region_id]["overloads"]
    assert overload["region"] == london.region_id
    assert overload["load_at_once"] == pytest.approx(1.5, rel=0.1)
    assert losses[paris.region_id]["cost_at_once_ms"] > losses[london.region_id]["cost_at_once_ms"]


def test_a_loss_is_looked_at_less_often_than_plans_are_made(crowd):
    made = [planned(second).losses_made for second in (1, 61, 302)]

    assert made == [NOW + timedelta(seconds=second) for second in (1, 1, 302)]


def test_the_report_says_who_is_further_away_for_the_plan(crowd):
    before = report_fairness(NOW)
    planned()
    turn(5)
    after = report_fairness(NOW + timedelta(seconds=6))

    assert [group["group"] for group in after.countries] == ["FR"]
    assert [group["group"] for group in after.network_sizes] == ["medium"]
    (told_before,), (told,) = before.countries, after.countries
    assert (told_before["p95_before_ms"], told_before["is_worse"]) == (told_before["p95_after_ms"], False)
    assert told["p95_before_ms"] == pytest.approx(told_before["p95_before_ms"], abs=1)
    assert told["p95_after_ms"] > told["p95_before_ms"] + 4
    assert told["is_worse"]


def test_without_measurements_there_is_nothing_to_report(paris):
    assert report_fairness(NOW) is None


def test_room_is_made_for_what_is_expected_in_an_hour(paris, london, edge):
    measure(paris, london)
    turn()
    answer(edge, paris, 3000)
    loaded(paris, 700)
    loaded(london, 100)
    assert planned(1).away == 0
    last = bucket_of(NOW, STEP_S) - timedelta(seconds=STEP_S)
    for step in range(DAY + SMOOTHED):  # this hour a day ago was twice as busy at its end
        RegionDemand.objects.create(
            step=last - step * timedelta(seconds=STEP_S),
            region_id=paris.region_id,
            per_s=20.0 if step == DAY - AHEAD else 10.0,
        )

    made = planned(2)

    report = made.regions[0]
    assert (report["before_per_s"], report["forecast_per_s"]) == (pytest.approx(10), pytest.approx(20))
    assert made.away > 0.2
    assert report["load_after"] < report["load_before"]


def test_what_regions_are_asked_for_is_kept_by_the_step(crowd, paris, london):
    planned(1)
    planned(61)

    row = RegionDemand.objects.get(region_id=paris.region_id)
    assert row.step == bucket_of(NOW, STEP_S)
    assert row.per_s == pytest.approx(10)


def test_plans_go_after_a_day(crowd, paris):
    planned()
    late = NOW + KEPT + timedelta(minutes=1)
    loaded(paris, 100, late)

    plan(late, [POLICY], AT_ONCE)

    assert CapacityPlan.objects.count() == 1

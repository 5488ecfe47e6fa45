"""What stands between votes and edges: vantages that are not well, flapping, forced states, mass failures."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from healthchecks import services, settling
from healthchecks.alarms import alarms_of
from healthchecks.beliefs import VantageChange
from healthchecks.guard_models import Alarm, ForcedState, VantageHealth
from healthchecks.holds import LOOK_EVERY_S
from healthchecks.models import Check, EndpointHealth, HealthSequence, Transition, VantageState, Verdict
from healthchecks.punctuality import Punctuality
from healthchecks.services import assign, force, heartbeat, record_vantage_changes, unforce
from healthchecks.state import State
from healthchecks.watch import end_holds, keep_watch, watch_quorums, watch_vantages
from regions.models import AdminState, Endpoint, Region
from steering.models import OnMassFailure, Pool
from steering.services import Member, set_pool_members
from tests.healthchecks.conftest import NOON, Report

STEP = timedelta(seconds=10)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def told(family: int = 4) -> dict[str, str]:
    rows = EndpointHealth.objects.filter(family=family).select_related("endpoint")
    return {row.endpoint.name: row.state for row in rows}


def last() -> tuple[str, str, str, str]:
    row = Transition.objects.latest("sequence")
    return row.endpoint_name, row.from_state, row.endpoint_state, row.cause


def alarms() -> list[tuple[str, str]]:
    return [(alarm.kind, alarm.subject) for alarm in Alarm.objects.filter(until=None).order_by("kind", "subject")]


def require_deltas_match() -> None:
    """Whoever has followed all deltas knows what a full state says."""
    known: dict[tuple[int, int], str] = {}
    for delta in services.deltas_since(0) or []:
        known.update({(endpoint, family): state for endpoint, family, state in delta.states})
    assert known == {(endpoint, family): state for endpoint, family, state in services.current_health().states}


@pytest.fixture(autouse=True)
def _nothing_is_told_without_a_transition(db: None) -> Iterator[None]:
    yield
    require_deltas_match()


@pytest.fixture
def fleet(team: Team, vantages: dict[str, Region]) -> list[Endpoint]:
    """Ten endpoints."""
    return [
        Endpoint.objects.create(team=team, name=f"e-{number}", region=vantages["eu"], ipv4=f"192.0.2.{number}")
        for number in range(10)
    ]


@pytest.fixture
def web(team: Team, fleet: list[Endpoint]) -> Check:
    """Watches the fleet, which is up."""
    check = Check.objects.create(team=team, name="web", kind="http", interval_ms=1000, timeout_ms=500)
    assign(check, fleet, NOON)
    say(check, fleet, 0, eu="up", us="up", asia="up")
    return check


def say(check: Check, endpoints: list[Endpoint], at: float, *, family: int = 4, **beliefs: str) -> None:
    """Vantages say so of endpoints, so many seconds after noon."""
    regions = {region.name: region.id for region in Region.objects.all()}
    record_vantage_changes(
        [
            VantageChange(
                check.assignments.get(endpoint=one).id, family, regions[name], State(state), "seen", later(at)
            )
            for name, state in beliefs.items()
            for one in endpoints
        ],
        later(at),
    )


def beat(at: float, *names: str, lag_ms: int = 0, targets: int = 10) -> None:
    for name in names:
        heartbeat(name, targets=targets, punctual=Punctuality(lag_ms), now=later(at))


def watch(at: float) -> None:
    """Look after what is due, as is done all the time."""
    watched = HealthSequence.objects.values_list("watched", flat=True).first()
    if watched is None:
        watch_vantages(watched := NOON)
    while watched < later(at) - STEP:
        watched += STEP
        watch_vantages(watched)
    keep_watch(later(at))
    services.reconcile(later(at))


class TestVantagesThatAreNotWell:
    def test_one_that_falls_silent_loses_its_vote_and_has_it_again(self, web: Check, fleet: list[Endpoint]) -> None:
        beat(0, "eu", "us", "asia")
        say(web, fleet[:1], 0, eu="down")
        assert told()["e-0"] == "up"
        beat(11, "eu", "us")
        watch(11)
        assert VantageHealth.objects.get(name="asia").condition == "silent"
        assert alarms() == [("vantage_not_well", "vantage asia")]
        say(web, fleet[:1], 12, us="down")
        assert told()["e-0"] == "down"
        say(web, fleet[:1], 13, us="up")
        assert told()["e-0"] == "up", "one of two is no majority"
        beat(14, "eu", "us", "asia")
        watch(14)
        assert alarms() == []
        assert Alarm.objects.get().until == later(14)

    def test_without_a_vote_only_that_is_judged_anew_which_not_all_believe_up(
        self, web: Check, fleet: list[Endpoint], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        judged: list[int] = []

        def out_of_step(endpoint_ids: list[int], now: datetime) -> set[int]:
            judged.extend(endpoint_ids)
            return settling.out_of_step(endpoint_ids, now)

        monkeypatch.setattr(services, "out_of_step", out_of_step)
        beat(0, "eu", "us", "asia")
        watch(1)
        assert judged == [one.id for one in fleet], "the configuration is new"
        say(web, fleet[3:4], 2, asia="down")
        judged.clear()
        beat(11, "eu", "us")
        watch(12)
        assert judged == [fleet[3].id]

    def test_after_an_outage_in_which_nobody_could_be_heard_nobody_is_silent(
        self, web: Check, fleet: list[Endpoint]
    ) -> None:
        beat(0, "eu", "us", "asia")
        watch(1)
        keep_watch(later(600))
        assert alarms() == []
        beat(601, "eu", "us")
        watch(610)
        assert alarms() == []
        watch(611)
        assert alarms() == [("vantage_not_well", "vantage asia")]

    def test_a_silent_vantage_holds_down_nothing(self, web: Check, fleet: list[Endpoint]) -> None:
        beat(0, "eu", "us", "asia")
        say(web, fleet[:1], 1, eu="down", us="down")
        beat(20, "asia")
        watch(20)
        assert told()["e-0"] == "up"
        assert last() == ("e-0", "down", "up", "without the votes of eu,us")

    def test_all_silent_keeps_every_verdict_and_raises_alarms(self, web: Check, fleet: list[Endpoint]) -> None:
        say(web, fleet[:1], 0, eu="down", us="down")
        beat(0, "eu", "us", "asia")
        before = Transition.objects.count()
        watch(20)
        say(web, fleet[1:], 21, eu="down", us="down", asia="down")
        watch(22)
        assert Transition.objects.count() == before
        assert alarms() == [("quorum_lost", "check web")] + [
            ("vantage_not_well", f"vantage {name}") for name in ("asia", "eu", "us")
        ]
        assert "asia, eu, us not well" in Alarm.objects.get(kind="quorum_lost").detail

    def test_checks_that_are_known_to_have_lost_their_quorum_cost_nothing_more(
        self, web: Check, team: Team, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        beat(0, "eu", "us", "asia")
        watch(20)
        with CaptureQueriesContext(connection) as few:
            watch_quorums(later(21))
        Check.objects.bulk_create(Check(team=team, name=f"c-{number}", kind="tcp") for number in range(20))
        watch_quorums(later(22))
        with django_assert_num_queries(len(few)):
            watch_quorums(later(23))

    def test_a_check_that_asks_for_two_votes_keeps_its_verdict_with_one(
        self, web: Check, fleet: list[Endpoint]
    ) -> None:
        web.quorum = 2
        web.save()
        beat(0, "eu", "us", "asia")
        beat(20, "eu")
        watch(20)
        say(web, fleet[:1], 21, eu="down")
        assert told()["e-0"] == "up"
        assert ("quorum_lost", "check web") in alarms()
        beat(22, "us", "eu")
        watch(22)
        assert ("quorum_lost", "check web") not in alarms()

    def test_one_cut_off_from_everything_takes_nothing_down_even_where_one_suffices(
        self, web: Check, fleet: list[Endpoint]
    ) -> None:
        Check.objects.update(quorum=1)
        beat(0, "eu", "us", "asia")
        say(web, fleet, 1, eu="down")
        assert set(told().values()) == {"up"}
        assert VantageHealth.objects.get(name="eu").condition == "cut off"
        say(web, fleet[:8], 2, eu="up")
        watch(2)
        assert VantageHealth.objects.get(name="eu").condition == "cut off"
        say(web, fleet[8:], 3, eu="up")
        watch(3)
        assert VantageHealth.objects.get(name="eu").condition == "well"

    def test_two_of_three_that_are_cut_off_take_nothing_down(self, web: Check, fleet: list[Endpoint]) -> None:
        beat(0, "eu", "us", "asia")
        say(web, fleet, 1, eu="down", us="down")
        assert set(told().values()) == {"up"}
        assert alarms() == [("vantage_not_well", "vantage eu"), ("vantage_not_well", "vantage us")]

    def test_what_was_taken_down_before_that_was_seen_comes_back(self, web: Check, fleet: list[Endpoint]) -> None:
        beat(0, "eu", "us", "asia")
        say(web, fleet[:5], 1, eu="down", us="down")
        assert told()["e-0"] == "down"
        say(web, fleet[5:], 2, eu="down", us="down")
        watch(3)
        assert set(told().values()) == {"up"}

    def test_what_everyone_sees_is_believed(self, web: Check, fleet: list[Endpoint]) -> None:
        beat(0, "eu", "us", "asia")
        say(web, fleet, 1, eu="down")
        say(web, fleet, 1, us="down")
        say(web, fleet, 1, asia="down")
        watch(2)
        assert set(told().values()) == {"down"}
        assert alarms() == []

    def test_what_it_said_of_targets_that_it_is_asked_about_no_more_does_not_cut_it_off(
        self, web: Check, fleet: list[Endpoint], team: Team, vantages: dict[str, Region]
    ) -> None:
        near = Check.objects.create(team=team, name="near", kind="tcp")
        assign(near, fleet, NOON)
        beat(0, "eu", "us", "asia", targets=20)
        say(near, fleet, 1, eu="down", us="up", asia="up")
        watch(2)
        assert VantageHealth.objects.get(name="eu").condition == "well", "half is not most"
        near.vantages.set([vantages["us"], vantages["asia"]])
        assign(near, fleet, later(3))
        beat(3, "eu", "us", "asia", targets=10)
        watch(4)
        assert VantageHealth.objects.get(name="eu").condition == "well"

    def test_what_it_said_over_addresses_that_are_gone_does_not_cut_it_off(
        self, web: Check, fleet: list[Endpoint]
    ) -> None:
        beat(0, "eu", "us", "asia", targets=20)
        Endpoint.objects.update(ipv6="2001:db8::1")
        say(web, fleet, 1, family=6, eu="down", us="up", asia="up")
        Endpoint.objects.update(ipv6=None)
        beat(3, "eu", "us", "asia", targets=10)
        watch(4)
        assert VantageHealth.objects.get(name="eu").condition == "well"

    def test_an_overloaded_one_has_no_vote(self, web: Check, fleet: list[Endpoint]) -> None:
        beat(0, "us", "asia")
        beat(0, "eu", lag_ms=5000)
        watch(0)
        say(web, fleet[:1], 1, eu="down", us="down")
        assert told()["e-0"] == "up"
        assert "5000 ms late" in VantageHealth.objects.get(name="eu").reason

    def test_what_it_said_before_it_fell_silent_is_taken_back_when_it_starts_again(
        self, web: Check, fleet: list[Endpoint]
    ) -> None:
        beat(0, "eu")
        Check.objects.filter(pk=web.pk).update(interval_ms=30_000)
        assert services.withdraw_stale_votes("eu", later(5)) == 0, "not silent"
        assert services.withdraw_stale_votes("eu", later(20)) == 0, "no probe was missed"
        assert services.withdraw_stale_votes("eu", later(60)) == 10
        assert set(VantageState.objects.filter(vantage__name="eu").values_list("state", "cause")) == {
            ("unknown", "not probed for 60 s")
        }

    def test_a_vantage_that_is_no_longer_declared_is_forgotten(self, web: Check, vantages: dict[str, Region]) -> None:
        beat(0, "eu", "asia")
        beat(20, "eu")
        watch(20)
        vantages["asia"].delete()
        watch(21)
        assert [vantage.name for vantage in VantageHealth.objects.all()] == ["eu"]
        assert alarms() == []

    def test_who_is_asked_sees_the_alarms_of_vantages_and_of_its_own_checks(self, web: Check, team: Team) -> None:
        strangers = Team.objects.create(name="strangers")
        beat(0, "eu", "us", "asia")
        watch(20)
        assert len(alarms_of(team)) == 4
        assert list(alarms_of(strangers)) == []
        Region.objects.create(team=strangers, name="eu", latitude=0, longitude=0)
        assert [alarm.subject for alarm in alarms_of(strangers)] == ["vantage eu"]


class TestFlapping:
    def test_an_endpoint_that_flaps_stays_down_until_its_penalty_has_decayed(
        self, check: Check, fra_1: Endpoint
    ) -> None:
        Check.objects.update(damping_half_life_s=60, damping_suppress=2.5, damping_reuse=1, damping_max_s=600)
        say(check, [fra_1], 0, eu="up")
        for at in (1, 2, 3):
            say(check, [fra_1], at, eu="down")
            say(check, [fra_1], at + 0.5, eu="up")
        assert Verdict.objects.get(assignment__endpoint=fra_1).state == "up"
        assert told()["fra-1"] == "down"
        watch(90)
        assert told()["fra-1"] == "down"
        watch(100)
        assert told()["fra-1"] == "up"
        assert last() == ("fra-1", "down", "up", "it has not flapped for long enough")

    def test_without_damping_it_comes_back_at_once(self, check: Check, fra_1: Endpoint) -> None:
        for at in range(10):
            say(check, [fra_1], at, eu="down")
            say(check, [fra_1], at + 0.5, eu="up")
        assert told()["fra-1"] == "up"

    def test_damping_that_could_never_suppress_is_refused(self, check: Check) -> None:
        check.damping_half_life_s, check.damping_max_s = 60, 60
        with pytest.raises(ValidationError) as refused:
            check.clean()
        assert refused.value.message_dict == {
            "damping_max_s": ["A penalty comes to 2 at most within it, never above suppress."]
        }


class TestForcedStates:
    def test_forced_down_beats_checks_until_it_is_lifted(self, check: Check, fra_1: Endpoint) -> None:
        say(check, [fra_1], 0, eu="up")
        force(fra_1, "down", "disk is full", "ada", later(1))
        assert last() == ("fra-1", "up", "down", "forced down by ada: disk is full")
        say(check, [fra_1], 2, eu="down")
        say(check, [fra_1], 3, eu="up")
        assert told()["fra-1"] == "down"
        assert unforce(fra_1, "ada", later(4))
        assert last() == ("fra-1", "down", "up", "no longer forced down: by ada")
        assert not unforce(fra_1, "ada", later(5))

    def test_forced_up_it_is_served_although_it_is_down_and_nobody_near_is_sent_away(
        self, check: Check, fra_1: Endpoint
    ) -> None:
        say(check, [fra_1], 0, eu="down", us="up", asia="up")
        assert services.current_health().views
        force(fra_1, "up", "the check is wrong", "ada", later(1))
        say(check, [fra_1], 2, us="down", asia="down")
        assert told()["fra-1"] == "up"
        health = services.current_health()
        assert (health.views, health.failing) == ([], [])

    def test_an_endpoint_that_nothing_checks_can_be_forced(self, fra_1: Endpoint) -> None:
        force(fra_1, "down", "moved", "ada", later(0))
        [state] = services.endpoint_states(Endpoint.objects.filter(pk=fra_1.pk))
        assert (state.state, state.believed, state.checked) == (State.DOWN, State.UP, False)
        unforce(fra_1, "ada", later(1))
        assert told()["fra-1"] == "up"

    def test_it_ends_by_itself_when_its_time_is_over(self, check: Check, fra_1: Endpoint) -> None:
        say(check, [fra_1], 0, eu="up")
        force(fra_1, "down", "upgrade", "ada", later(0), later(60))
        watch(59)
        assert told()["fra-1"] == "down"
        watch(60)
        assert last() == ("fra-1", "down", "up", "no longer forced down: its time was over")
        assert ForcedState.objects.get().ended_by == ""

    def test_the_new_one_takes_the_place_of_the_old_and_both_are_kept(self, fra_1: Endpoint) -> None:
        force(fra_1, "down", "upgrade", "ada", later(0))
        force(fra_1, "drain", "not yet", "carol", later(1))
        assert told()["fra-1"] == "up"
        rows = ForcedState.objects.order_by("since")
        assert [(row.state, row.author, row.ended_by) for row in rows] == [
            ("down", "ada", "carol"),
            ("drain", "carol", ""),
        ]

    @pytest.mark.parametrize(
        ("state", "reason", "until", "field"),
        [("sideways", "why", None, "state"), ("down", " ", None, "reason"), ("down", "why", later(0), "until")],
    )
    def test_what_makes_no_sense_is_refused(
        self, fra_1: Endpoint, state: str, reason: str, until: datetime | None, field: str
    ) -> None:
        with pytest.raises(ValidationError) as refused:
            force(fra_1, state, reason, "ada", later(0), until)
        assert list(refused.value.message_dict) == [field]
        assert not ForcedState.objects.exists()


class TestMassFailures:
    @pytest.fixture
    def pool(self, team: Team, web: Check, fleet: list[Endpoint]) -> Pool:
        return self.declare(team, "web", fleet[:4])

    def declare(self, team: Team, name: str, members: list[Endpoint], **settings: object) -> Pool:
        pool = Pool.objects.create(team=team, name=name, **settings)
        set_pool_members(pool, [Member(one) for one in members])
        return pool

    def fail(self, web: Check, endpoints: list[Endpoint], at: float) -> None:
        say(web, endpoints, at, eu="down", us="down", asia="down")

    def recover(self, web: Check, endpoints: list[Endpoint], at: float) -> None:
        say(web, endpoints, at, eu="up", us="up", asia="up")

    def down(self) -> list[str]:
        return sorted(name for name, state in told().items() if state == "down")

    def test_a_failure_is_told_at_once_and_most_of_a_pool_is_not(
        self, pool: Pool, web: Check, fleet: list[Endpoint]
    ) -> None:
        self.fail(web, fleet[:1], 1)
        assert self.down() == ["e-0"]
        self.fail(web, fleet[1:2], 2)
        assert self.down() == ["e-0", "e-1"]
        self.fail(web, fleet[2:3], 3)
        assert self.down() == []
        assert alarms() == [("mass_failure", "pool web over IPv4")]
        assert Alarm.objects.get().detail == (
            "3 of 4 endpoints went down within 60 s; edges go on being told that they are up"
        )
        causes = {row.cause for row in Transition.objects.filter(to_state="up", from_state="down")}
        assert causes == {"held up: mass failure of pool web"}

    def test_who_is_held_up_is_about_to_change(self, pool: Pool, web: Check, fleet: list[Endpoint]) -> None:
        self.fail(web, fleet[:4], 1)
        assert services.current_health().failing == [(one.id, 4, True) for one in fleet[:4]]

    def test_all_at_once_are_held_in_one_go(self, pool: Pool, web: Check, fleet: list[Endpoint]) -> None:
        self.fail(web, fleet[:4], 1)
        assert self.down() == []
        assert not Transition.objects.filter(endpoint_state="down").exists()
        assert EndpointHealth.objects.filter(believed="down").count() == 4

    def test_acknowledged_it_is_told_and_over_when_fewer_are_down(
        self, pool: Pool, web: Check, fleet: list[Endpoint]
    ) -> None:
        self.fail(web, fleet[:4], 1)
        alarm = Alarm.objects.get()
        assert services.acknowledge(alarm, "ada", later(2))
        assert self.down() == ["e-0", "e-1", "e-2", "e-3"]
        assert last()[3] == "mass failure of pool web over IPv4 acknowledged by ada"
        assert not services.acknowledge(alarm, "carol", later(3))
        self.recover(web, fleet[:2], 4)
        assert self.down() == ["e-2", "e-3"]
        assert alarms() == []

    def test_when_fewer_are_down_the_rest_is_told(self, pool: Pool, web: Check, fleet: list[Endpoint]) -> None:
        self.fail(web, fleet[:3], 1)
        self.recover(web, fleet[:1], 5)
        assert self.down() == ["e-1", "e-2"]
        assert last()[3] == "the mass failure of pool web is over"
        assert alarms() == []

    def test_it_is_held_no_longer_than_the_pool_says(self, pool: Pool, web: Check, fleet: list[Endpoint]) -> None:
        self.fail(web, fleet[:4], 1)
        watch(300)
        assert self.down() == []
        watch(301)
        assert self.down() == ["e-0", "e-1", "e-2", "e-3"]
        assert alarms() == [("mass_failure", "pool web over IPv4")]
        self.recover(web, fleet[:4], 302)
        assert alarms() == []

    def test_members_are_not_looked_at_again_while_nothing_can_have_changed(
        self, pool: Pool, web: Check, fleet: list[Endpoint], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked: list[set[int]] = []

        def out_of_step(endpoints: set[int], now: datetime) -> set[int]:
            looked.append(set(endpoints))
            return settling.out_of_step(endpoints, now)

        monkeypatch.setattr("healthchecks.watch.out_of_step", out_of_step)
        self.fail(web, fleet[:4], 1)
        members = {one.id for one in fleet[:4]}
        for second in range(1, 6):
            end_holds(later(second))
        assert looked == [members]
        Pool.objects.update(max_down_percent=90)
        end_holds(later(6))
        end_holds(later(7))
        assert looked == [members] * 2, "it is declared otherwise"
        end_holds(later(7 + LOOK_EVERY_S))
        assert looked == [members] * 3, "now and then it is made sure"

    def test_a_pool_of_two_tells_that_both_are_down(self, team: Team, web: Check, fleet: list[Endpoint]) -> None:
        self.declare(team, "two", fleet[:2])
        self.declare(team, "one", fleet[2:3])
        self.fail(web, fleet[:3], 1)
        assert self.down() == ["e-0", "e-1", "e-2"]

    def test_a_pool_that_follows_tells_everything_and_calls_someone(
        self, team: Team, web: Check, fleet: list[Endpoint]
    ) -> None:
        self.declare(team, "web", fleet[:4], on_mass_failure=OnMassFailure.FOLLOW)
        self.fail(web, fleet[:4], 1)
        assert self.down() == ["e-0", "e-1", "e-2", "e-3"]
        assert alarms() == [("mass_failure", "pool web over IPv4")]

    def test_what_one_of_two_pools_holds_is_up_for_both(self, pool: Pool, web: Check, fleet: list[Endpoint]) -> None:
        self.declare(pool.team, "wide", fleet)
        self.fail(web, [*fleet[:4], fleet[9]], 1)
        assert self.down() == ["e-9"]
        assert alarms() == [("mass_failure", "pool web over IPv4")]

    def test_who_is_out_of_service_or_forced_does_not_count(
        self, pool: Pool, web: Check, fleet: list[Endpoint]
    ) -> None:
        Endpoint.objects.filter(pk=fleet[3].pk).update(admin_state=AdminState.DISABLED)
        force(fleet[2], "down", "broken", "ada", later(0))
        self.fail(web, fleet[:2], 1)
        assert self.down() == ["e-0", "e-1", "e-2"], "two are left in the pool, too few for the brake"

    def test_without_its_pool_nothing_is_held(self, pool: Pool, web: Check, fleet: list[Endpoint]) -> None:
        self.fail(web, fleet[:4], 1)
        pool.delete()
        watch(2)
        assert self.down() == ["e-0", "e-1", "e-2", "e-3"]
        assert alarms() == []

    def test_who_has_left_its_pool_is_held_no_longer_even_if_the_failure_of_the_rest_is_over_at_once(
        self, pool: Pool, web: Check, fleet: list[Endpoint]
    ) -> None:
        watch(0)
        self.fail(web, fleet[:4], 1)
        set_pool_members(pool, [Member(one) for one in fleet[:2]])
        self.recover(web, fleet[:1], 2)
        assert alarms() == []
        watch(3)
        assert self.down() == ["e-1", "e-2", "e-3"]

    def test_a_long_outage_of_one_is_no_part_of_it(self, pool: Pool, web: Check, fleet: list[Endpoint]) -> None:
        self.fail(web, fleet[:2], 1)
        self.fail(web, fleet[2:3], 200)
        assert self.down() == ["e-0", "e-1", "e-2"]
        assert alarms() == []


def test_a_report_that_comes_again_after_all_guards_changes_nothing(
    check: Check, fra_1: Endpoint, report: Report
) -> None:
    report(check, fra_1, eu="up")
    force(fra_1, "down", "why", "ada", later(1))
    before = Transition.objects.count()
    report(check, fra_1, eu="up")
    watch(2)
    assert Transition.objects.count() == before

"""Heartbeats and states set over the API: what they make of endpoints, and what silence does and does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from accounts.models import Team
from common.clock import database_time
from healthchecks import services
from healthchecks.derived_models import Lease, LeaseClock
from healthchecks.lease_clock import STANDSTILL, advance
from healthchecks.leases import expire, report, rotate, set_state, start
from healthchecks.models import Check, Transition, VantageState
from healthchecks.state import State
from healthchecks.targets import load_targets
from regions.models import Endpoint
from tests.healthchecks.conftest import NOON, Report

UP, DOWN = State.UP, State.DOWN
LEASE_S, GRACE_S = 60, 30
SPAN_S = LEASE_S + GRACE_S


@pytest.fixture
def push(team: Team, fra_1: Endpoint, iad_1: Endpoint) -> Check:
    """Heartbeats of fra-1 and iad-1."""
    check = Check.objects.create(team=team, name="job", kind="push", options={"lease_s": LEASE_S, "grace_s": GRACE_S})
    services.assign(check, [fra_1, iad_1], NOON)
    return check


@pytest.fixture
def external(team: Team, fra_1: Endpoint) -> Callable[[str], Check]:
    """external("down"): a check of fra-1 that counts as down once nobody has set it again."""

    def declare(on_expiry: str) -> Check:
        check = Check.objects.create(team=team, name="ops", kind="external", options={"on_expiry": on_expiry})
        services.assign(check, [fra_1], NOON)
        return check

    return declare


def token_of(check: Check, endpoint: Endpoint) -> str:
    return str(Lease.objects.get(assignment__check_definition=check, assignment__endpoint=endpoint).token)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def keep_open(since: float, until: float) -> None:
    """The door is heard to be open, from second to second."""
    moment = since
    while moment < until:
        advance(at(moment))
        moment += 1
    advance(at(until))


def history(name: str = "fra-1") -> list[tuple[str, str, str]]:
    rows = Transition.objects.filter(endpoint_name=name).order_by("sequence")
    return [(row.from_state, row.to_state, row.cause) for row in rows]


def told(endpoint: Endpoint) -> str | None:
    return {number: state for number, _family, state in services.current_health().states}.get(endpoint.pk)


class TestHeartbeats:
    def test_an_endpoint_is_unknown_until_the_first_and_up_while_they_come(self, push: Check, fra_1: Endpoint) -> None:
        assert told(fra_1) is None
        for second in (0, 80, 160):
            keep_open(second - 80, second)
            expire(at(second))
            assert report(token_of(push, fra_1), UP, "heartbeat", at(second))
        assert history() == [("unknown", "up", "heartbeat")]

    def test_it_is_down_once_lease_and_grace_are_over_and_up_with_the_next(self, push: Check, fra_1: Endpoint) -> None:
        keep_open(0, 1)
        report(token_of(push, fra_1), UP, "heartbeat", at(0))
        keep_open(1, SPAN_S - 1)
        assert expire(at(SPAN_S - 1)) == 0
        keep_open(SPAN_S - 1, SPAN_S)
        assert expire(at(SPAN_S)) == 1
        assert told(fra_1) == "down"
        report(token_of(push, fra_1), UP, "heartbeat", at(SPAN_S + 5))
        assert history()[1:] == [("up", "down", "no heartbeat for 90 s"), ("down", "up", "heartbeat")]
        assert Lease.objects.get(token=token_of(push, fra_1)).expires == at(2 * SPAN_S + 5)

    def test_what_says_that_it_failed_is_down_until_it_says_otherwise(self, push: Check, fra_1: Endpoint) -> None:
        report(token_of(push, fra_1), UP, "heartbeat", at(0))
        report(token_of(push, fra_1), DOWN, "exit status 3", at(1))
        report(token_of(push, fra_1), DOWN, "exit status 4", at(2))
        keep_open(0, 3 * SPAN_S)
        assert expire(at(3 * SPAN_S)) == 0
        assert history()[1:] == [("up", "down", "exit status 3")]

    def test_a_job_that_started_has_to_end_within_its_grace(self, push: Check, fra_1: Endpoint) -> None:
        token = token_of(push, fra_1)
        keep_open(0, 50)
        report(token, UP, "heartbeat", at(0))
        assert start(token, at(50))
        report(token, UP, "heartbeat", at(50 + GRACE_S - 1))
        assert Lease.objects.get(token=token).expires == at(50 + GRACE_S - 1 + SPAN_S)
        start(token, at(100))
        keep_open(50, 100 + GRACE_S)
        expire(at(100 + GRACE_S))
        assert history()[-1] == ("up", "down", "started and not done for 30 s")

    def test_a_job_that_starts_late_gets_no_longer_lease_by_it(self, push: Check, fra_1: Endpoint) -> None:
        report(token_of(push, fra_1), UP, "heartbeat", at(0))
        start(token_of(push, fra_1), at(SPAN_S - 1))
        assert Lease.objects.get(token=token_of(push, fra_1)).expires == at(SPAN_S)

    def test_each_family_of_an_endpoint_goes_by_its_heartbeat(self, push: Check, fra_1: Endpoint) -> None:
        Endpoint.objects.filter(pk=fra_1.pk).update(ipv6="2001:db8::1")
        report(token_of(push, fra_1), UP, "heartbeat", at(0))
        assert sorted(row.family for row in Transition.objects.all()) == [4, 6]

    def test_an_unknown_url_changes_nothing(self, push: Check) -> None:
        assert not report("nobody", UP, "heartbeat", at(0))
        assert not start("nobody", at(0))
        assert services.current_health().sequence == 0

    def test_one_while_the_lease_runs_is_one_statement(
        self, push: Check, fra_1: Endpoint, django_assert_num_queries: Callable[[int], object]
    ) -> None:
        report(token_of(push, fra_1), UP, "heartbeat", at(0))
        token = token_of(push, fra_1)
        with django_assert_num_queries(1):  # type: ignore[attr-defined]
            report(token, UP, "heartbeat", at(1))

    def test_looking_for_leases_that_are_over_is_one_statement(
        self, push: Check, fra_1: Endpoint, django_assert_num_queries: Callable[[int], object]
    ) -> None:
        advance(at(0))
        report(token_of(push, fra_1), UP, "heartbeat", at(0))
        with django_assert_num_queries(1):  # type: ignore[attr-defined]
            assert expire(at(5)) == 0

    def test_a_new_url_replaces_the_old_one_and_what_was_said_holds(self, push: Check, fra_1: Endpoint) -> None:
        old = token_of(push, fra_1)
        report(old, UP, "heartbeat", at(0))
        new = str(rotate(push.assignments.get(endpoint=fra_1)).token)
        assert new != old
        assert not report(old, UP, "heartbeat", at(1))
        assert report(new, UP, "heartbeat", at(1))
        assert told(fra_1) == "up"

    def test_another_length_of_lease_begins_with_the_change(
        self, push: Check, fra_1: Endpoint, iad_1: Endpoint
    ) -> None:
        report(token_of(push, fra_1), UP, "heartbeat", at(0))
        keep_open(0, 80)
        push.options = {"lease_s": 20, "grace_s": 5}
        push.save()
        services.assign(push, [fra_1, iad_1], NOON)
        assert Lease.objects.get(token=token_of(push, fra_1)).expires == at(80 + 25)
        assert Lease.objects.get(token=token_of(push, iad_1)).expires is None

    def test_no_worker_probes_it(self, push: Check, vantages: object) -> None:
        assert load_targets("eu") == []


class TestOutages:
    """Silence counts only while somebody could have been heard."""

    @pytest.fixture(autouse=True)
    def beating(self, push: Check, fra_1: Endpoint, iad_1: Endpoint) -> None:
        """Both are up at noon."""
        advance(at(0))
        for endpoint in (fra_1, iad_1):
            report(token_of(push, endpoint), UP, "heartbeat", at(0))

    def test_while_nobody_can_be_heard_no_lease_ends(self, fra_1: Endpoint) -> None:
        assert expire(at(3600)) == 0
        assert told(fra_1) == "up"

    def test_after_an_outage_everyone_gets_a_whole_lease(self, push: Check, fra_1: Endpoint, iad_1: Endpoint) -> None:
        advance(at(3600))
        assert expire(at(3600)) == 0
        keep_open(3600, 3600 + SPAN_S - 1)
        report(token_of(push, iad_1), UP, "heartbeat", at(3600 + LEASE_S))
        assert expire(at(3600 + SPAN_S - 1)) == 0
        keep_open(3600 + SPAN_S - 1, 3600 + SPAN_S)
        assert expire(at(3600 + SPAN_S)) == 1
        assert (told(fra_1), told(iad_1)) == ("down", "up")

    def test_a_worker_that_was_away_makes_up_for_what_it_missed(self, fra_1: Endpoint) -> None:
        keep_open(0, 2 * SPAN_S)
        assert expire(at(2 * SPAN_S)) == 2
        assert told(fra_1) == "down"

    def test_a_pulse_that_is_late_gives_nobody_time(self) -> None:
        before = list(Lease.objects.values_list("expires", flat=True))
        assert advance(at(0) + STANDSTILL * 0.9)
        assert list(Lease.objects.values_list("expires", flat=True)) == before

    @pytest.mark.parametrize("jump_s", [86_400, -86_400])
    def test_a_clock_that_jumps_takes_nothing_down(self, push: Check, fra_1: Endpoint, jump_s: int) -> None:
        advance(at(jump_s))
        assert expire(at(jump_s)) == 0
        report(token_of(push, fra_1), UP, "heartbeat", at(jump_s + 1))
        keep_open(jump_s, jump_s + SPAN_S)
        assert expire(at(jump_s + SPAN_S)) == 1, "iad-1 alone, which has fallen silent"
        assert told(fra_1) == "up"

    def test_the_clock_never_goes_back_within_a_pulse(self) -> None:
        advance(at(2))
        advance(at(1))
        assert LeaseClock.objects.get().at == at(2)

    def test_before_the_first_pulse_no_lease_ends(self, fra_1: Endpoint) -> None:
        LeaseClock.objects.all().delete()
        assert expire(at(3600)) == 0


class TestSetOverTheApi:
    def test_it_holds_for_as_long_as_was_said(self, external: Callable[[str], Check], fra_1: Endpoint) -> None:
        assignment = external("up").assignments.get()
        keep_open(0, 1)
        set_state(assignment, DOWN, 10, "maintenance", at(0))
        keep_open(1, 9)
        assert expire(at(9)) == 0
        keep_open(9, 10)
        assert expire(at(10)) == 1
        assert history() == [("unknown", "down", "maintenance"), ("down", "up", "nothing said for 10 s")]

    @pytest.mark.parametrize(("on_expiry", "state"), [("up", "up"), ("down", "down"), ("last", "down")])
    def test_then_what_the_check_says_counts(
        self, external: Callable[[str], Check], fra_1: Endpoint, on_expiry: str, state: str
    ) -> None:
        assignment = external(on_expiry).assignments.get()
        set_state(assignment, DOWN, 10, "", at(0))
        advance(at(11))
        advance(at(12))
        keep_open(12, 30)
        expire(at(30))
        assert told(fra_1) == state
        assert Lease.objects.get().expires is None

    def test_it_has_no_url(self, external: Callable[[str], Check]) -> None:
        with pytest.raises(ValidationError, match="only push checks have URLs"):
            rotate(external("up").assignments.get())

    def test_a_push_check_is_not_set(self, push: Check, fra_1: Endpoint) -> None:
        with pytest.raises(ValidationError, match="only external checks are set"):
            set_state(push.assignments.get(endpoint=fra_1), UP, 10, "", at(0))


class TestOfAnotherKind:
    def test_a_probe_that_becomes_a_push_check_goes_on_from_its_verdict(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="down", us="down")
        check.kind, check.options = "push", {}
        check.save()
        services.assign(check, [fra_1, iad_1], NOON)
        assert told(fra_1) == "down"
        assert not VantageState.objects.exists(), "no vantage has a vote any more"

    def test_a_push_check_that_becomes_a_probe_has_no_url(self, push: Check, fra_1: Endpoint, iad_1: Endpoint) -> None:
        push.kind, push.options = "tcp", {}
        push.save()
        services.assign(push, [fra_1, iad_1], NOON)
        assert not Lease.objects.exists()

    def test_a_push_check_that_becomes_external_has_no_url(self, push: Check, fra_1: Endpoint) -> None:
        push.kind, push.options = "external", {}
        push.save()
        services.assign(push, [fra_1], NOON)
        assert Lease.objects.get().token is None


@pytest.mark.django_db(transaction=True)
def test_heartbeats_at_the_same_moment_make_one_transition(push: Check, fra_1: Endpoint) -> None:
    token = token_of(push, fra_1)

    def beat() -> None:
        report(token, UP, "heartbeat", database_time())
        connections.close_all()

    threads = [threading.Thread(target=beat) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert history() == [("unknown", "up", "heartbeat")]

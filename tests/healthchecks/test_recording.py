"""From the beliefs of vantages to verdicts, transitions and what edges are told."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections

from accounts.models import Team
from healthchecks import services
from healthchecks.beliefs import VantageChange
from healthchecks.models import Assignment, Check, HealthSequence, Transition, VantageState, Verdict
from healthchecks.state import State
from regions.models import Endpoint, Region
from tests.healthchecks.conftest import NOON, Report


def history() -> list[tuple[str, str, str, str]]:
    rows = Transition.objects.order_by("sequence")
    return [(row.endpoint_name, row.from_state, row.to_state, row.endpoint_state) for row in rows]


def told() -> dict[tuple[int, int], str]:
    return {(endpoint, family): state for endpoint, family, state in services.current_health().states}


def test_a_majority_takes_an_endpoint_down_and_up_again(check: Check, fra_1: Endpoint, report: Report) -> None:
    report(check, fra_1, eu="up", us="up", asia="up")
    assert report(check, fra_1, eu="down") == []
    [down] = report(check, fra_1, us="down", cause="connection refused")
    [up] = report(check, fra_1, eu="up", cause="status 200")
    assert (down.from_state, down.to_state, down.endpoint_state) == ("up", "down", "down")
    assert down.votes == {"eu": "down", "us": "down", "asia": "up"}
    assert down.cause == "us: connection refused"
    assert (up.from_state, up.to_state, up.endpoint_state) == ("down", "up", "up")
    assert told() == {(fra_1.id, 4): "up"}


def test_the_first_verdict_ends_unknown(check: Check, fra_1: Endpoint, report: Report) -> None:
    assert services.current_health() == services.HealthState(0, [])
    report(check, fra_1, eu="up")
    assert history() == [("fra-1", "unknown", "up", "up")]
    assert services.current_health() == services.HealthState(1, [(fra_1.id, 4, "up")])


def test_the_same_report_twice_makes_one_transition(check: Check, fra_1: Endpoint, report: Report) -> None:
    report(check, fra_1, eu="down", us="down")
    assert report(check, fra_1, eu="down", us="down") == []
    assert len(history()) == 1


def test_families_are_judged_apart(check: Check, fra_1: Endpoint, report: Report) -> None:
    Endpoint.objects.filter(id=fra_1.id).update(ipv6="::1")
    report(check, fra_1, family=4, eu="up")
    report(check, fra_1, family=6, eu="down")
    assert told() == {(fra_1.id, 4): "up", (fra_1.id, 6): "down"}


def test_an_endpoint_is_up_only_once_all_its_checks_are(
    team: Team, check: Check, fra_1: Endpoint, report: Report
) -> None:
    deep = Check.objects.create(team=team, name="deep", kind="tcp", interval_ms=1000, timeout_ms=500)
    services.assign(deep, [fra_1], NOON)
    report(check, fra_1, eu="up")
    report(deep, fra_1, eu="down")
    report(check, fra_1, eu="down")
    report(deep, fra_1, eu="up")
    assert [state for *_rest, state in history()] == ["up", "down", "down", "down"]
    report(check, fra_1, eu="up")
    assert told() == {(fra_1.id, 4): "up"}


def test_a_vantage_that_is_not_chosen_has_no_vote(
    check: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
) -> None:
    check.vantages.set([vantages["eu"]])
    report(check, fra_1, eu="up", us="down", asia="down")
    assert told() == {(fra_1.id, 4): "up"}


def test_a_change_about_something_gone_is_dropped(
    check: Check, fra_1: Endpoint, iad_1: Endpoint, vantages: dict[str, Region]
) -> None:
    gone = check.assignments.get(endpoint=fra_1).id
    there = check.assignments.get(endpoint=iad_1).id
    fra_1.delete()
    changes = [
        VantageChange(gone, 4, vantages["eu"].id, State.DOWN, "seen", NOON),
        VantageChange(there, 4, 999_999, State.DOWN, "seen", NOON),
        VantageChange(there, 4, vantages["eu"].id, State.DOWN, "seen", NOON),
    ]
    transitions = services.record_vantage_changes(changes, NOON)
    assert [row.endpoint_name for row in transitions] == ["iad-1"]


def test_sequence_numbers_have_no_gaps_and_deltas_follow_them(
    check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
) -> None:
    report(check, fra_1, eu="up")
    report(check, iad_1, eu="down")
    report(check, fra_1, eu="down")
    assert services.deltas_since(1) == [
        services.Delta(2, [(iad_1.id, 4, "down")]),
        services.Delta(3, [(fra_1.id, 4, "down")]),
    ]
    assert services.deltas_since(3) == []
    assert services.current_health().sequence == 3


def test_what_is_no_longer_kept_or_was_never_given_asks_for_the_full_state(
    check: Check, fra_1: Endpoint, report: Report
) -> None:
    for state in ("up", "down", "up"):
        report(check, fra_1, eu=state)
    Transition.objects.filter(sequence=1).update(at=NOON - services.KEEP_TRANSITIONS)
    assert services.prune(NOON + timedelta(seconds=1)) == 1
    assert services.deltas_since(0) is None
    assert services.deltas_since(1) is not None
    assert services.deltas_since(4) is None


def test_without_any_transition_there_is_nothing_to_catch_up_with(db: None) -> None:
    assert services.deltas_since(0) == []
    assert services.deltas_since(1) is None


class TestChangingTheChecks:
    def test_a_disabled_check_counts_as_up(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="down")
        check.enabled = False
        check.save()
        services.assign(check, [fra_1, iad_1], NOON)
        assert history()[-1] == ("fra-1", "down", "up", "up")
        assert Transition.objects.latest("sequence").cause == "check web was changed"

    def test_an_enabled_check_goes_on_from_what_was_believed(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="down")
        for enabled in (False, True):
            check.enabled = enabled
            check.save()
            services.assign(check, [fra_1, iad_1], NOON)
        assert told() == {(fra_1.id, 4): "down"}

    def test_an_endpoint_that_is_watched_no_longer_counts_as_up(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="down")
        services.assign(check, [iad_1], NOON)
        assert told() == {(fra_1.id, 4): "up"}

    def test_an_endpoint_that_is_watched_again_starts_unknown(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="down")
        services.assign(check, [iad_1], NOON)
        services.assign(check, [iad_1, fra_1], NOON)
        assert [to for _name, _from, to, _told in history()] == ["down", "up", "unknown"]

    def test_a_second_check_takes_no_endpoint_out_of_service(
        self, team: Team, check: Check, fra_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="up")
        deep = Check.objects.create(team=team, name="deep", kind="tcp", interval_ms=1000, timeout_ms=500)
        services.assign(deep, [fra_1], NOON)
        assert len(history()) == 1

    def test_a_deleted_check_counts_as_up(self, check: Check, fra_1: Endpoint, report: Report) -> None:
        report(check, fra_1, eu="down")
        services.delete_check(check, NOON)
        assert told() == {(fra_1.id, 4): "up"}
        assert Transition.objects.latest("sequence").cause == "check web was deleted"

    def test_assigning_leaves_the_beliefs_of_those_that_stay(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="down")
        services.assign(check, [fra_1], NOON)
        assert VantageState.objects.count() == 1
        assert [row.endpoint for row in check.assignments.all()] == [fra_1]

    def test_an_endpoint_of_another_team_is_refused(self, check: Check, vantages: dict[str, Region]) -> None:
        other = Team.objects.create(name="other")
        theirs = Endpoint.objects.create(team=other, name="theirs", region=vantages["eu"], ipv4="192.0.2.1")
        with pytest.raises(ValidationError) as caught:
            services.assign(check, [theirs], NOON)
        assert caught.value.message_dict == {"endpoints": ["theirs belongs to another team."]}
        assert Assignment.objects.count() == 2

    def test_options_are_checked_with_the_other_fields(self, check: Check) -> None:
        check.options = {"paht": "/"}
        with pytest.raises(ValidationError) as caught:
            check.full_clean()
        assert caught.value.message_dict == {"options": ["paht: no such option"]}


class TestReconciling:
    def test_writes_that_took_another_way_become_transitions(
        self, check: Check, fra_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="down")
        check.delete()
        assert services.reconcile(NOON) == 1
        assert history()[-1] == ("fra-1", "down", "up", "up")

    def test_a_vantage_that_is_deleted_loses_its_vote(
        self, check: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
    ) -> None:
        report(check, fra_1, us="up", asia="up")
        report(check, fra_1, us="down", asia="up")
        vantages["asia"].delete()
        services.reconcile(NOON)
        assert history()[-1] == ("fra-1", "up", "down", "down")

    def test_reconciling_again_finds_nothing_and_costs_little(
        self, check: Check, fra_1: Endpoint, report: Report, django_assert_max_num_queries: object
    ) -> None:
        report(check, fra_1, eu="down")
        check.delete()
        services.reconcile(NOON)
        with django_assert_max_num_queries(3):  # type: ignore[operator]
            assert services.reconcile(NOON) == 0


def test_a_batch_costs_the_same_queries_however_large(
    team: Team, vantages: dict[str, Region], check: Check, django_assert_max_num_queries: object
) -> None:
    endpoints = Endpoint.objects.bulk_create(
        [Endpoint(team=team, name=f"e-{number}", region=vantages["eu"], ipv4="127.0.0.1") for number in range(200)]
    )
    services.assign(check, endpoints, NOON)
    changes = [
        VantageChange(assignment.id, 4, vantage.id, State.DOWN, "seen", NOON)
        for assignment in check.assignments.all()
        for vantage in vantages.values()
    ]
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        assert len(services.record_vantage_changes(changes, NOON)) == 200


def test_pages_see_every_family_and_every_vantage(
    check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
) -> None:
    report(check, fra_1, eu="down", us="down", cause="connection refused")
    states = {state.endpoint_id: state for state in services.endpoint_states()}
    assert (states[fra_1.id].state, states[fra_1.id].checked) == (State.DOWN, True)
    assert (states[iad_1.id].state, states[iad_1.id].since) == (State.UNKNOWN, None)
    row = services.health_matrix(endpoint=fra_1)[0]
    assert (row.check_name, row.verdict) == ("web", State.DOWN)
    assert {name: view.state.value for name, view in row.vantages.items()} == {
        "asia": "unknown",
        "eu": "down",
        "us": "down",
    }
    assert row.vantages["eu"].cause == "connection refused"


def test_an_endpoint_without_checks_is_shown_as_up(fra_1: Endpoint) -> None:
    [state] = services.endpoint_states()
    assert (state.state, state.checked) == (State.UP, False)


@pytest.mark.django_db(transaction=True)
def test_concurrent_reports_of_the_same_change_make_one_transition(
    check: Check, fra_1: Endpoint, vantages: dict[str, Region]
) -> None:
    assignment = check.assignments.get(endpoint=fra_1)
    change = VantageChange(assignment.id, 4, vantages["eu"].id, State.DOWN, "seen", NOON)
    made: list[Sequence[Transition]] = []

    def record() -> None:
        made.append(services.record_vantage_changes([change], NOON))
        connections.close_all()

    threads = [threading.Thread(target=record) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, made)) == [0, 0, 0, 0, 0, 1]
    assert HealthSequence.objects.get().value == Transition.objects.count() == Verdict.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_listeners_hear_the_number_once_it_is_committed(check: Check, fra_1: Endpoint, report: Report) -> None:
    with connection.cursor() as cursor:
        cursor.execute("LISTEN health")
    report(check, fra_1, eu="down")
    heard = list(connection.connection.notifies(timeout=20, stop_after=1))
    assert [note.payload for note in heard] == ["1"]


class TestFailing:
    """S14: who is up although some vantages say down may be about to go down."""

    def failing(self) -> list[tuple[int, int, bool]]:
        return services.current_health().failing

    def test_an_endpoint_is_failing_from_the_first_vote_for_down_to_the_verdict(
        self, check: Check, fra_1: Endpoint, report: Report
    ) -> None:
        report(check, fra_1, eu="up", us="up", asia="up")
        assert self.failing() == []
        report(check, fra_1, eu="down")
        assert self.failing() == [(fra_1.id, 4, True)]
        report(check, fra_1, us="down")
        assert (told(), self.failing()) == ({(fra_1.id, 4): "down"}, [])
        report(check, fra_1, us="up")
        assert (told(), self.failing()) == ({(fra_1.id, 4): "up"}, [(fra_1.id, 4, True)])
        report(check, fra_1, eu="up")
        assert self.failing() == []

    def test_edges_are_told_of_it_by_a_number_of_its_own(
        self, check: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
    ) -> None:
        def views(**up: bool) -> list[tuple[int, int, list[list[object]]]]:
            return [(fra_1.id, 4, sorted([vantages[name].id, is_up] for name, is_up in up.items()))]

        report(check, fra_1, eu="up", us="up", asia="up")
        report(check, fra_1, eu="down")
        report(check, fra_1, eu="down")
        split = views(eu=False, us=True, asia=True)
        assert services.deltas_since(1) == [services.Delta(2, [], [], [(fra_1.id, 4, True)], split)]
        report(check, fra_1, us="down")
        assert services.deltas_since(1) == [
            services.Delta(2, []),
            services.Delta(3, [(fra_1.id, 4, "down")]),
            services.Delta(4, [], [], [(fra_1.id, 4, False)], views(eu=False, us=False, asia=True)),
        ]

    def test_it_ends_with_the_vantage_that_said_so(
        self, check: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
    ) -> None:
        report(check, fra_1, eu="up", us="up", asia="down")
        assert self.failing() == [(fra_1.id, 4, True)]
        vantages["asia"].delete()
        services.reconcile(NOON)
        assert self.failing() == []

    def test_nobody_is_failing_whom_nobody_has_seen_up(self, check: Check, fra_1: Endpoint, report: Report) -> None:
        report(check, fra_1, eu="down")
        assert self.failing() == []


class TestViews:
    """H4: what each vantage says is told as long as they disagree."""

    def test_views_are_told_until_vantages_agree(
        self, check: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
    ) -> None:
        report(check, fra_1, eu="up", us="up")
        assert services.current_health().views == []
        report(check, fra_1, us="down")
        told = sorted([[vantages["eu"].id, True], [vantages["us"].id, False]])
        assert services.current_health().views == [(fra_1.id, 4, told)]
        report(check, fra_1, eu="down")
        assert services.current_health().views == []

    def test_before_there_is_a_verdict_nothing_is_told_of_who_disagrees(
        self, check: Check, fra_1: Endpoint, report: Report
    ) -> None:
        check.quorum = 3
        check.save()
        report(check, fra_1, eu="up", us="down")
        assert services.current_health() == services.HealthState(0, [])
        report(check, fra_1, asia="down")
        assert told() == {(fra_1.id, 4): "up"}
        assert [len(views) for _endpoint, _family, views in services.current_health().views] == [3]

    def test_a_check_that_is_removed_or_disabled_leaves_no_view(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        for endpoint in (fra_1, iad_1):
            report(check, endpoint, eu="up", us="down")
        services.assign(check, [iad_1], NOON)
        assert [endpoint for endpoint, _family, _views in services.current_health().views] == [iad_1.id]
        check.enabled = False
        check.save()
        services.assign(check, [iad_1], NOON)
        assert services.current_health().views == []

    def test_views_are_of_one_family_and_of_the_name_of_who_has_one(
        self, check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        Endpoint.objects.filter(id=fra_1.id).update(ipv6="::1")
        report(check, fra_1, family=4, eu="up", us="up")
        report(check, fra_1, family=6, eu="up", us="down")
        assert [family for _endpoint, family, _views in services.current_health().views] == [6]
        Endpoint.objects.filter(id=iad_1.id).update(ipv4=None, hostname="iad-1.example.com.")
        report(check, iad_1, family=0, eu="down", us="up")
        assert [view[:2] for view in services.current_health().views] == [(fra_1.id, 6), (iad_1.id, 0)]

    def test_a_vantage_that_is_gone_has_no_view(
        self, check: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
    ) -> None:
        report(check, fra_1, eu="up", us="up", asia="down")
        vantages["asia"].delete()
        services.reconcile(NOON)
        assert services.current_health().views == []


def test_what_a_worker_says_late_of_a_check_that_is_probed_no_more_is_nothing(
    team: Team, fra_1: Endpoint, report: Report
) -> None:
    check = Check.objects.create(team=team, name="job", kind="tcp")
    services.assign(check, [fra_1], NOON)
    report(check, fra_1, eu="up", us="up", asia="up")
    check.kind = "push"
    check.save()
    services.assign(check, [fra_1], NOON)
    report(check, fra_1, eu="down")
    health = services.current_health()
    assert (health.failing, health.views) == ([], [])

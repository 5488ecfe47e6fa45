"""Checks that follow from other checks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from accounts.models import Team
from healthchecks import services
from healthchecks.derived_models import CheckInput
from healthchecks.inputs import MAX_DEPTH
from healthchecks.leases import set_state
from healthchecks.models import Check, Transition, Verdict
from healthchecks.settling import out_of_step
from healthchecks.state import State
from regions.models import Endpoint, Region
from tests.healthchecks.conftest import NOON, Report


def tcp(team: Team, name: str, endpoints: Sequence[Endpoint]) -> Check:
    check = Check.objects.create(team=team, name=name, kind="tcp")
    services.assign(check, endpoints, NOON)
    return check


def calculated(team: Team, name: str, expression: str, endpoints: Sequence[Endpoint]) -> Check:
    check, _created = Check.objects.update_or_create(
        team=team, name=name, defaults={"kind": "calculated", "options": {"expression": expression}}
    )
    services.assign(check, endpoints, NOON)
    return check


def refusal(team: Team, name: str, expression: str, endpoints: Sequence[Endpoint]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        calculated(team, name, expression, endpoints)
    return caught.value.message_dict["options"]


def history(check: str) -> list[tuple[str, str, str]]:
    rows = Transition.objects.filter(check_name=check).order_by("sequence")
    return [(row.endpoint_name, row.to_state, row.cause) for row in rows]


@pytest.fixture
def web(team: Team, fra_1: Endpoint, iad_1: Endpoint) -> Check:
    return tcp(team, "web", [fra_1, iad_1])


@pytest.fixture
def data(team: Team, fra_1: Endpoint) -> Check:
    return tcp(team, "db", [fra_1])


def test_it_follows_its_inputs_in_the_same_transaction(
    team: Team, web: Check, data: Check, fra_1: Endpoint, report: Report
) -> None:
    calculated(team, "serves", "web and db", [fra_1])
    report(web, fra_1, eu="up")
    assert history("serves") == []
    transitions = report(data, fra_1, eu="up")
    assert [row.check_name for row in transitions] == ["db", "serves"]
    transitions = report(data, fra_1, eu="down", cause="connection refused")
    assert [(row.check_name, row.cause) for row in transitions] == [
        ("db", "eu: connection refused"),
        ("serves", "web and db: web up, db down"),
    ]
    assert transitions[1].votes == {"web": "up", "db": "down"}


def test_it_may_follow_from_checks_of_other_endpoints(
    team: Team, web: Check, data: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
) -> None:
    calculated(team, "backed", "web and db@fra-1", [iad_1])
    report(web, iad_1, eu="up")
    report(data, fra_1, eu="up")
    transitions = report(data, fra_1, eu="down")
    assert [(row.endpoint_name, row.check_name, row.to_state) for row in transitions] == [
        ("fra-1", "db", "down"),
        ("iad-1", "backed", "down"),
    ]


def test_what_follows_from_what_follows_is_settled_along_with_it(
    team: Team, web: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
) -> None:
    calculated(team, "a-last", "web", [iad_1])
    calculated(team, "middle", "a-last@iad-1", [fra_1])
    calculated(team, "first", "not middle@fra-1", [iad_1])
    report(web, iad_1, eu="up")
    assert [history(name)[-1][1] for name in ("a-last", "middle", "first")] == ["up", "up", "down"]
    assert services.reconcile(NOON) == 0


def test_over_addresses_that_the_other_endpoint_has_not_all_of_its_count(
    team: Team, web: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
) -> None:
    Endpoint.objects.filter(pk=fra_1.pk).update(ipv4=None, ipv6="2001:db8::1")
    calculated(team, "backed", "web@fra-1", [iad_1])
    report(web, fra_1, family=6, eu="down")
    assert history("backed") == [("iad-1", "down", "web@fra-1: web@fra-1 down")]


def test_a_disabled_input_counts_as_up(team: Team, web: Check, data: Check, fra_1: Endpoint, report: Report) -> None:
    calculated(team, "serves", "web and db", [fra_1])
    report(web, fra_1, eu="up")
    report(data, fra_1, eu="down")
    data.enabled = False
    data.save()
    services.assign(data, [fra_1], NOON)
    assert history("serves")[-1][1] == "up"


def test_while_an_input_is_unknown_the_verdict_stays_what_it_was(
    team: Team, web: Check, data: Check, fra_1: Endpoint, report: Report
) -> None:
    calculated(team, "serves", "web", [fra_1])
    report(web, fra_1, eu="down")
    calculated(team, "serves", "web or db", [fra_1])
    assert [state for _name, state, _cause in history("serves")] == ["down"]
    report(data, fra_1, eu="down")
    assert len(history("serves")) == 1
    report(data, fra_1, eu="up")
    assert history("serves")[-1] == ("fra-1", "up", "web or db: web down, db up")


class TestSayOfInputs:
    """Inputs of the same endpoint speak through what is calculated from them."""

    @pytest.fixture
    def api(self, team: Team, fra_1: Endpoint) -> Check:
        return tcp(team, "api", [fra_1])

    def told(self) -> list[str]:
        return [state for _endpoint, _family, state in services.current_health().states]

    def test_one_of_several_may_be_down(
        self, team: Team, web: Check, data: Check, api: Check, fra_1: Endpoint, report: Report
    ) -> None:
        calculated(team, "serves", "2 of (web, db, api)", [fra_1])
        for check in (web, data, api):
            report(check, fra_1, eu="up")
        report(web, fra_1, eu="down")
        assert self.told() == ["up"]
        [last] = report(data, fra_1, eu="down")[1:]
        assert (last.check_name, last.endpoint_state) == ("serves", "down")

    def test_what_a_vantage_sees_of_an_input_is_no_view_of_the_endpoint(
        self, team: Team, web: Check, data: Check, fra_1: Endpoint, report: Report
    ) -> None:
        calculated(team, "serves", "web or db", [fra_1])
        report(data, fra_1, eu="up", us="up", asia="up")
        report(web, fra_1, eu="up", us="down", asia="up")
        health = services.current_health()
        assert (health.views, health.failing) == ([], [])

    def test_from_each_vantage_the_expression_goes_by_what_that_one_sees(
        self, team: Team, web: Check, data: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
    ) -> None:
        calculated(team, "serves", "web and db", [fra_1])
        report(data, fra_1, eu="up", us="up", asia="up")
        report(web, fra_1, eu="up", us="down", asia="up")
        ups = {"eu": True, "us": False, "asia": True}
        told = sorted([vantages[name].pk, is_up] for name, is_up in ups.items())

        health = services.current_health()
        assert (self.told(), health.views) == (["up"], [(fra_1.pk, 4, told)])
        assert health.failing == [(fra_1.pk, 4, True)]

        report(data, fra_1, eu="down", asia="down")
        assert self.told() == ["down"]
        assert services.current_health().views == [], "it is down from everywhere, for one reason or the other"
        assert services.reconcile(NOON) == 0

    def test_two_vantages_that_miss_different_inputs_do_not_see_an_outage(
        self, team: Team, web: Check, data: Check, api: Check, fra_1: Endpoint, report: Report
    ) -> None:
        calculated(team, "serves", "2 of (web, db, api)", [fra_1])
        report(api, fra_1, eu="up", us="up", asia="up")
        report(web, fra_1, eu="down", us="up", asia="up")
        report(data, fra_1, eu="up", us="down", asia="up")
        assert services.current_health().views == []

        report(api, fra_1, us="down")
        [(_endpoint, _family, views)] = services.current_health().views
        assert [is_up for _vantage, is_up in views].count(False) == 1

    def test_what_is_calculated_of_what_is_calculated_is_seen_likewise(
        self, team: Team, web: Check, data: Check, fra_1: Endpoint, vantages: dict[str, Region], report: Report
    ) -> None:
        calculated(team, "serves", "web and db", [fra_1])
        calculated(team, "works", "serves or web and db", [fra_1])
        report(data, fra_1, eu="up", us="down", asia="up")
        report(web, fra_1, eu="up", us="up", asia="up")
        [(_endpoint, _family, views)] = services.current_health().views
        assert [vantage for vantage, is_up in views if not is_up] == [vantages["us"].pk]

    def test_checks_of_other_endpoints_are_seen_from_each_vantage_whoever_is_settled(
        self, team: Team, web: Check, data: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        calculated(team, "backed", "web and db@fra-1", [iad_1])
        report(web, iad_1, eu="up", us="up", asia="up")
        report(data, fra_1, eu="down", us="up", asia="up")
        views = {endpoint: seen for endpoint, _family, seen in services.current_health().views}
        assert views[iad_1.pk] == views[fra_1.pk]
        assert out_of_step([iad_1.pk], NOON) == set(), "also without what fra-1 is settled from"

    def test_what_is_said_under_a_lease_is_the_same_from_everywhere(
        self, team: Team, web: Check, fra_1: Endpoint, report: Report
    ) -> None:
        report(web, fra_1, eu="down", us="up", asia="up")
        assert services.current_health().views
        alive = Check.objects.create(team=team, name="alive", kind="external")
        services.assign(alive, [fra_1], NOON)
        set_state(alive.assignments.get(), State.DOWN, 60, "over", NOON)
        assert (self.told(), services.current_health().views) == (["down"], [])

    def test_one_that_flaps_too_much_does_not_hide_what_vantages_see_of_others(
        self, team: Team, web: Check, data: Check, api: Check, fra_1: Endpoint, report: Report
    ) -> None:
        calculated(team, "serves", "web or db", [fra_1])
        for check in (web, data, api):
            report(check, fra_1, eu="up", us="up", asia="up")
        Check.objects.filter(pk=web.pk).update(damping_half_life_s=60, damping_suppress=1.5)
        for state in ("down", "up", "down", "up"):
            report(web, fra_1, eu=state, us=state, asia=state)
        assert Verdict.objects.get(assignment__check_definition=web, assignment__endpoint=fra_1).reuse_at
        report(api, fra_1, us="down")
        assert self.told() == ["up"]
        assert services.current_health().failing == [(fra_1.pk, 4, True)]

    def test_until_it_has_a_verdict_they_speak_for_themselves(
        self, team: Team, web: Check, data: Check, fra_1: Endpoint, report: Report
    ) -> None:
        report(web, fra_1, eu="down")
        calculated(team, "serves", "web or db", [fra_1])
        assert self.told() == ["down"]
        report(data, fra_1, eu="up")
        assert self.told() == ["up"]

    def test_they_have_their_say_back_once_it_is_gone(
        self, team: Team, web: Check, data: Check, fra_1: Endpoint, report: Report
    ) -> None:
        check = calculated(team, "serves", "web or db", [fra_1])
        report(data, fra_1, eu="up")
        report(web, fra_1, eu="down")
        assert self.told() == ["up"]
        services.delete_check(check, NOON)
        assert self.told() == ["down"]

    def test_an_input_of_another_endpoint_keeps_its_own(
        self, team: Team, web: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
    ) -> None:
        calculated(team, "backed", "not web@fra-1", [iad_1])
        report(web, fra_1, eu="down")
        assert {endpoint: state for endpoint, _family, state in services.current_health().states} == {
            fra_1.pk: "down", iad_1.pk: "up",
        }  # fmt: skip


class TestRefused:
    def test_a_circle_is_named(self, team: Team, web: Check, fra_1: Endpoint) -> None:
        calculated(team, "a", "web", [fra_1])
        calculated(team, "b", "a or web", [fra_1])
        assert refusal(team, "a", "web and b", [fra_1]) == [
            "expression: A check cannot follow from itself: a → b → a. Take one of them out."
        ]
        assert refusal(team, "b", "b", [fra_1]) == [
            "expression: A check cannot follow from itself: b → b. Take one of them out."
        ]
        assert {row.reference for row in CheckInput.objects.filter(calculated__name="a")} == {"web"}

    def test_checks_and_endpoints_that_are_not_there_are_named(self, team: Team, web: Check, fra_1: Endpoint) -> None:
        other = Team.objects.create(name="other")
        Check.objects.create(team=other, name="theirs", kind="tcp")
        assert refusal(team, "a", "theirs and web@ghost", [fra_1]) == [
            "expression: There is no check theirs.",
            "expression: There is no endpoint ghost.",
        ]

    def test_an_input_has_to_watch_what_is_judged(
        self, team: Team, data: Check, fra_1: Endpoint, iad_1: Endpoint
    ) -> None:
        assert refusal(team, "a", "db", [fra_1, iad_1]) == [
            "expression: Check db does not watch iad-1: have it do so, or leave one of them out."
        ]
        assert refusal(team, "a", "db@iad-1", [fra_1]) == [
            "expression: Check db does not watch iad-1: have it do so, or leave one of them out."
        ]

    def test_chains_have_an_end(self, team: Team, web: Check, fra_1: Endpoint) -> None:
        before = "web"
        for number in range(MAX_DEPTH):
            before = calculated(team, f"c{number}", before, [fra_1]).name
        assert refusal(team, "one-more", before, [fra_1]) == [
            f"expression: At most {MAX_DEPTH} calculated checks follow from each other."
        ]

    def test_an_input_cannot_be_deleted(self, team: Team, web: Check, fra_1: Endpoint) -> None:
        check = calculated(team, "a", "web", [fra_1])
        with pytest.raises(ProtectedError):
            services.delete_check(web, NOON)
        services.delete_check(check, NOON)
        services.delete_check(web, NOON)
        assert not CheckInput.objects.exists()


def test_names_may_change_even_with_each_other(
    team: Team, web: Check, data: Check, fra_1: Endpoint, report: Report
) -> None:
    check = calculated(team, "serves", "not web and (db or web@iad-1)", [fra_1])
    for row, name in ((web, "x"), (data, "web"), (web, "db")):
        Check.objects.filter(pk=row.pk).update(name=name)
    Endpoint.objects.filter(name="iad-1").update(name="iad-2")
    team.refresh_from_db()
    web.refresh_from_db()
    web.save()  # moves `updated`
    report(data, fra_1, eu="up")
    report(web, fra_1, eu="up")
    assert history("serves")[-1][1] == "down", "what it follows from is not a matter of names"
    services.reconcile(NOON)
    check.refresh_from_db()
    assert check.options == {"expression": "not db and (web or db@iad-2)"}
    services.assign(check, [fra_1], NOON)
    assert {row.reference: row.input_id for row in check.inputs.all()} == {
        "db": web.pk, "web": data.pk, "db@iad-2": web.pk,
    }  # fmt: skip


def test_an_input_that_watches_no_longer_is_unknown(
    team: Team, web: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report
) -> None:
    calculated(team, "serves", "not web", [fra_1])
    report(web, fra_1, eu="up")
    services.assign(web, [iad_1], NOON)
    assert [state for _name, state, _cause in history("serves")] == ["down"]

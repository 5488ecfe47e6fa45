"""An endpoint without a check is a visible choice and not an accident."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Team
from healthchecks.attaching import attach_templates, save_template, set_checks
from healthchecks.derived_models import Lease
from healthchecks.models import Check, CheckTemplate, EndpointHealth, UncheckedEndpoint
from healthchecks.services import assign, endpoint_states
from healthchecks.templates import DEFAULT_NAME, matches
from regions.models import Endpoint
from tests.healthchecks.conftest import NOON, Report


@pytest.fixture
def template(team: Team):
    """template("web", port=443): a check that attaches itself to endpoints with this port."""

    def template(name: str, **rule: Any) -> Check:
        check = Check.objects.create(team=team, name=name, kind="http")
        save_template(check, CheckTemplate(**rule))
        return check

    return template


def watching(endpoint: Endpoint) -> list[str]:
    return sorted(endpoint.checks.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("rule", "is_match"),
    [
        ({}, True),
        ({"reached_by": "addresses"}, True),
        ({"reached_by": "name"}, False),
        ({"port": 8081}, True),
        ({"port": 443}, False),
        ({"labels": {"tier": "gpu"}}, True),
        ({"labels": {"tier": "cpu"}}, False),
        ({"labels": {"tier": "gpu", "rack": ""}}, False),
        ({"reached_by": "addresses", "port": 8081, "labels": {"tier": "gpu"}}, True),
        ({"reached_by": "addresses", "port": 443, "labels": {"tier": "gpu"}}, False),
    ],
)
def test_a_template_matches_if_all_of_it_holds(rule: dict[str, Any], is_match: bool) -> None:
    endpoint = Endpoint(ipv4="127.0.1.1", port=8081, labels={"tier": "gpu", "zone": "a"})
    assert matches(CheckTemplate(**rule), endpoint) == is_match


def test_a_host_name_is_reached_by_its_name() -> None:
    endpoint = Endpoint(hostname="cdn.example.", port=443)
    assert matches(CheckTemplate(reached_by="name"), endpoint)
    assert not matches(CheckTemplate(reached_by="addresses"), endpoint)


def test_every_template_that_matches_attaches_its_check(template, fra_1: Endpoint) -> None:
    template("by-address", reached_by="addresses")
    template("by-name", reached_by="name")
    template("on-8081", port=8081)
    assert [check.name for check in attach_templates(fra_1)] == ["by-address", "on-8081"]
    assert watching(fra_1) == ["by-address", "on-8081"]


def test_two_endpoints_share_the_check_of_a_template(template, fra_1: Endpoint, iad_1: Endpoint) -> None:
    check = template("web")
    attach_templates(fra_1)
    attach_templates(iad_1)
    assert set(check.endpoints.all()) == {fra_1, iad_1}


def test_where_none_matches_the_port_is_checked(template, fra_1: Endpoint, iad_1: Endpoint) -> None:
    template("by-name", reached_by="name")
    [check] = attach_templates(fra_1)
    assert (check.name, check.kind, check.port) == (DEFAULT_NAME, "tcp", None)
    check.clean()
    assert attach_templates(iad_1) == [check]


def test_the_default_check_is_the_teams_to_change(team: Team, fra_1: Endpoint) -> None:
    Check.objects.create(team=team, name=DEFAULT_NAME, kind="icmp", interval_ms=60_000)
    attach_templates(fra_1)
    assert fra_1.checks.get().kind == "icmp"


def test_a_check_that_is_off_attaches_itself_to_nobody(template, fra_1: Endpoint) -> None:
    template("web")
    Check.objects.update(enabled=False)
    attach_templates(fra_1)
    assert watching(fra_1) == [DEFAULT_NAME]


def test_templates_of_other_teams_attach_nothing(fra_1: Endpoint) -> None:
    theirs = Check.objects.create(team=Team.objects.create(name="rivals"), name="web", kind="tcp")
    save_template(theirs, CheckTemplate())
    attach_templates(fra_1)
    assert watching(fra_1) == [DEFAULT_NAME]
    with pytest.raises(ValidationError, match="another team"):
        set_checks(fra_1, [theirs])


def test_none_is_a_choice_until_something_watches_it(check: Check, fra_1: Endpoint) -> None:
    set_checks(fra_1, [], NOON)
    assert UncheckedEndpoint.objects.get().since == NOON
    set_checks(fra_1, [])
    assert UncheckedEndpoint.objects.get().since == NOON
    assign(check, [fra_1])
    assert not UncheckedEndpoint.objects.exists()
    assign(check, [])
    assert not UncheckedEndpoint.objects.exists()  # watched no more, and nobody chose so


def test_who_is_checked_no_more_counts_as_up(check: Check, fra_1: Endpoint, iad_1: Endpoint, report: Report) -> None:
    report(check, fra_1, eu="down", us="down")
    assert EndpointHealth.objects.get(endpoint=fra_1).state == "down"
    set_checks(fra_1, [])
    [state] = endpoint_states(Endpoint.objects.filter(pk=fra_1.pk))
    assert (state.state, state.checked) == ("up", False)
    assert watching(iad_1) == ["web"]


def test_who_goes_on_being_watched_keeps_what_is_believed(check: Check, fra_1: Endpoint, report: Report) -> None:
    report(check, fra_1, eu="down", us="down")
    kept = check.assignments.get(endpoint=fra_1)
    set_checks(fra_1, [check])
    assert check.assignments.get(endpoint=fra_1) == kept
    assert EndpointHealth.objects.get(endpoint=fra_1).state == "down"


@pytest.mark.parametrize(("kind", "has_url"), [("push", True), ("external", False)])
def test_who_is_attached_to_a_check_without_a_probe_can_be_heard(
    team: Team, fra_1: Endpoint, iad_1: Endpoint, kind: str, has_url: bool
) -> None:
    check = Check.objects.create(team=team, name="job", kind=kind)
    assign(check, [iad_1], NOON)
    url = Lease.objects.get(assignment__endpoint=iad_1).token
    set_checks(fra_1, [check], NOON)
    assert bool(Lease.objects.get(assignment__endpoint=fra_1).token) == has_url
    assert Lease.objects.get(assignment__endpoint=iad_1).token == url


def test_a_template_is_refused_by_the_field_that_is_wrong(template) -> None:
    with pytest.raises(ValidationError) as caught:
        template("web", port=70_000)
    assert set(caught.value.message_dict) == {"port"}

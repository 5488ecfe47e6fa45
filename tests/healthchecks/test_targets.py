import logging

import pytest

from accounts.models import Team
from healthchecks.models import Assignment, Check
from healthchecks.probes import Target
from healthchecks.services import assign
from healthchecks.state import State
from healthchecks.targets import configuration_version, load_targets
from regions.models import Endpoint, Region
from tests.healthchecks.conftest import NOON, Report


def hosts(region: str) -> list[str]:
    return [target.target.host for target in load_targets(region)]


def test_every_vantage_probes_every_endpoint_of_a_check(check: Check) -> None:
    assert hosts("eu") == hosts("us") == hosts("asia") == ["127.0.1.1", "127.0.2.1"]
    assert hosts("mars") == []


def test_chosen_vantages_probe_alone(check: Check, vantages: dict[str, Region]) -> None:
    check.vantages.set([vantages["us"]])
    assert hosts("eu") == []
    assert len(hosts("us")) == 2


def test_a_region_that_is_no_vantage_probes_nothing(check: Check, vantages: dict[str, Region]) -> None:
    Region.objects.filter(name="eu").update(is_vantage=False)
    assert hosts("eu") == []


def test_a_disabled_check_is_not_probed(check: Check) -> None:
    Check.objects.update(enabled=False)
    assert hosts("eu") == []


def test_each_family_is_a_target_of_its_own(check: Check, fra_1: Endpoint) -> None:
    Endpoint.objects.filter(id=fra_1.id).update(ipv6="::1")
    assert [(target.family, target.target.host) for target in load_targets("eu")][:2] == [(4, "127.0.1.1"), (6, "::1")]


def test_a_host_name_is_one_target(check: Check, fra_1: Endpoint) -> None:
    Endpoint.objects.filter(id=fra_1.id).update(ipv4=None, hostname="fra-1.demo.test.")
    first = load_targets("eu")[0]
    assert (first.family, first.target) == (0, Target("fra-1.demo.test", 8081, 0.5))


def test_the_port_of_the_check_wins(check: Check) -> None:
    Check.objects.update(port=9000)
    assert {target.target.port for target in load_targets("eu")} == {9000}


def test_targets_carry_what_their_vantage_believed(check: Check, fra_1: Endpoint, report: Report) -> None:
    report(check, fra_1, eu="down")
    assert [target.believed for target in load_targets("eu")] == [State.DOWN, State.UNKNOWN]
    assert [target.believed for target in load_targets("us")] == [State.UNKNOWN, State.UNKNOWN]


def test_vantages_of_the_same_name_in_two_teams_share_a_worker_but_not_their_checks(check: Check) -> None:
    other = Team.objects.create(name="other")
    region = Region.objects.create(team=other, name="eu", latitude=48.9, longitude=2.4)
    endpoint = Endpoint.objects.create(team=other, name="par-1", region=region, ipv4="127.0.9.1")
    theirs = Check.objects.create(team=other, name="web", kind="tcp")
    assign(theirs, [endpoint], NOON)
    assert sorted(hosts("eu")) == ["127.0.1.1", "127.0.2.1", "127.0.9.1"]
    assert {target.vantage_id for target in load_targets("eu") if target.target.host == "127.0.9.1"} == {region.id}
    assert len(hosts("us")) == 2


def test_a_check_that_cannot_be_read_is_skipped_and_named(check: Check, caplog: pytest.LogCaptureFixture) -> None:
    Check.objects.update(options={"paht": "/"})
    with caplog.at_level(logging.WARNING):
        assert hosts("eu") == []
    assert "check web is not probed: options: paht: no such option" in caplog.text


def test_the_version_moves_with_each_declaration(check: Check, fra_1: Endpoint, vantages: dict[str, Region]) -> None:
    versions = [configuration_version()]
    for change in (
        check.save,
        fra_1.save,
        vantages["eu"].save,
        lambda: check.vantages.set([vantages["eu"]]),
        Assignment.objects.filter(endpoint=fra_1).delete,
    ):
        change()
        versions.append(configuration_version())
    assert len(set(versions)) == len(versions)


def test_the_version_stands_still_while_health_changes(check: Check, fra_1: Endpoint, report: Report) -> None:
    before = configuration_version()
    report(check, fra_1, eu="down")
    assert configuration_version() == before

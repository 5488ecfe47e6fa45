"""Promise: an operator's word reaches edges as a verdict does, and a pool that fails as a whole is not told unasked."""

from __future__ import annotations

import pytest

from tests.scenarios.client import addresses, call, eventually
from trafficmgr.demo.origins import fail, recover

SPLIT = {"fra-2": "127.0.1.2", "iad-2": "127.0.2.2", "sin-2": "127.0.3.2"}  # the pool of the policy `cdn`
CLIENTS = [f"20.0.{number}.0/24" for number in range(200)]


@pytest.fixture
def failing(system):
    """The endpoints of the pool `split` fail, and recover in the end."""
    for name in SPLIT:
        fail(system.home, name)
    yield
    for name in SPLIT:
        recover(system.home, name)
    eventually(lambda: _status(system)["not_up"], lambda rows: not rows, what="endpoints recover")


def test_forced_down_an_endpoint_leaves_all_answers_and_returns_when_it_is_lifted(system):
    assert addresses(system.dns, "api.demo.test.") == ["127.0.1.1"]
    url = "/api/v1/endpoints/fra-1/forced"
    status, forced, _type = call(system, "PUT", url, {"state": "down", "reason": "new disks", "lifetime": 600})
    assert status == 200, forced
    eventually(lambda: addresses(system.dns, "api.demo.test."), ["127.0.2.1"].__eq__, what="api leaves fra-1")

    assert call(system, "DELETE", url)[0] == 204
    eventually(lambda: addresses(system.dns, "api.demo.test."), ["127.0.1.1"].__eq__, what="api returns to fra-1")


def test_a_drained_endpoint_is_left_out_although_it_is_up(system):
    assert call(system, "PUT", "/api/v1/endpoints/fra-1/forced", {"state": "drain", "reason": "upgrade"})[0] == 200
    eventually(lambda: addresses(system.dns, "api.demo.test."), ["127.0.2.1"].__eq__, what="api leaves fra-1")

    assert call(system, "DELETE", "/api/v1/endpoints/fra-1/forced")[0] == 204
    eventually(lambda: addresses(system.dns, "api.demo.test."), ["127.0.1.1"].__eq__, what="api returns to fra-1")


@pytest.mark.usefixtures("failing")
def test_most_of_a_pool_at_once_is_held_until_an_operator_says_that_it_is_real(system):
    [alarm] = eventually(lambda: _mass_failures(system), lambda alarms: alarms, what="the alarm")
    assert alarm["subject"] == "pool split over IPv4"
    eventually(lambda: _believed_down(system), set(SPLIT).__eq__, what="all three are believed down")
    assert _status(system)["not_up"] == []
    eventually(lambda: _answered(system), set(SPLIT.values()).__eq__, what="edges go on answering with all three")

    assert call(system, "POST", f"/api/v1/alarms/{alarm['id']}/acknowledge")[0] == 200
    eventually(
        lambda: {row["endpoint"] for row in _status(system)["not_up"]}, set(SPLIT).__eq__, what="what is real is told"
    )


def test_every_vantage_of_a_running_system_is_well(system):
    vantages = eventually(
        lambda: call(system, "GET", "/api/v1/vantages")[1],
        lambda rows: {row["condition"] for row in rows if row["targets"]} == {"well"},
        what="all vantages are well",
    )
    assert {"eu", "us", "asia"} <= {row["name"] for row in vantages if row["beat"]}


def _status(system):
    return call(system, "GET", "/api/v1/status")[1]


def _mass_failures(system):
    return call(system, "GET", "/api/v1/alarms?kind=mass_failure&active=true")[1]["results"]


def _believed_down(system) -> set[str]:
    rows = call(system, "GET", "/api/v1/health?limit=100")[1]["results"]
    return {row["endpoint"] for row in rows if "down" in {state["believed"] for state in row["states"]}}


def _answered(system) -> set[str]:
    return {address for client in CLIENTS for address in addresses(system.dns, "cdn.demo.test.", client)}

"""The view of how each endpoint is says the same as what edges are told, family by family."""

from __future__ import annotations

import itertools

from dashboard.health import together
from healthchecks.forcing import force, unforce
from healthchecks.models import Check, EndpointHealth
from healthchecks.services import assign, endpoint_states
from healthchecks.standing_models import Standing
from regions.models import Endpoint, Region
from tests.healthchecks.conftest import NOON

TOLD = ["up", "down", "unknown", None]
RANKS = {"down": 0, "degraded": 1, "unknown": 2, "up": 3}


def test_it_agrees_with_what_edges_are_told_whatever_that_is(team, vantages):
    """Every pair of states of two families, of a host name too, checked and not."""
    check = Check.objects.create(team=team, name="web", kind="http", interval_ms=1000, timeout_ms=500)
    for checked, ipv4, ipv6 in itertools.product([True, False], TOLD, TOLD):
        name = f"both-{checked}-{ipv4}-{ipv6}".lower()
        told({4: ipv4, 6: ipv6}, check if checked else None, name=name, ipv4="192.0.2.1", ipv6="2001:db8::1")
    for checked, state in itertools.product([True, False], TOLD):
        told({0: state}, check if checked else None, name=f"cdn-{checked}-{state}".lower(), hostname="cdn.example.com.")

    by_family: dict[int, list[str]] = {}
    for row in endpoint_states():
        by_family.setdefault(row.endpoint_id, []).append(row.state.value)
    standings = {row.endpoint_id: row for row in Standing.objects.all()}
    assert {key: row.state for key, row in standings.items()} == {k: together(v) for k, v in by_family.items()}
    assert {row.state for row in standings.values()} == set(RANKS)
    assert all(row.rank == RANKS[row.state] for row in standings.values())


def told(states: dict[int, str | None], check: Check | None, **fields: object) -> None:
    region = Region.objects.get(name="eu")
    endpoint = Endpoint.objects.create(team=region.team, region=region, **fields)
    if check:
        assign(check, [endpoint], NOON)
    EndpointHealth.objects.filter(endpoint=endpoint).delete()
    rows = [EndpointHealth(endpoint=endpoint, family=f, state=s, since=NOON) for f, s in states.items() if s]
    EndpointHealth.objects.bulk_create(rows)


def test_it_does_not_count_what_is_told_of_an_address_that_is_gone(check, fra_1):
    EndpointHealth.objects.create(endpoint=fra_1, family=6, state="down", since=NOON)

    assert fra_1.standing.state == "unknown"


def test_it_says_what_an_operator_forces(check, fra_1):
    force(fra_1, "drain", "disk", "ada", NOON)
    assert Standing.objects.get(endpoint=fra_1).forced == "drain"
    unforce(fra_1, "ada", NOON)
    assert Standing.objects.get(endpoint=fra_1).forced == ""


def test_an_endpoint_is_deleted_with_its_standing(check, fra_1):
    fra_1.assignments.all().delete()
    fra_1.delete()

    assert not Standing.objects.filter(endpoint_id=fra_1.pk).exists()

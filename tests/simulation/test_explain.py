"""An explanation is made by the responder itself, of what edges serve now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Membership, User
from healthchecks.models import Assignment, EndpointHealth, EndpointLoad, Transition
from healthchecks.services import HealthState, VantageChange, current_health, health_at, record_vantage_changes
from healthchecks.state import State
from regions.models import Endpoint, Region
from simulation.services import explain
from snapshots.models import Snapshot
from snapshots.services import NothingPublishedError, publish
from steering.models import Policy, Pool
from steering.services import save_policy

LATER_S = 4_102_444_800
"""The year 2100."""

YESTERDAY = (timezone.now() - timedelta(days=1)).replace(microsecond=0)

QUESTION: dict[str, Any] = {"qname": "www.demo.test.", "qtype": "A", "client": "198.51.100.53"}


def test_it_gives_the_answer_and_the_step_that_made_it(world):
    explained = explain("www.demo.test.", "A", "198.51.100.53", "203.0.113.0/24", LATER_S)

    assert explained["answer"]["records"] == ["www.demo.test. 30 IN A 192.0.2.2"]
    (step,) = explained["policies"][0]["steps"]
    assert [(drop["name"], step["kind"]) for drop in step["dropped"]] == [("fra-1", "healthy")]
    assert (explained["at"], explained["health_sequence"]) == (LATER_S, 1)


@pytest.mark.parametrize("qname", ["www.demo.test", "WWW.Demo.Test."])
def test_a_name_is_taken_as_people_write_it(world, qname):
    assert explain(qname, "a", "198.51.100.53")["answer"]["rcode"] == "NOERROR"


def test_a_name_of_no_zone_is_refused_as_edges_do(world):
    assert explain("www.example.net.", "A", "2001:db8::53")["answer"]["rcode"] == "REFUSED"


@pytest.mark.parametrize("ecs", [None, "", "203.0.113.0/24", "203.0.113.7", "2001:db8::/56", "0.0.0.0/0"])
def test_a_client_subnet_is_a_prefix_an_address_or_nothing(world, ecs):
    assert explain("www.demo.test.", "A", "198.51.100.53", ecs)["answer"]["rcode"] == "NOERROR"


@pytest.mark.parametrize(
    ("changed", "arguments"),
    [
        ({"qname": "a..b"}, {"qname"}),
        ({"qname": ""}, {"qname"}),
        ({"qname": "x" * 300}, {"qname"}),
        ({"qname": "ü.test."}, {"qname"}),
        ({"qtype": "NONSENSE"}, {"qtype"}),
        ({"qtype": "TYPE65536"}, {"qtype"}),
        ({"client": "dns.test."}, {"client"}),
        ({"client": "198.51.100.0/24"}, {"client"}),
        ({"client": "fe80::1%eth0"}, {"client"}),
        ({"ecs": "203.0.113.1/24"}, {"ecs"}),
        ({"ecs": "203.0.113.0/33"}, {"ecs"}),
        ({"ecs": "203.0.113.0/255.255.255.0x"}, {"ecs"}),
        ({"at": -1}, {"at"}),
        ({"at": 2**64}, {"at"}),
        ({"qname": "a..b", "client": "x", "ecs": "y"}, {"qname", "client", "ecs"}),
    ],
)
def test_every_argument_that_is_wrong_is_named(world, changed, arguments):
    with pytest.raises(ValidationError) as refused:
        explain(**(QUESTION | changed))

    assert set(refused.value.message_dict) == arguments


def test_a_past_moment_is_explained_with_the_generation_and_the_health_of_then(world, ops):
    Snapshot.objects.update(created=YESTERDAY)
    Transition.objects.update(at=YESTERDAY)
    EndpointHealth.objects.update(since=YESTERDAY)
    fra_2 = Endpoint.objects.get(name="fra-2")
    save_policy(Policy.objects.get(), pools=[Pool.objects.get()], steps=[{"kind": "first", "count": 2}])
    publish(timezone.now())
    fra_2.ipv4 = "192.0.2.99"
    fra_2.save()
    publish(timezone.now())

    past = explain(**QUESTION, at=int(YESTERDAY.timestamp()) + 1)
    assert (past["generation"], past["health_sequence"]) == (1, 1)
    assert past["answer"]["records"] == ["www.demo.test. 30 IN A 192.0.2.2"]
    now = explain(**QUESTION)
    assert now["generation"] == 3
    assert "www.demo.test. 30 IN A 192.0.2.99" in now["answer"]["records"]


def test_health_of_a_moment_is_what_was_told_by_then(world):
    Transition.objects.update(at=YESTERDAY)
    EndpointHealth.objects.update(since=YESTERDAY)
    fra_1 = Endpoint.objects.get(name="fra-1")
    vantage = Region.objects.get(name="eu")
    change = VantageChange(Assignment.objects.get().pk, 4, vantage.pk, State.UP, "", timezone.now())
    record_vantage_changes([change], timezone.now())

    assert health_at(YESTERDAY - timedelta(seconds=1)) == HealthState(0, [])
    assert health_at(YESTERDAY) == HealthState(1, [(fra_1.pk, 4, "down")])
    assert health_at(timezone.now()) == current_health()


def test_a_moment_of_which_nothing_is_kept_is_refused_with_how_far_back_it_goes(world):
    with pytest.raises(ValidationError, match="the oldest generation that is kept is of"):
        explain(**QUESTION, at=1)


def test_before_anything_is_published_it_says_so(ops):
    with pytest.raises(NothingPublishedError):
        explain(**QUESTION)


@pytest.fixture
def api(ops):
    user = User.objects.create_user("ada")
    Membership.objects.create(user=user, team=ops, role="admin")
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_rest_gives_the_same(api, world):
    response = api.post("/api/v1/explain", QUESTION | {"at": LATER_S})

    assert response.status_code == 200
    assert response.json() == explain(**QUESTION, at=LATER_S)


def test_rest_names_the_argument_that_is_wrong(api, world):
    response = api.post("/api/v1/explain", QUESTION | {"ecs": "203.0.113.1/24"})

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert [error["field"] for error in response.json()["errors"]] == ["ecs"]


def test_rest_before_anything_is_published_is_unavailable(api):
    response = api.post("/api/v1/explain", QUESTION)

    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert "published" in response.json()["detail"]


def test_each_candidate_has_what_vantages_say_of_its_health_and_the_load_it_told(world):
    _fra_1, fra_2 = Endpoint.objects.order_by("name")
    kept = {"sequence": 7, "current": 3.0, "share": 0.3, "max_age_s": 60, "measured": timezone.now()}
    EndpointLoad.objects.create(endpoint=fra_2, **kept)
    first, second = explain(**QUESTION)["policies"][0]["candidates"]

    vote = {"check": "web", "vantage": "eu", "state": "down", "cause": "connection refused"}
    assert (first["health"]["state"], first["health"]["votes"], first["load"]) == ("down", [vote], None)
    assert (second["health"], second["load"]["share"]) == (None, 0.3)


def test_of_a_past_moment_it_has_the_votes_of_then(world):
    Snapshot.objects.update(created=YESTERDAY - timedelta(hours=1))
    Transition.objects.update(at=YESTERDAY)
    vantage = Region.objects.get(name="eu")
    change = VantageChange(Assignment.objects.get().pk, 4, vantage.pk, State.UP, "", timezone.now())
    record_vantage_changes([change], timezone.now())

    def health_of_fra_1(at: datetime) -> Any:
        return explain(**QUESTION, at=int(at.timestamp()))["policies"][0]["candidates"][0]["health"]

    then = health_of_fra_1(YESTERDAY + timedelta(seconds=1))
    assert (then["state"], [vote["state"] for vote in then["votes"]]) == ("down", ["down"])
    assert then["since"] == int(YESTERDAY.timestamp())
    assert health_of_fra_1(YESTERDAY - timedelta(minutes=1)) is None

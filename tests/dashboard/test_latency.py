"""The page on latency: what was learned, whether it comes true, and versions that only administrators promote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from latency.history import memory
from latency.intake import Location
from latency.models import LatencyModel, LatencyParity
from latency.services import learn
from latency.versions import in_service, propose
from regions.models import EdgeNode, Site
from steering.models import Policy
from telemetry.models import QueryCount
from tests.dashboard.conftest import signed_in_as
from tests.latency.test_turns import measure


@pytest.fixture
def learned(fra_1, transactional_db):
    """A minute ago somebody in Lyon measured fra-1 twice; it was predicted once before."""
    memory.drop()
    now = datetime.now(UTC)
    for ago_s in (60, 30):
        at = now - timedelta(seconds=ago_s)
        measure(fra_1, 24.0, at=at)
        learn(at, lambda networks: [Location(64500, "FR", 45.8, 4.8) for _network in networks])


@pytest.fixture
def wary(transactional_db):
    """A version that passed the gate."""
    now = datetime.now(UTC)
    decision = propose("wary", {"caution": 1}, "fewer moves", None, now)
    comparison = {"country": "", "difference": 0.2, "error": 0.1, "margin": 0.5, "holds": True}
    regret = comparison | {"figure": "mean_ms", "incumbent": 4.04, "candidate": 4.24}
    decision.numbers = {"has_enough": True, "measurements": 900, "clients": 80, "comparisons": [regret]}
    decision.made, decision.passed, decision.incumbent = now, True, in_service(now)
    decision.save()
    return decision.candidate


def test_before_anything_is_measured_the_page_says_what_to_do(adas_browser):
    page = adas_browser.get("/latency/").content.decode()

    assert "Nothing was measured yet" in page
    assert "rum-url" in page
    assert "built-in" in page


def test_what_was_learned_is_shown_by_region_and_country(adas_browser, learned, eu):
    response = adas_browser.get("/latency/")
    latency = response.context["latency"]

    assert (latency.turn[0], latency.calibration.all.count, latency.clients) == (2, 2, 1)
    (row,) = latency.regions
    assert (row.region, row.sums.count, row.served, row.own_share) == (eu, 2, 1, 1.0)
    (mark,) = latency.figures["latency"]["countries"]
    assert (mark["name"], mark["region"], mark["served"]) == ("France", 0, [[0, 1]])
    assert len(latency.figures["latency"]["deciles"]) == 10
    assert "own 100 %" in response.content.decode()


def test_another_teams_regions_are_not_shown(bobs_browser, learned):
    latency = bobs_browser.get("/latency/").context["latency"]

    assert latency.regions == []
    assert latency.figures["latency"]["countries"] == []


def test_how_much_is_explored_is_shown_of_ones_own_policies(carols_browser, demo, learned):
    site = Site.objects.create(team=demo, name="fra", latitude=50, longitude=8)
    node = EdgeNode.objects.create(team=demo, site=site, name="local", token_digest="x")
    www = Policy.objects.filter(team=demo).first()
    bucket = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
    for policy, explored in ((www.pk, 3), (www.pk + 1000, 100)):
        QueryCount.objects.create(
            bucket=bucket, node=node, policy_id=policy, endpoint_id=1, rcode=0, count=100, explored=explored
        )
    latency = carols_browser.get("/latency/").context["latency"]

    assert latency.explored == 0.03
    assert [point["share"] for point in latency.figures["latency"]["explored"]] == [0.03]


def test_alarms_are_the_first_thing_on_the_page(adas_browser, learned):
    LatencyParity.objects.create(
        checked=datetime.now(UTC), since_turn=1, until_turn=7, maps=2, octets=9, mismatches=1, first_mismatch=4
    )

    assert "is not what its turns give" in adas_browser.get("/latency/").content.decode()


def test_an_administrator_promotes_and_returns(roots_browser, wary):
    page = roots_browser.get("/latency/").content.decode()
    assert "4.0 ms → 4.2 ms" in page
    assert "Promote" in page

    promoted = roots_browser.post(f"/latency/models/{wary.pk}/promote/", follow=True)
    assert "wary is in service from the next turn on." in promoted.content.decode()
    first = LatencyModel.objects.get(name="built-in")
    assert "Return to it" in promoted.content.decode()
    roots_browser.post(f"/latency/models/{first.pk}/return/")

    assert in_service(datetime.now(UTC)) == first
    assert first.promotions.first().made_by.username == "root"


def test_an_administrator_proposes_a_version_and_has_it_decided_again(roots_browser):
    shown = roots_browser.get("/latency/models/new/").content.decode()
    assert "half_life_s" in shown, "what is in service is there to start from"
    said = {"name": "calmer", "note": "fewer moves", "parameters": '{"switching": {"switch_ms": 6}}'}
    page = roots_browser.post("/latency/models/new/", said, follow=True).content.decode()
    assert "calmer is proposed." in page

    calmer = LatencyModel.objects.get(name="calmer")
    assert calmer.parameters["switching"]["switch_ms"] == 6
    assert (calmer.note, calmer.created_by.username) == ("fewer moves", "root")
    calmer.decisions.update(made=datetime.now(UTC), passed=False, numbers={}, incumbent=in_service(datetime.now(UTC)))
    assert "Decide again" in roots_browser.get("/latency/").content.decode()
    roots_browser.post(f"/latency/models/{calmer.pk}/ask/")
    assert calmer.decisions.filter(made=None).count() == 1


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"name": "Not A Name"}, "name", "Use lower-case letters"),
        ({"parameters": "{caution"}, "parameters", "This is not JSON."),
        ({"parameters": "[1]"}, "parameters", "Say an object"),
        ({"parameters": '{"switching": {"switch_ms": -1}}'}, "parameters", "switching.switch_ms: Say a number above 0"),
        ({"parameters": '{"luck": 1}'}, "parameters", "luck: There is no such parameter"),
    ],
)
def test_a_wrong_proposal_is_refused_beside_its_field(roots_browser, change, field, problem):
    said = {"name": "calmer", "note": "", "parameters": '{"caution": 1}'} | change
    response = roots_browser.post("/latency/models/new/", said)

    assert response.status_code == 422
    assert problem in str(response.context["form"].errors[field])
    assert not LatencyModel.objects.exclude(name="built-in").exists()


def test_what_cannot_be_promoted_says_why(roots_browser):
    model = in_service(datetime.now(UTC))
    page = roots_browser.post(f"/latency/models/{model.pk}/promote/", follow=True).content.decode()

    assert "built-in is in service already." in page


def test_others_see_versions_and_promote_none(adas_browser, ada, wary):
    assert "Promote" not in adas_browser.get("/latency/").content.decode()
    assert "Propose a version" not in adas_browser.get("/latency/").content.decode()
    assert adas_browser.get("/latency/models/new/").status_code == 403
    for how in ("promote", "return", "ask"):
        assert signed_in_as(ada).post(f"/latency/models/{wary.pk}/{how}/").status_code == 403
    assert in_service(datetime.now(UTC)).name == "built-in"

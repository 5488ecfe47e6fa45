"""What was learned over REST: how good it is, and who may have learning go by other parameters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import create_token
from latency.calibration import ENOUGH
from latency.models import LatencyCalibration, LatencyCoverage, LatencyParity, LatencyPromotion
from latency.tasks import judge_models
from latency.versions import in_service
from tests.api.conftest import client_with

URL = "/api/v1/latency"
PROPOSAL = {"name": "wary", "note": "fewer moves", "parameters": {"switching": {"switch_ms": 6}}}


@pytest.fixture
def root_api(ada, ops):
    """The API as an administrator's token sees it."""
    ada.is_superuser = True
    ada.save()
    return client_with(create_token(ada, ops, "desk")[1])


@pytest.fixture
def compared(eu):
    """Predictions of eu, half of what came, and of somebody else's region."""
    now = timezone.now()
    sums = {"predicted_log": 3912 * ENOUGH, "ratio_log": 693 * ENOUGH, "ratio_log_absolute": 693 * ENOUGH}
    for region in (eu.pk, eu.pk + 1000):
        LatencyCalibration.objects.create(
            bucket=now - timedelta(minutes=10), region_id=region, country="FR", bin=45, count=ENOUGH,
            ratio_log_square=693**2 * ENOUGH, error_us=50_000 * ENOUGH, newest=now, **sums,
        )  # fmt: skip
    LatencyCoverage.objects.create(
        country="FR", region_id=eu.pk, clients=9, served=5, own=4, network=3, of_country=1, samples=12.5
    )


def test_the_status_names_the_version_and_the_alarms(api, compared):
    status = api.get(f"{URL}/status").json()

    assert (status["turn"], status["model"], status["parity"], status["mismatches"]) == (None, "built-in", None, [])
    (drift,) = status["drifts"]
    assert (drift["region"], drift["kind"], drift["count"]) == (None, "bias", 2 * ENOUGH)
    assert drift["value"] == pytest.approx(0.693)


def test_a_map_that_is_another_one_is_in_the_status(api):
    LatencyParity.objects.create(
        checked=timezone.now(), since_turn=1, until_turn=7, maps=2, octets=900, mismatches=1, first_mismatch=4
    )
    status = api.get(f"{URL}/status").json()

    assert status["parity"]["first_mismatch"] == 4
    assert len(status["mismatches"]) == 1


def test_calibration_says_what_was_predicted_and_what_came(api, compared):
    found = api.get(f"{URL}/calibration").json()

    assert (found["all"]["count"], found["all"]["error_ms"]) == (2 * ENOUGH, 50)
    assert len(found["deciles"]) == 10
    assert found["deciles"][0]["predicted_ms"] == pytest.approx(50, abs=0.1)
    assert found["deciles"][0]["observed_ms"] == pytest.approx(100, abs=0.1)
    assert [region["region"] for region in found["regions"]] == ["eu"]


@pytest.mark.parametrize("since", ["yesterday", "2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"])
def test_calibration_is_of_the_last_day(api, refused, since):
    assert refused(api.get(f"{URL}/calibration?since={since}"), 400)["errors"][0]["field"] == "since"


def test_coverage_says_what_estimates_rest_on(api, rival_api, compared):
    (country,) = api.get(f"{URL}/coverage").json()

    assert (country["country"], country["clients"], country["answers"]) == ("FR", 9, 0)
    (region,) = country["regions"]
    assert {name: region[name] for name in ("region", "own", "network", "country", "other", "served")} == {
        "region": "eu", "own": 4, "network": 3, "country": 1, "other": 1, "served": 5,
    }  # fmt: skip
    assert region["youngest"] is not None
    assert rival_api.get(f"{URL}/coverage").json()[0]["regions"] == []


def test_a_proposal_is_decided_on_and_what_did_not_pass_is_not_promoted(root_api, refused):
    proposed = root_api.post(f"{URL}/models", PROPOSAL)
    assert proposed.status_code == 201, proposed.content
    assert proposed.json()["parameters"]["switching"] == {"switch_ms": 6.0, "switch_percent": 5.0}
    assert [decision["passed"] for decision in proposed.json()["decisions"]] == [None]

    judge_models()
    (decision,) = root_api.get(f"{URL}/decisions").json()["results"]
    assert (decision["candidate"], decision["incumbent"], decision["passed"]) == ("wary", "built-in", False)
    assert decision["numbers"]["has_enough"] is False
    assert root_api.get(f"{URL}/decisions/{decision['id']}").json() == decision
    assert "did not pass" in refused(root_api.post(f"{URL}/models/wary/promote"), 409)["detail"]

    assert root_api.post(f"{URL}/models/wary/ask").status_code == 202
    assert len(root_api.get(f"{URL}/models/wary").json()["decisions"]) == 2


def test_who_promoted_and_returned_is_kept(root_api, ada):
    now = timezone.now()
    first = in_service(now)
    root_api.post(f"{URL}/models", PROPOSAL)
    wary = root_api.get(f"{URL}/models").json()["results"][1]
    assert wary["name"] == "wary"
    first_decision = LatencyPromotion.objects.get().model.decisions.model.objects.get()
    first_decision.made, first_decision.passed, first_decision.incumbent = now, True, first
    first_decision.save()

    (promotion,) = root_api.post(f"{URL}/models/wary/promote").json()["promotions"]
    assert (promotion["made_by"], promotion["decision"], promotion["until"]) == ("ada", first_decision.pk, None)
    returned = root_api.post(f"{URL}/models/built-in/return").json()["promotions"]
    assert [(time["made_by"], time["returns_to"]) for time in returned] == [("ada", 1), (None, None)]


def test_only_administrators_propose_and_promote(api, refused):
    in_service(timezone.now())
    for url, body in (
        (f"{URL}/models", PROPOSAL),
        (f"{URL}/models/built-in/return", {}),
        (f"{URL}/models/built-in/ask", {}),
    ):
        assert "administrator" in refused(api.post(url, body), 403)["detail"]
    assert [model["name"] for model in api.get(f"{URL}/models").json()["results"]] == ["built-in"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Wary!"}, "name"),
        ({"name": "built-in"}, "name"),
        ({"parameters": {"model": {"half_life": 3}}}, "parameters.model.half_life"),
        ({"parameters": [3]}, "parameters"),
        ({"parametres": {}}, "parametres"),
    ],
)
def test_a_proposal_that_cannot_be_names_the_field(root_api, refused, change, field):
    in_service(timezone.now())
    assert refused(root_api.post(f"{URL}/models", PROPOSAL | change), 400)["errors"][0]["field"] == field

"""Files that say how things are to be, over HTTP."""

from __future__ import annotations

from changes.models import Change
from regions.models import Region

URL = "/api/v1/declarations/shop"
REGIONS = {"regions": [{"name": "us", "latitude": 39.0, "longitude": -77.5}]}


def test_a_trial_opens_no_change(api):
    answer = api.put(f"{URL}?dry_run=1", REGIONS)

    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert (said["done"], said["change"], said["unchanged"]) == (False, None, 0)
    assert [(one["kind"], one["key"], one["action"]) for one in said["plan"]["objects"]] == [
        ("regions", "us", "create")
    ]
    assert not Change.objects.exists()
    assert not Region.objects.exists()


def test_the_change_that_is_opened_makes_it_so_once_it_is_published(api):
    number = api.put(URL, REGIONS).json()["change"]
    assert not Region.objects.exists()

    assert api.post(f"/api/v1/changes/{number}/publish").status_code == 200
    assert Region.objects.get().name == "us"
    assert api.put(URL, REGIONS).json()["done"] is True
    assert [(row["kind"], row["key"]) for row in api.get(URL).json()] == [("regions", "us")]


def test_what_is_given_up_is_nobody_s_and_stays(api, rival_api, refused):
    number = api.put(URL, REGIONS).json()["change"]
    api.post(f"/api/v1/changes/{number}/publish")

    refused(rival_api.delete(URL), 404)
    assert api.delete(URL).status_code == 204
    refused(api.get(URL), 404)
    assert Region.objects.exists()


def test_what_cannot_be_taken_is_named(api, refused):
    problem = refused(api.put(URL, {"regions": [{"name": "us", "latitude": 99, "longitude": 0}]}), 400)
    assert [error["field"] for error in problem["errors"]] == ["regions us"]
    refused(api.put(URL, []), 400)
    refused(api.put(f"{URL}?adopt=maybe", REGIONS), 400)
    refused(api.put(f"{URL}?adpot=1", REGIONS), 400)

"""Many objects in one request, all or nothing."""

from __future__ import annotations

import pytest

from regions.models import Endpoint, Region
from zones.services import create_zone


@pytest.fixture
def zone(ops):
    return create_zone(ops, "demo.test")


def endpoint(name, **fields):
    return {"name": name, "region": "eu", "ipv4": "192.0.2.9", **fields}


def test_many_are_created_by_one_request(api, eu, published):
    answer = api.post("/api/v1/endpoints", [endpoint("a"), endpoint("b", weight=7)])

    assert answer.status_code == 201, answer.content
    assert [(row["name"], row["weight"]) for row in answer.json()["results"]] == [("a", None), ("b", 7)]
    assert len(published) == 1


def test_what_is_wrong_with_one_is_said_at_its_place_and_none_is_created(api, eu, refused):
    problem = refused(api.post("/api/v1/endpoints", [endpoint("a"), endpoint("B"), endpoint("c", region="mars")]), 400)

    assert [error["field"] for error in problem["errors"]] == ["1.name", "2.region"]
    assert not Endpoint.objects.exists()


def test_a_name_that_comes_twice_is_refused_where_it_comes_again(api, eu, refused):
    problem = refused(api.post("/api/v1/endpoints", [endpoint("a"), endpoint("a")]), 400)

    assert [error["field"] for error in problem["errors"]] == ["1.name"]


def test_many_are_replaced_or_created(api, fra_1, fra_2):
    fra_1.weight = 3
    fra_1.save()
    answer = api.put("/api/v1/endpoints", [endpoint("fra-1"), endpoint("new", weight=1)])

    assert answer.status_code == 200, answer.content
    assert [(row["name"], row["weight"]) for row in answer.json()["results"]] == [("fra-1", None), ("new", 1)]
    assert Endpoint.objects.count() == 3


def test_of_many_the_named_fields_are_changed(api, fra_1, fra_2, refused):
    assert api.patch("/api/v1/endpoints", [{"name": "fra-1", "weight": 4}]).status_code == 200
    fra_1.refresh_from_db()
    assert (fra_1.weight, fra_1.ipv4) == (4, "192.0.2.1")

    problem = refused(api.patch("/api/v1/endpoints", [{"name": "fra-2", "weight": 5}, {"name": "gone"}, {}]), 400)
    assert [error["field"] for error in problem["errors"]] == ["1", "2.name"]
    fra_2.refresh_from_db()
    assert fra_2.weight is None


def test_many_are_deleted_or_none(api, fra_1, fra_2, refused):
    problem = refused(api.delete("/api/v1/endpoints?name=fra-1,gone"), 400)
    assert problem["errors"] == [{"field": "1.name", "message": "There is no endpoint gone."}]
    assert Endpoint.objects.count() == 2

    assert api.delete("/api/v1/endpoints?name=fra-1&name=fra-2").status_code == 204
    assert not Endpoint.objects.exists()


def test_what_can_be_no_key_is_refused_where_it_stands(api, refused):
    problem = refused(api.delete("/api/v1/zones?origin=a..b,\u00e4.test."), 400)
    assert {error["field"] for error in problem["errors"]} == {"0.origin", "1.origin"}


def test_one_that_is_in_use_keeps_all(api, fra_1, refused):
    Region.objects.create(team=fra_1.team, name="us", latitude=0, longitude=0)

    problem = refused(api.delete("/api/v1/regions?name=us,eu"), 400)
    assert problem["errors"] == [{"field": "1.name", "message": "eu is in use: fra-1."}]
    assert Region.objects.count() == 2


def test_nothing_is_deleted_without_a_name(api, fra_1, refused):
    refused(api.delete("/api/v1/endpoints"), 400)
    refused(api.delete("/api/v1/endpoints?region=eu"), 400)
    assert Endpoint.objects.count() == 1


@pytest.mark.parametrize("body", [[], [{"name": "x"}] * 1001, {"name": "x"}, "x", [3]])
def test_an_array_of_another_kind_or_size_is_refused(api, refused, body):
    refused(api.put("/api/v1/pools", body), 400)


def test_another_team_s_are_not_touched(api, rival_api, fra_1, refused):
    refused(rival_api.delete("/api/v1/endpoints?name=fra-1"), 400)
    refused(rival_api.patch("/api/v1/endpoints", [{"name": "fra-1", "weight": 1}]), 400)
    fra_1.refresh_from_db()
    assert fra_1.weight is None


def record_set(name, *records, **fields):
    return {"name": name, "type": "A", "ttl": 60, "records": records or ["192.0.2.1"], **fields}


def test_record_sets_are_written_and_deleted_together(api, zone):
    base = "/api/v1/zones/demo.test./rrsets"
    before = api.get("/api/v1/zones/demo.test.").json()["serial"]
    assert api.put(base, [record_set("a"), record_set("B.demo.test.")]).status_code == 200
    assert {row["name"] for row in api.get(f"{base}?type=A").json()["results"]} == {"a", "b"}
    assert api.get("/api/v1/zones/demo.test.").json()["serial"] > before

    assert api.delete(f"{base}?key=a/A&key=B.demo.test./a").status_code == 204
    assert api.get(f"{base}?type=A").json()["results"] == []


def test_record_sets_that_are_wrong_leave_the_zone_as_it_is(api, zone, refused):
    base = "/api/v1/zones/demo.test./rrsets"
    body = [record_set("a"), record_set("b", "nonsense"), record_set("c.elsewhere."), {"name": "d"}]

    problem = refused(api.put(base, body), 400)
    assert [error["field"] for error in problem["errors"]] == ["1.records", "2.name", "3.type"]
    assert api.get(f"{base}?type=A").json()["results"] == []


def test_zones_are_created_and_deleted_together(api):
    origins = [{"origin": "a.test."}, {"origin": "b.test."}]
    assert [row["origin"] for row in api.post("/api/v1/zones", origins).json()["results"]] == ["a.test.", "b.test."]
    assert api.delete("/api/v1/zones?origin=a.test.,b.test.").status_code == 204
    assert api.get("/api/v1/zones").json()["results"] == []


@pytest.mark.parametrize("query", ["zones?origin=%EF%BC%91", "zones?origin=.."])
def test_what_no_object_can_be_called_is_not_there(api, query):
    answer = api.delete(f"/api/v1/{query}")
    assert answer.status_code == 400, answer.content
    assert "There is no" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["delete", "patch", "put"])
def test_a_zero_octet_is_in_no_name(api, refused, method):
    if method == "delete":
        answer = api.delete("/api/v1/pools?name=a%00b")
    else:
        answer = getattr(api, method)("/api/v1/pools", [{"name": "a\0b"}], format="json")

    refused(answer, 400)

"""A list shows what is asked for: these objects, in this order, of them these fields."""

from __future__ import annotations

import pytest

from regions.models import Endpoint, Region
from steering.models import Pool
from tests.api.test_paging import names, walk
from zones.services import create_zone, put_record_set


@pytest.fixture
def endpoints(ops, eu):
    us = Region.objects.create(team=ops, name="us", latitude=40, longitude=-74)
    rows = [("a", eu, 3, {"tier": "gpu"}), ("b", us, 1, {"tier": "cpu"}), ("c", eu, 2, {}), ("d", us, 1, {})]
    return [
        Endpoint.objects.create(team=ops, name=name, region=region, port=port, labels=labels, ipv4=f"192.0.2.{port}")
        for name, region, port, labels in rows
    ]


def listed(api, query, path="endpoints"):
    answer = api.get(f"/api/v1/{path}?{query}")
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ordering=port", "bdca"),
        ("ordering=-port", "acbd"),
        ("ordering=port,-name", "dbca"),
        ("ordering=-name", "dcba"),
        ("region=eu", "ac"),
        ("region=eu,us&name=a,b", "ab"),
        ("label=tier", "ab"),
        ("label=tier:gpu", "a"),
        ("search=192.0.2.3", "a"),
        ("address=192.0.2.1", "bd"),
        ("address=nowhere.test.", ""),
        ("created_since=2100-01-01T00:00:00Z", ""),
        ("created_before=2100-01-01T00:00:00Z", "abcd"),
    ],
)
def test_a_list_is_filtered_and_ordered(api, endpoints, query, expected):
    assert listed(api, query) == list(expected)


def test_pages_of_another_order_follow_each_other(api, endpoints):
    assert names(walk(api, "/api/v1/endpoints?ordering=port&limit=1")) == [["b"], ["d"], ["c"], ["a"]]
    assert names(walk(api, "/api/v1/endpoints?ordering=-updated,port&limit=3")) == [["d", "c", "b"], ["a"]]


def test_a_key_with_slashes_is_the_key_of_a_page(api, ops):
    for origin in ("0/26.2.0.192.in-addr.arpa.", "1/26.2.0.192.in-addr.arpa.", "z.test."):
        create_zone(ops, origin)
    pages = walk(api, "/api/v1/zones?limit=1")
    assert [[zone["origin"][0] for zone in page] for page in pages] == [["0"], ["1"], ["z"]]


@pytest.mark.parametrize(
    "query", ["ordering=labels", "ordering=capacity", "ordering=name,-name", "ordering=team__name"]
)
def test_no_other_order_is_offered(api, refused, query):
    assert refused(api.get(f"/api/v1/endpoints?{query}"), 400)["errors"][0]["field"] == "ordering"


def test_of_each_object_the_chosen_fields_are_shown(api, fra_1):
    page = api.get("/api/v1/endpoints?fields=region,name").json()
    assert page == {"next": None, "results": [{"region": "eu", "name": "fra-1"}]}
    assert api.get("/api/v1/endpoints/fra-1?fields=ipv4").json() == {"ipv4": "192.0.2.1"}


@pytest.mark.parametrize("query", ["fields=name,secret", "fields="])
def test_a_field_that_there_is_not_is_refused(api, refused, query, fra_1):
    for path in ("endpoints", "endpoints/fra-1"):
        assert refused(api.get(f"/api/v1/{path}?{query}"), 400)["errors"][0]["field"] == "fields"


def test_a_slip_of_the_pen_shows_not_everything_but_what_there_is(api, refused):
    [error] = refused(api.get("/api/v1/endpoints?regoin=eu"), 400)["errors"]
    assert error["field"] == "regoin"
    assert "region" in error["message"]


def test_a_slip_of_the_pen_in_a_request_that_writes_changes_nothing(api, refused, eu):
    refused(api.delete("/api/v1/regions/eu?dryrun=1"), 400)
    assert Region.objects.filter(name="eu").exists()


def test_a_moment_that_no_database_knows_is_refused(api, refused):
    refused(api.get("/api/v1/regions?created_before=0389-01-29T11:53:22%2B19:21"), 400)


def test_record_sets_are_found_by_what_they_say(api, ops):
    zone = create_zone(ops, "demo.test")
    put_record_set(zone, "mail", "A", 60, ["192.0.2.25"])
    put_record_set(zone, "www", "A", 60, ["192.0.2.80"])

    assert listed(api, "search=2.25", "zones/demo.test./rrsets") == ["mail"]
    assert listed(api, "type=A&steered=false", "zones/demo.test./rrsets") == ["mail", "www"]
    assert listed(api, "name=www&type=A,AAAA", "zones/demo.test./rrsets") == ["www"]


def test_pools_and_checks_are_found_by_what_they_hold(api, ops, fra_1, fra_2):
    for endpoint in (fra_1, fra_2):
        pool = Pool.objects.create(team=ops, name=f"pool-of-{endpoint.name}")
        pool.members.create(endpoint=endpoint, position=0)
    assert listed(api, "endpoint=fra-2", "pools") == ["pool-of-fra-2"]
    assert listed(api, "pool=pool-of-fra-1", "endpoints") == ["fra-1"]


@pytest.mark.parametrize("query", ["region=", "created_since=", "name=&region=eu", "address=", "after="])
def test_a_parameter_that_says_nothing_is_refused_as_it_would_show_everything(api, endpoints, refused, query):
    refused(api.get(f"/api/v1/endpoints?{query}"), 400)


def test_a_search_for_nothing_finds_everything(api, endpoints):
    assert listed(api, "search=&ordering=") == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("said", "expected"), [("true", ["eu"]), ("TRUE", ["eu"]), ("false", ["us"])])
def test_a_filter_is_true_or_false(api, endpoints, said, expected):
    Region.objects.filter(name="us").update(is_vantage=False)
    assert listed(api, f"is_vantage={said}", "regions") == expected


@pytest.mark.parametrize("said", ["yes", "1", "null", "nonsense"])
def test_a_filter_that_is_neither_true_nor_false_is_refused(api, refused, said):
    assert refused(api.get(f"/api/v1/regions?is_vantage={said}"), 400)["errors"] == [
        {"field": "is_vantage", "message": "Say true or false."}
    ]

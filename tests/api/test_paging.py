"""Lists come in pages that stay whole while objects come and go."""

from __future__ import annotations

import pytest

from regions.models import Endpoint, Region
from snapshots.models import Snapshot
from tests.api.conftest import member_of


@pytest.fixture
def five_regions(ops):
    Region.objects.bulk_create([Region(team=ops, name=name, latitude=0, longitude=0) for name in "decab"])


def walk(api, url):
    """The pages from here to the last."""
    while url:
        page = api.get(url).json()
        yield page["results"]
        url = page["next"]


def names(pages):
    return [[row["name"] for row in page] for page in pages]


def test_pages_follow_each_other_in_order(api, five_regions):
    assert names(walk(api, "/api/v1/regions?limit=2")) == [["a", "b"], ["c", "d"], ["e"]]
    assert names(walk(api, "/api/v1/regions?limit=5")) == [["a", "b", "c", "d", "e"]]
    assert names(walk(api, "/api/v1/regions")) == [["a", "b", "c", "d", "e"]]


def test_an_empty_list_is_one_empty_page(api):
    assert api.get("/api/v1/regions").json() == {"next": None, "results": []}


def test_what_comes_and_goes_between_pages_shifts_nothing(api, five_regions):
    pages = walk(api, "/api/v1/regions?limit=2")
    assert names([next(pages)]) == [["a", "b"]]
    Region.objects.filter(name__in=["a", "b"]).delete()

    assert names(pages) == [["c", "d"], ["e"]]


def test_a_filter_holds_on_every_page(api, ops, five_regions):
    for region in Region.objects.order_by("name"):
        for number in (1, 2):
            Endpoint.objects.create(team=ops, name=f"{region.name}-{number}", region=region, ipv4="192.0.2.1")

    assert names(walk(api, "/api/v1/endpoints?region=b&limit=1")) == [["b-1"], ["b-2"]]


def test_the_newest_snapshot_comes_first(api):
    Snapshot.objects.bulk_create([Snapshot(generation=number, manifest="{}", changes=[]) for number in (1, 2, 10)])
    pages = list(walk(api, "/api/v1/snapshots?limit=2"))

    assert [[snapshot["generation"] for snapshot in page] for page in pages] == [[10, 2], [1]]
    assert api.get("/api/v1/snapshots/10").json()["manifest"] == {}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "limit=99999999999"])
def test_a_page_of_another_size_is_refused(api, refused, query):
    assert refused(api.get(f"/api/v1/regions?{query}"), 400)["errors"][0]["field"] == "limit"


@pytest.mark.parametrize("path", ["regions?after=%00", "snapshots?after=x", "transitions?after=1.5"])
def test_a_page_after_what_is_no_key_is_refused(api, refused, path):
    assert refused(api.get(f"/api/v1/{path}"), 400)["errors"][0]["field"] == "after"


def test_a_page_after_a_number_beyond_all_is_empty_or_whole(api):
    assert api.get("/api/v1/snapshots?after=" + "9" * 30).json()["results"] == []


def test_a_list_without_names_has_pages_too(api, ops):
    for name in ("bob", "carol"):
        member_of(ops, name)
    first = api.get("/api/v1/members?limit=2").json()

    assert [row["user"] for row in first["results"]] == ["ada", "bob"]
    assert [row["user"] for row in api.get(first["next"]).json()["results"]] == ["carol"]


@pytest.mark.parametrize("after", ["x", "%00", "1/2"])
def test_a_page_of_a_list_without_names_after_what_is_no_key_is_refused(api, refused, after):
    assert refused(api.get(f"/api/v1/members?after={after}"), 400)["errors"][0]["field"] == "after"

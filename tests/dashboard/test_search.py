"""Search: what is found by which text, that it is the user's own, and where it leads."""

from __future__ import annotations

import pytest

from dashboard.search import search
from dashboard.urls import SECTIONS
from regions.models import Endpoint
from tests.dashboard.conftest import member_of
from zones.models import Zone

MOST_QUERIES = 35


@pytest.fixture
def carol(demo):
    return member_of(demo, "carol-who-searches")


def found(user, text: str, most: int = 10) -> dict[str, list[str]]:
    return {group.title: [hit.title for hit in group.hits] for group in search(SECTIONS, user, text, most)}


@pytest.mark.parametrize(
    ("text", "kind", "title"),
    [
        ("www.demo.test", "Record sets", "www.demo.test."),
        ("www.demo.test.", "Record sets", "www.demo.test."),
        ("WWW.dem", "Record sets", "www.demo.test."),
        ("mai", "Record sets", "mail.demo.test."),
        ("sip._tcp", "Record sets", "_sip._tcp.demo.test."),
        ("demo.te", "Zones", "demo.test."),
        ("sin-", "Endpoints", "sin-1"),
        ("127.0.1.2", "Endpoints", "fra-2"),
        ("asia", "Regions", "asia"),
        ("www", "Policies", "www"),
        ("http", "Checks", "demo-http"),
    ],
)
def test_a_thing_is_found_by_its_name_or_a_part_of_it(carol, text: str, kind: str, title: str):
    assert title in found(carol, text).get(kind, [])


def test_what_is_called_so_comes_before_what_only_contains_it(demo, carol):
    region = Endpoint.objects.filter(team=demo).first().region
    for name in ("a-fra", "fra", "fra-0"):
        Endpoint.objects.create(team=demo, name=name, region=region, ipv4="192.0.2.1")

    assert found(carol, "fra")["Endpoints"] == ["fra", "fra-0", "fra-1", "fra-2", "a-fra"]


def test_more_than_are_shown_are_a_link_away(carol):
    (group,) = [group for group in search(SECTIONS, carol, "-1", 2) if group.title == "Endpoints"]

    assert len(group.hits) == 2
    assert group.all_url == "/endpoints/?q=-1"


def test_nothing_is_found_by_nothing(carol):
    assert found(carol, "  ") == {}
    assert found(carol, "no such thing") == {}
    assert found(carol, "a%b_c\\") == {}


def test_others_see_nothing_of_it(demo, rivals):
    bob = member_of(rivals, "bob-who-searches")

    assert found(bob, "www.demo.test") == {}
    assert found(bob, "www") == {}
    assert found(bob, "fra-1") == {}


def test_a_hit_leads_to_its_page(carols_browser, carol):
    for text in ("www.demo.test", "demo", "fra-1", "www", "eu"):
        for group in search(SECTIONS, carol, text, 3):
            for hit in group.hits:
                assert hit.title.removesuffix(".demo.test.") in carols_browser.get(hit.url).content.decode(), hit.url


def test_a_search_asks_the_same_of_the_database_however_much_there_is(
    carols_browser, demo, django_assert_max_num_queries
):
    Zone.objects.bulk_create(Zone(team=demo, origin=f"z{number}.test.") for number in range(300))
    with django_assert_max_num_queries(MOST_QUERIES):
        page = carols_browser.get("/search/", {"q": "test"})

    assert page.status_code == 200


def test_the_palette_gets_a_part_of_the_page(carols_browser):
    part = carols_browser.get("/search/", {"q": "fra-1"}, headers={"HX-Request": "true"})

    assert "<html" not in part.content.decode()
    assert 'role="option"' in part.content.decode()
    assert "HX-Request" in part["Vary"]


def test_a_name_of_many_labels_is_not_cut_at_each(carols_browser, django_assert_max_num_queries):
    with django_assert_max_num_queries(45):
        assert carols_browser.get("/search/", {"q": "a." * 127}).status_code == 200

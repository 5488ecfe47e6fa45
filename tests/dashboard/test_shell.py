"""What is around every page: where one is, what it is called, how to skip to it, and in whose time it tells times."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tests.dashboard.test_pages import LISTS

CRUMBS = re.compile(r'<nav class="crumbs"[^>]*><ol>(.*?)</ol></nav>', re.DOTALL)
PLACES = [*LISTS, "overview", "explain", "health", "latency", "capacity", "fleet", "preferences", "search"]


@pytest.mark.parametrize("name", PLACES)
def test_a_page_says_where_one_is(carols_browser, name: str):
    page = carols_browser.get(reverse(name)).content.decode()

    assert CRUMBS.search(page).group(1).count('aria-current="page"') == 1
    assert re.search(r"<title>\s*[^·\s][^·]* · trafficmgr</title>", page)
    assert page.count("<h1") == 1
    assert '<a class="skip" href="#content">' in page


@pytest.mark.parametrize("path", ["/endpoints/new/", "/zones/demo.test./", "/zones/demo.test./records/new/"])
def test_the_crumbs_of_a_page_lead_up(carols_browser, path: str):
    crumbs = CRUMBS.search(carols_browser.get(path).content.decode()).group(1)

    for link in re.findall(r'href="(/[^"]*)"', crumbs):
        assert carols_browser.get(link).status_code == 200
    assert crumbs.count("<li") > crumbs.count("aria-current")


def test_times_are_told_in_the_zone_of_the_browser_unless_someone_prefers_utc(carols_browser):
    assert 'data-time-zone="browser"' in carols_browser.get("/").content.decode()
    assert carols_browser.post("/preferences/", {"time_zone": "utc"}).status_code == 302

    assert 'data-time-zone="utc"' in carols_browser.get("/").content.decode()
    assert carols_browser.cookies["time-zone"]["samesite"] == "Lax"


@pytest.mark.parametrize("zone", ["", "mars", "utc\r\nx: y"])
def test_a_zone_that_is_none_is_not_kept(carols_browser, zone: str):
    carols_browser.post("/preferences/", {"time_zone": zone})

    assert "time-zone" not in carols_browser.cookies


def test_a_time_says_when_it_was_in_utc(carols_browser):
    page = carols_browser.get("/snapshots/1/").content.decode()

    assert re.search(r'<time datetime="[0-9T:-]+Z" data-moment>[0-9: -]+ UTC</time>', page)
    assert re.search(r'<time datetime="[0-9T:-]+Z" title="[0-9: -]+ UTC" data-age>(now|\d+ \w+ ago)</time>', page)


@pytest.mark.parametrize("name", ["sites", "nodes", "channels"])
def test_an_empty_list_says_how_the_first_one_is_made_on_the_command_line(carols_browser, name: str):
    page = carols_browser.get(reverse(name)).content.decode()

    assert f"$TRAFFICMGR_URL/api/v1/{name} -d" in page

"""Tables as files: every list as CSV and JSON, the same rows as its page, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import json
import re

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient
from django.urls import reverse

from dashboard.exports import BATCH
from dashboard.urls import SECTIONS
from healthchecks.alerts.models import AlertRule, Channel
from regions.models import Endpoint

LISTS = [*(section.slug for section in SECTIONS), "snapshots", "deliveries", "fleet"]
DOWNLOAD = re.compile(r'href="\?([^"]*format=(csv|json)[^"]*)" download')


@pytest_asyncio.fixture
async def file_of(carols_browser):
    """What carol's browser saves of a URL: its text, and what it is called."""
    browser = AsyncClient()
    browser.cookies = carols_browser.cookies

    async def file_of(path: str, **query: str) -> tuple[str, str]:
        response = await browser.get(path, query)
        assert response.status_code == 200
        parts = [part async for part in response.streaming_content]  # type: ignore[attr-defined]
        return b"".join(parts).decode(), response["Content-Disposition"]

    yield file_of
    await sync_to_async(connections.close_all)()


@pytest.fixture
def told(demo):
    channel = Channel.objects.create(team=demo, name="mail", kind="email", recipients=["ada@example.com"])
    AlertRule.objects.create(team=demo, name="pager", subjects=["endpoint"]).channels.add(channel)


@pytest.mark.parametrize(
    "name", [name for name in LISTS if name not in ("nodes", "sites", "fleet", "deliveries", "tokens")]
)
def test_the_page_of_a_list_offers_both_files(carols_browser, told, name: str):
    page = carols_browser.get(reverse(name)).content.decode()

    assert {found[1] for found in DOWNLOAD.findall(page)} == {"csv", "json"}


@pytest.mark.parametrize("name", LISTS)
async def test_both_files_of_a_list_say_the_same(file_of, told, name: str):
    as_csv, called = await file_of(reverse(name), format="csv")
    as_json, _ = await file_of(reverse(name), format="json")

    rows = list(csv.DictReader(as_csv.splitlines()))
    objects = json.loads(as_json)
    assert len(rows) == len(objects)
    assert all(list(row) == list(object_) for row, object_ in zip(rows, objects, strict=True))
    assert re.fullmatch(rf'attachment; filename="{name}-\d{{8}}T\d{{6}}Z\.csv"', called)


async def test_a_file_has_the_rows_that_are_shown_in_their_order(file_of):
    text, _ = await file_of("/endpoints/", format="json", q="sin", sort="-name")

    assert [row["name"] for row in json.loads(text)] == ["sin-2", "sin-1"]


async def test_a_file_has_all_pages(file_of, demo):
    eu = await demo_region(demo)
    many = BATCH + 7
    await Endpoint.objects.abulk_create(
        Endpoint(team=demo, name=f"many-{number}", region=eu, ipv4="192.0.2.1") for number in range(many)
    )
    text, _ = await file_of("/endpoints/", format="csv", q="many-")

    assert len(text.splitlines()) == 1 + many


async def demo_region(team):
    return (await Endpoint.objects.filter(team=team).select_related("region").afirst()).region


async def test_a_text_that_a_spreadsheet_would_run_stays_a_text(file_of, demo):
    endpoint = await Endpoint.objects.filter(team=demo).afirst()
    endpoint.labels = {"=HYPERLINK(0)": "x"}
    endpoint.bias = -5
    await endpoint.asave()
    text, _ = await file_of("/endpoints/", format="csv", q=endpoint.name)

    (row,) = csv.DictReader(text.splitlines())
    assert row["labels"] == "'=HYPERLINK(0)=x"
    assert row["bias"] == "-5"


async def test_a_file_shows_nothing_of_other_teams(file_of, rivals, eu):
    await Endpoint.objects.acreate(team=rivals, name="theirs", region=eu, ipv4="192.0.2.9")
    text, _ = await file_of("/endpoints/", format="csv")

    assert "theirs" not in text


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.slug)
def test_a_list_has_a_head_for_each_of_its_cells(carols_browser, told, section):
    page = carols_browser.get(section.index_url, {"sort": section.columns[0].name}).content.decode()
    head, _, body = page.partition("</thead>")
    if not body:
        pytest.skip("the demo has none")
    first = re.search(r"<tr>(.*?)</tr>", body, re.DOTALL).group(1)

    assert head.count("<th") - head.count("<thead") == len(re.findall(r"<td", first))
    assert 'aria-sort="ascending"' in head


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.slug)
def test_a_list_is_sorted_by_every_column_that_says_so(carols_browser, told, section):
    for column in section.columns:
        if column.order:
            for sort in (column.name, f"-{column.name}"):
                assert carols_browser.get(section.index_url, {"sort": sort}).status_code == 200


def test_a_list_is_sorted_both_ways(carols_browser):
    def names(sort: str) -> list[str]:
        return [str(endpoint) for endpoint in carols_browser.get("/endpoints/", {"sort": sort}).context["page"]]

    assert names("name") == sorted(names("name"))
    assert names("-name") == names("name")[::-1]
    assert names("no such column") == names("name")

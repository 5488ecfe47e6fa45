"""What is around every page: search by keyboard, news as it happens, files of tables, one's own time, a phone."""

from __future__ import annotations

import json
import re
import uuid

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_in
from tests.running_system import RunningSystem
from tests.scenarios.client import call


def test_someone_finds_a_record_set_without_a_mouse(signed_in: Page):
    page = signed_in
    page.keyboard.press("/")
    text = page.get_by_role("combobox", name="Search everything")
    expect(text).to_be_focused()
    page.keyboard.type("www.demo.test")

    option = page.get_by_role("option", name="www.demo.test. A", exact=True)
    expect(option).to_have_attribute("aria-selected", "true")
    expect(text).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/zones/demo\.test\./\?q=www&type=A"))


def test_search_knows_the_pages_and_goes_by_arrow_keys(signed_in: Page):
    page = signed_in
    page.keyboard.press("Control+k")
    page.keyboard.type("edge nod")
    expect(page.get_by_role("option", name="Edge nodes")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/nodes/$"))


def test_escape_leaves_search_where_one_was(signed_in: Page):
    page = signed_in
    page.goto("/endpoints/")
    opener = page.get_by_role("button", name="Search")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Search everything")).to_be_focused()
    page.keyboard.press("Escape")

    expect(opener).to_be_focused()


def test_a_slash_in_a_field_is_a_slash(signed_in: Page):
    page = signed_in
    page.goto("/endpoints/")
    page.get_by_label("Search", exact=True).fill("")
    page.keyboard.type("/")

    expect(page.get_by_label("Search", exact=True)).to_have_value("/")
    expect(page.locator("#palette")).to_be_hidden()


def test_every_open_page_of_a_browser_hears_what_is_published_elsewhere(signed_in: Page, system: RunningSystem):
    page = signed_in
    with page.expect_response(re.compile("/news/")):
        page.goto("/preferences/")
    other = page.context.new_page()
    other.goto("/preferences/")
    name = f"cape-{uuid.uuid4().hex[:6]}"
    region = {"name": name, "latitude": -33.9, "longitude": 18.4}
    assert call(system, "POST", "/api/v1/regions", region)[0] == 201
    endpoint = {"name": name, "region": name, "ipv4": "192.0.2.9"}
    assert call(system, "POST", "/api/v1/endpoints", endpoint)[0] == 201

    for each in (page, other):
        toast = each.locator(".toast", has_text=re.compile("Generations? .* published")).first
        expect(toast).to_be_visible()
    page.get_by_role("button", name=re.compile("Dismiss: Generation")).first.click()
    for kind in ("endpoints", "regions"):  # nothing answers there: it would stay down in the system that tests share
        assert call(system, "DELETE", f"/api/v1/{kind}/{name}")[0] == 204


def test_a_table_is_saved_as_a_file(signed_in: Page):
    page = signed_in
    page.goto("/endpoints/?q=fra&sort=-name")
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()

    assert re.fullmatch(r"endpoints-\d{8}T\d{6}Z\.csv", saved.value.suggested_filename)
    lines = saved.value.path().read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["name", "fra-2", "fra-1"]


def test_a_short_table_is_saved_as_it_stands(signed_in: Page):
    page = signed_in
    page.goto("/pools/")
    page.get_by_role("link", name="everywhere").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save Members as JSON").click()

    assert saved.value.suggested_filename == "members.json"
    members = json.loads(saved.value.path().read_text())
    assert [member["endpoint"] for member in members][:2] == ["fra-1", "fra-2"]
    assert members[0]["region"] == "eu"


def test_times_are_told_in_the_zone_that_someone_chose(chromium: Browser, system: RunningSystem):
    context = chromium.new_context(base_url=system.web, timezone_id="Asia/Tokyo")
    page = context.new_page()
    sign_in(page, system)
    page.goto("/snapshots/1/")
    shown = page.locator("time[data-moment]").first
    expect(shown).to_have_text(re.compile(r"GMT\+9$"))
    assert shown.get_attribute("title").endswith("UTC")

    page.goto("/preferences/")
    page.get_by_label("UTC", exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.goto("/snapshots/1/")
    expect(shown).to_have_text(re.compile("UTC$"))
    context.close()


def test_what_takes_long_shows_that_it_runs(signed_in: Page):
    page = signed_in
    page.goto("/endpoints/")
    page.route("**/endpoints/?q=**", lambda _route: None)  # the server does not answer
    page.get_by_label("Search", exact=True).fill("fra")

    expect(page.get_by_role("progressbar", name="Loading")).to_be_visible()


def test_the_menu_of_a_phone_leads_everywhere(signed_in: Page):
    page = signed_in
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Snapshots").click()

    expect(page.get_by_role("heading", name="Snapshots", level=1)).to_be_visible()
    page.get_by_role("button", name="Search everything").or_(page.get_by_role("button", name="Search")).first.click()
    expect(page.get_by_role("combobox", name="Search everything")).to_be_focused()


def test_ages_go_on_while_a_page_stands_open(signed_in: Page):
    page = signed_in
    page.clock.install()
    page.goto("/zones/")
    age = page.locator("time[data-age]").first
    expect(age).to_have_text(re.compile("^(now|[0-9]+ (s|min) ago)$"))

    page.clock.fast_forward("02:00:00")
    expect(age).to_have_text("2 h ago")

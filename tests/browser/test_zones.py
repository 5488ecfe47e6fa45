"""Zones in a real browser: from nothing to an answer, in place, many at once and back, and a file that is mended."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.scenarios.client import addresses, eventually


@pytest.fixture
def origin() -> str:
    """Of a zone of this test's own."""
    return f"{uuid.uuid4().hex[:8]}.test."


@pytest.fixture
def zone_page(signed_in: Page, origin: str) -> Page:
    """The page of a new zone, declared through its form."""
    page = signed_in
    page.goto("/zones/new/")
    page.get_by_label("Origin").fill(origin)
    page.get_by_role("button", name="Create zone").click()
    expect(page.get_by_role("heading", name=origin)).to_be_visible()
    return page


def add_record_set(page: Page, name: str, address: str) -> None:
    page.wait_for_load_state()  # before, the link leads to the form that browsers without scripts get
    page.get_by_role("link", name="New record set").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("TTL in seconds").fill("60")
    page.get_by_label("Records, one a line").fill(address)
    page.get_by_label("Records, one a line").press("Enter")
    expect(row(page, name)).to_contain_text(address)


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_a_first_zone_is_answered_a_moment_after_it_is_declared(zone_page: Page, origin: str, system):
    add_record_set(zone_page, "www", "192.0.2.80")

    eventually(lambda: addresses(system.dns, f"www.{origin}"), ["192.0.2.80"].__eq__, what="the first zone is answered")


def test_a_row_is_edited_by_keyboard_alone_and_says_what_is_wrong(zone_page: Page):
    page = zone_page
    add_record_set(page, "www", "192.0.2.80")
    row(page, "www").get_by_role("link", name="Edit www A").press("Enter")
    expect(page.get_by_label("TTL in seconds")).to_be_focused()
    page.get_by_label("Records, one a line").fill("192.0.2.999")
    page.get_by_label("Records, one a line").press("Enter")
    expect(page.get_by_text("is not A data")).to_be_visible()
    page.get_by_label("Records, one a line").press("Escape")
    expect(row(page, "www")).to_contain_text("192.0.2.80")

    row(page, "www").get_by_role("link", name="Edit www A").press("Enter")
    page.get_by_label("TTL in seconds").fill("77")
    page.get_by_label("TTL in seconds").press("Enter")

    expect(row(page, "www")).to_contain_text("77")
    expect(page.get_by_text("www A saved")).to_be_visible()
    expect(row(page, "www").get_by_role("link", name="Edit www A")).to_be_focused()


def test_many_are_changed_after_a_look_at_the_difference_and_taken_back(zone_page: Page):
    page = zone_page
    for name in ("one", "two"):
        add_record_set(page, name, "192.0.2.80")
        page.get_by_label(f"Select {name} A").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Find and replace").click()
    page.get_by_label("Find", exact=True).fill("192.0.2.")
    page.get_by_label("Replace with").fill("198.51.100.")
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_text("- 60 192.0.2.80").first).to_be_visible()
    page.get_by_role("button", name="Change 2 record sets").click()
    expect(row(page, "one")).to_contain_text("198.51.100.80")

    page.get_by_role("button", name="Undo").click()

    expect(row(page, "one")).to_contain_text("192.0.2.80")
    expect(row(page, "two")).to_contain_text("192.0.2.80")


def test_a_zone_file_with_an_error_is_mended_looked_at_and_imported(signed_in: Page, origin: str):
    page = signed_in
    file = f"$ORIGIN {origin}\n$TTL 60\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\nwww A 192.0.2.\n"
    page.goto("/zones/")
    page.get_by_role("link", name="Import zone file").click()
    page.get_by_label("Or paste it").fill(file)
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_role("row", name=re.compile("6 www A 192.0.2. "))).to_be_visible()

    page.get_by_label("Or paste it").fill(file.replace("192.0.2.\n", "192.0.2.80\n"))
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_text("4 added, 0 changed, 0 removed")).to_be_visible()
    page.get_by_role("button", name="Create zone").click()

    expect(row(page, "www")).to_contain_text("192.0.2.80")


def test_the_table_of_a_zone_fits_a_phone_while_a_row_is_edited(zone_page: Page):
    page = zone_page
    page.set_viewport_size({"width": 390, "height": 844})
    add_record_set(page, "www", "192.0.2.80")
    row(page, "www").get_by_role("link", name="Edit www A").click()

    expect(page.get_by_role("button", name="Save")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

"""What an operator does on the first day, in a real browser against a running system."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.scenarios.client import eventually

GERMANY = "91.0.0.0/24"


def test_an_operator_declares_a_region_with_an_endpoint_and_sees_it_on_the_map(signed_in: Page):
    page = signed_in
    region, endpoint = (f"{kind}-{uuid.uuid4().hex[:6]}" for kind in ("cape", "cpt"))
    page.goto("/regions/new/")
    page.get_by_label("Name").fill(region)
    page.get_by_label("Latitude").fill("-33.9")
    page.get_by_label("Longitude").fill("18.4")
    page.get_by_role("button", name="Create region").click()
    expect(page.get_by_role("heading", name=region)).to_be_visible()

    page.goto("/endpoints/new/")
    page.get_by_label("Name", exact=True).fill(endpoint)
    page.get_by_label("Region").select_option(label=region)
    page.get_by_label("IPv4 address").fill("192.0.2.77")
    page.get_by_label("Checked by").select_option(label="None, on purpose")
    page.get_by_role("button", name="Create endpoint").click()
    expect(page.get_by_role("heading", name=endpoint)).to_be_visible()
    expect(page.get_by_text("Not checked, on purpose")).to_be_visible()

    page.goto("/")
    expect(page.locator(".js-plotly-plot .geo text", has_text=region)).to_be_visible()
    expect(page.locator(".js-plotly-plot .geo path.countries, .js-plotly-plot .geo .land path").first).to_be_attached()
    expect(page.get_by_role("link", name=endpoint)).to_be_visible()


def test_a_wrong_value_is_answered_beside_its_field_before_the_form_is_sent(signed_in: Page):
    page = signed_in
    page.goto("/endpoints/new/")
    field = page.get_by_label("IPv4 address")
    field.fill("192.0.2.999")
    field.blur()

    expect(page.get_by_text("Enter a valid IPv4 address")).to_be_visible()
    expect(page).to_have_url(re.compile("/endpoints/new/"))


def test_an_operator_reads_why_a_client_gets_its_answer(signed_in: Page):
    page = signed_in
    page.goto("/explain/")
    page.get_by_label("Name", exact=True).fill("www.demo.test")
    page.get_by_label("Resolver address").fill("198.51.100.53")
    page.get_by_label("Client subnet").fill(GERMANY)
    page.get_by_role("button", name="Explain").click()

    expect(page.get_by_text("www.demo.test. 30 IN A 127.0.1.1")).to_be_visible()
    expect(page.get_by_text("matched continent:EU").first).to_be_visible()
    expect(page.get_by_text("not in the rule continent:EU").first).to_be_visible()
    assert "www.demo.test" in page.url  # a link to share


def test_an_operator_sees_what_a_change_would_do_and_tries_it_in_the_shadow(signed_in: Page):
    page = signed_in
    page.goto("/policies/")
    page.get_by_role("link", name="www", exact=True).first.click()
    page.get_by_role("link", name="Edit").click()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Simulate").click()

    expect(page.get_by_text("Nobody would lose an answer")).to_be_visible()
    expect(page.locator("#change-map .choroplethlocation").first).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Try in the shadow").click()
    page.get_by_role("link", name="The page of www").click()
    expect(page.get_by_role("heading", name="Shadow")).to_be_visible()
    page.get_by_role("button", name="Stop and forget").click()
    expect(page.get_by_text("The shadow of www is stopped")).to_be_visible()


def test_an_operator_sees_what_was_learned_and_by_which_model(signed_in: Page):
    page = signed_in

    def charts() -> int:
        page.goto("/latency/")
        return page.locator("#served, #deciles").count()

    eventually(charts, (2).__eq__, what="the demo's visitors have measured")

    expect(page.locator("#served .main-svg").first).to_be_visible()
    expect(page.locator("#deciles .scatterlayer .trace")).to_have_count(2)
    expect(page.get_by_role("row", name=re.compile("built-in in service"))).to_be_visible()


def test_the_overview_lives_without_reloading(signed_in: Page):
    page = signed_in
    page.evaluate("window.seenBefore = true")
    figure = page.locator("text=Queries a second").locator("xpath=..")
    before = figure.inner_text()

    expect(figure).not_to_have_text(before)
    assert page.evaluate("window.seenBefore")


@pytest.mark.parametrize("path", ["/", "/explain/", "/zones/", "/policies/", "/endpoints/", "/endpoints/new/"])
def test_a_page_fits_a_phone(signed_in: Page, path: str):
    page = signed_in
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390

"""What an operator finds out in a real browser: a part of the traffic, why an answer is so, when a drain is over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

A_TTL_MS = 120_000
"""Of the demo's policies it is 30 s; the rest is patience."""


def test_the_overview_is_narrowed_and_the_url_says_to_what(signed_in: Page):
    page = signed_in
    page.get_by_label("Policy").fill("cdn")
    page.get_by_label("Time").select_option(label="Last hour")

    expect(page).to_have_url(re.compile("policy=cdn"))
    expect(page.locator("[data-policy]")).to_have_count(1)
    expect(page.locator("[data-policy] .main-svg").first).to_be_visible()
    expect(page.locator("#live-sign")).to_have_text("Live")

    page.goto(page.url)
    expect(page.get_by_label("Policy")).to_have_value("cdn")
    expect(page.locator("[data-policy]")).to_have_count(1)
    page.goto("/?policy=nothing")
    expect(page.get_by_text("No policy nothing answers a name.")).to_be_visible()


def test_an_explanation_is_passed_on_with_its_moment(signed_in: Page):
    page = signed_in
    page.goto("/explain/?qname=www.demo.test&qtype=A&client=198.51.100.53&ecs=91.0.0.0%2F24")
    link = page.get_by_label(re.compile("Link to this explanation")).input_value()
    expect(page.get_by_role("row", name=re.compile("^sin-1.*Dropped by step 3, geo"))).to_be_visible()

    page.goto(link)
    expect(page.get_by_label("At optional")).not_to_have_value("")
    assert page.get_by_label(re.compile("Link to this explanation")).input_value() == link


def test_the_clock_of_a_drain_runs_until_it_is_safe(signed_in: Page):
    page = signed_in
    page.goto("/health/?q=sin-2")
    page.get_by_role("link", name="sin-2").first.click()
    page.get_by_role("link", name="Drain or force").click()
    page.get_by_label("Reason").fill("disk swap")
    page.get_by_role("button", name="Force").click()
    clock = page.locator("#drain strong")

    try:
        expect(clock).to_have_text(re.compile(r"Safe to switch off in 0:\d\d"))
        expect(clock).to_have_text("Safe to switch off", timeout=A_TTL_MS)
    finally:
        page.get_by_role("link", name="Forced").click()
        page.get_by_role("button", name="End it now").click()
    expect(page.locator("#drain")).to_have_count(0)


@pytest.mark.parametrize("path", ["/", "/health/", "/explain/?qname=www.demo.test&qtype=A&client=198.51.100.53"])
def test_a_view_fits_a_phone(signed_in: Page, path: str):
    page = signed_in
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390

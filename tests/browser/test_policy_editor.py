"""A policy is built in the browser, by dragging and by keyboard, tried before it is saved, and answers as shown."""

from __future__ import annotations

import re
import uuid
from functools import partial

import dns.edns
import dns.message
import dns.query
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.scenarios.client import eventually

GERMANY, UNITED_STATES, JAPAN = "91.0.0.7", "23.0.0.7", "126.0.0.7"
REGION_OF = {"127.0.1": "eu", "127.0.2": "us", "127.0.3": "asia"}


@pytest.fixture
def editor(page: Page, system) -> Page:
    """The gallery of templates, before an operator who is signed in."""
    page.goto("/login/?next=/policies/new/")
    page.get_by_label("Username").fill(system.login["username"])
    page.get_by_label("Password").fill(system.login["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="New policy")).to_be_visible()
    return page


def rows(page: Page) -> Locator:
    return page.locator("[data-rows=steps] > .row")


def expect_steps(page: Page, *kinds: str) -> None:
    expect(rows(page).locator("> header .title")).to_have_text(list(kinds))


def begin(page: Page, template: str, name: str) -> None:
    """Choose a template, name the policy and give it the demo's pool."""
    page.get_by_role("link", name=template).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Pool to add").select_option("everywhere")
    page.get_by_role("button", name="Add pool").click()
    expect(page.locator("[data-rows=pools] > .row")).to_have_count(1)


def ask_about(page: Page, clients: str) -> Locator:
    """Who would get what, of those clients."""
    page.get_by_label("Who asks").fill(clients)
    page.get_by_label("Who asks").press("Enter")
    asked = page.locator("#preview-asked")
    expect(asked.get_by_role("heading", name=clients).first).to_be_visible()
    return asked


def regions_answered(system, name: str, client: str) -> set[str]:
    """The regions of the addresses that the edge answers a client of that subnet."""
    host, port = system.dns.rsplit(":", 1)
    query = dns.message.make_query(name, "A", use_edns=0, options=[dns.edns.ECSOption(client, 24)])
    answer = dns.query.udp(query, host, port=int(port), timeout=5)
    addresses = [str(rdata) for rrset in answer.answer for rdata in rrset]
    return {REGION_OF[address.rpartition(".")[0]] for address in addresses}


def drag(page: Page, row: int, above: int) -> None:
    """Take a row by its grip and drop it above another."""
    grip = rows(page).nth(row).locator("[data-drag]")
    grip.scroll_into_view_if_needed()
    held, target = grip.bounding_box(), rows(page).nth(above).bounding_box()
    assert held
    assert target
    page.mouse.move(held["x"] + 8, held["y"] + 8)
    page.mouse.down()
    page.mouse.move(held["x"] + 8, target["y"] + 4, steps=6)
    page.mouse.up()


def test_a_policy_built_from_a_template_by_dragging_answers_as_it_was_shown(editor: Page, system):
    page, name = editor, f"near-{uuid.uuid4().hex[:6]}"
    begin(page, "Nearest", name)
    page.set_viewport_size({"width": 1440, "height": 1800})
    expect_steps(page, "admin", "healthy", "distance", "first")

    drag(page, row=1, above=0)
    expect_steps(page, "healthy", "admin", "distance", "first")
    expect(page.locator("#announcement")).to_have_text("healthy is moved to place 1 of 4.")

    asked = ask_about(page, GERMANY)
    expect(asked.locator(".kept.chosen").first).to_contain_text("fra-")
    asked = ask_about(page, "Japan")
    expect(asked.locator(".shares .who").first).to_contain_text("sin-")
    expect(page.locator("#preview-map .choroplethlocation").first).to_be_attached()

    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.get_by_role("link", name="Bind to a name").first.click()
    page.get_by_label("Zone").select_option(label="demo.test.")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Bind").click()

    for client, region in [(GERMANY, "eu"), (UNITED_STATES, "us"), (JAPAN, "asia")]:
        eventually(
            partial(regions_answered, system, f"{name}.demo.test.", client),
            {region}.__eq__,
            what=f"{client} is answered from {region}",
        )


def test_a_chain_is_arranged_with_the_keyboard_alone(editor: Page):
    page = editor
    begin(page, "Failover", f"keys-{uuid.uuid4().hex[:6]}")
    expect_steps(page, "admin", "healthy", "priority")

    page.locator("#steps-2-up").focus()
    page.keyboard.press("Enter")
    expect_steps(page, "admin", "priority", "healthy")
    expect(page.locator("#announcement")).to_have_text("priority is moved to place 2 of 3.")
    expect(page.locator("#steps-1-up")).to_be_focused()
    page.keyboard.press("Enter")
    expect_steps(page, "priority", "admin", "healthy")
    expect(page.locator("#steps-0-down")).to_be_focused()

    page.locator("#steps-add").focus()
    page.keyboard.press("Enter")
    page.locator("#steps-begin-first").focus()
    page.keyboard.press("Enter")
    expect_steps(page, "priority", "admin", "healthy", "first")
    expect(page.locator("#announcement")).to_have_text("first is added: place 4 of 4.")
    expect(page.get_by_role("link", name=re.compile("Step 4, first"))).to_be_visible()

    page.locator("#id_steps-3-count").fill("2")
    expect(page.locator("#preview-all")).to_be_visible()


def test_the_editor_and_its_preview_fit_a_phone(editor: Page):
    page = editor
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    begin(page, "Canary", f"small-{uuid.uuid4().hex[:6]}")
    page.get_by_text("Add step").click()
    ask_about(page, "Germany")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390

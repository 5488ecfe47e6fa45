"""Every page of the URL map, on a desk and a phone, in light and dark: WCAG 2.2 AA by axe-core; a picture is kept."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.looking import AXE, RUN_AXE, keep_picture, looks, overflow, violations
from tests.browser.pages import PAGES, addresses_of
from tests.running_system import RunningSystem
from tests.scenarios.client import call

WALKED = ["overview", "endpoints", "endpoints-new", "policies-edit", "zones-show", "snapshots", "preferences"]
MOST_STOPS = 400
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  element.dataset.visited = "yes";
  return element.outerHTML.slice(0, 120);
}"""
UNREACHED = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility())
  .filter((element) => !element.dataset.visited)
  .filter((element) => !(element.type === "radio" && !element.checked))
  .map((element) => element.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def told(system: RunningSystem) -> None:
    """A channel, a rule and a delivery, which the demo has not."""
    channel, rule = (f"{kind}-{uuid.uuid4().hex[:6]}" for kind in ("mail", "pager"))
    body = {"name": channel, "kind": "email", "recipients": ["ada@example.com"]}
    assert call(system, "POST", "/api/v1/channels", body)[0] == 201
    assert (
        call(system, "POST", "/api/v1/alert-rules", {"name": rule, "subjects": ["endpoint"], "channels": [channel]})[0]
        == 201
    )


@pytest.fixture(scope="module")
def addresses(chromium: Browser, system: RunningSystem, session: StorageState, told: None) -> dict[str, str]:
    context = chromium.new_context(base_url=system.web, storage_state=session)
    page = context.new_page()
    page.goto("/channels/")
    page.locator("td a.name").first.click()
    page.get_by_role("button", name="Send a test").click()
    expect(page).to_have_url(re.compile("/deliveries/"))
    found = addresses_of(page)
    context.close()
    return found


def test_every_page_of_the_url_map_is_looked_at(addresses: dict[str, str]):
    assert sorted(addresses) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_everybody(signed_in: Page, addresses: dict[str, str], name: str):
    page = signed_in
    page.goto(addresses[name])
    for look in looks(page):
        keep_picture(page, name, look)
        assert violations(page, look) == [], look
        assert overflow(page) == 0, look


def test_search_can_be_used_by_everybody(signed_in: Page):
    page = signed_in
    page.keyboard.press("/")
    page.keyboard.type("demo")
    expect(page.get_by_role("option", name="demo.test.").first).to_be_visible()
    for look in looks(page):
        keep_picture(page, "palette", look)
        assert violations(page, look) == [], look


def test_the_login_can_be_used_by_everybody(page: Page):
    page.goto("/login/")
    for look in looks(page):
        keep_picture(page, "login", look)
        assert violations(page, look) == [], look


@pytest.mark.parametrize(
    ("planted", "rule"),
    [('<img src="data:,">', "image-alt"), ('<p class="faint">grey</p><input>', "label"), ("<ul><p>x</p></ul>", "list")],
)
def test_a_planted_barrier_is_found(page: Page, planted: str, rule: str):
    page.goto("/login/")
    page.evaluate("markup => { document.querySelector('main').innerHTML = markup; }", planted)
    page.evaluate(AXE)

    assert rule in [found["id"] for found in page.evaluate(RUN_AXE, ["wcag2a"])["violations"]]


def test_text_that_can_hardly_be_read_is_found_in_every_look(page: Page):
    page.goto("/login/")
    text = page.locator("main label").first
    text.evaluate("text => { text.style.color = 'rgb(128, 128, 128)'; text.style.background = 'rgb(120, 120, 120)'; }")

    for look in looks(page):
        assert any(found.startswith("color-contrast: ") for found in violations(page, look)), look


@pytest.mark.parametrize("name", WALKED)
def test_a_page_can_be_walked_by_keyboard_alone(signed_in: Page, addresses: dict[str, str], name: str):
    page = signed_in
    page.route("**/live/**", lambda route: route.abort())  # else what was walked over is replaced meanwhile
    page.goto(addresses[name])
    stops = 0
    page.keyboard.press("Tab")
    while page.evaluate(FOCUSED) is not None and stops < MOST_STOPS:
        page.keyboard.press("Tab")
        stops += 1

    assert stops < MOST_STOPS, "the focus is trapped"
    assert page.evaluate(UNREACHED) == []

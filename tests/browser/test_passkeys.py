"""Passkeys in a real browser, with the authenticator that Chromium has for tests: alone, and after the password."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import FORBIDDEN, sign_in
from tests.running_system import RunningSystem

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def at_localhost(chromium: Browser, system: RunningSystem) -> Iterator[Page]:
    """A page by a name instead of an address: passkeys belong to names."""
    port = system.web_address.rpartition(":")[2]
    context = chromium.new_context(base_url=f"http://localhost:{port}")
    page = context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if FORBIDDEN in message.text else None)
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield page
    context.close()
    assert faults == []


def sign_out(page: Page) -> None:
    page.locator(".account-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login/"))


def remove_passkey(page: Page) -> None:
    page.goto("/account/")
    page.get_by_role("link", name=re.compile("^Remove")).first.click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()


def test_a_passkey_is_made_and_signs_in_alone(at_localhost: Page, system: RunningSystem):
    page = at_localhost
    sign_in(page, system)
    page.goto("/account/passkeys/new/")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_out(page)

    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_title(re.compile("Overview"))
    page.goto("/account/")
    expect(page.get_by_role("cell", name="Alone")).to_be_visible()
    remove_passkey(page)


def test_a_passkey_is_a_second_factor_after_the_password(at_localhost: Page, system: RunningSystem):
    page = at_localhost
    sign_in(page, system)
    page.goto("/account/passkeys/new/")
    page.get_by_label("Sign in with it alone").uncheck()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_out(page)

    page.get_by_label("Username").fill(system.login["username"])
    page.get_by_label("Password").fill(system.login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_title(re.compile("Overview"))
    remove_passkey(page)


def test_where_passkeys_cannot_be_used_they_are_not_offered(page: Page):
    page.goto("/login/")

    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


def test_the_account_menu_works_by_keyboard(page: Page, system: RunningSystem):
    sign_in(page, system)
    summary = page.locator(".account-menu summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".account-menu").get_by_role("link", name="Sessions")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")

    expect(page.locator(".account-menu").get_by_role("link", name="Sessions")).to_be_hidden()
    expect(summary).to_be_focused()

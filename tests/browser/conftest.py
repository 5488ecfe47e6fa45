"""Chromium of the machine, as an operator at a desk. Every page must load without errors and without strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.running_system import RunningSystem, demo_running

CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP www.demo.test 127.0.0.1",
]
PATIENCE_MS = 30_000
"""It decides only how long a failing test takes."""
FORBIDDEN = "Content Security Policy"
"""In what the console says of a style, script or connection that our own pages forbid."""


@pytest.fixture(scope="package")
def system() -> Iterator[RunningSystem]:
    with demo_running() as system:
        yield system


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """For these tests alone: while Playwright runs, no asynchronous test can."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def session(chromium: Browser, system: RunningSystem) -> StorageState:
    """What a browser keeps that has signed in: once for all, for it takes the server longer than most pages."""
    context = chromium.new_context(base_url=system.web)
    page = context.new_page()
    page.goto("/")
    expect(page).to_have_url(re.compile("/login/"))
    sign_in(page, system)
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def page(chromium: Browser, system: RunningSystem) -> Iterator[Page]:
    """A page that notes script errors, what it forbids itself, and requests that leave. They fail the test."""
    context = chromium.new_context(base_url=system.web, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if FORBIDDEN in message.text else None)
    page.on("request", lambda request: faults.append(request.url) if _leaves(request.url, system) else None)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def signed_in(page: Page, system: RunningSystem, session: StorageState) -> Page:
    """At the overview."""
    kept = session["cookies"]
    page.context.add_cookies([{"name": each["name"], "value": each["value"], "url": system.web} for each in kept])
    page.goto("/")
    expect(page).to_have_title(re.compile("Overview"))
    return page


def sign_in(page: Page, system: RunningSystem) -> None:
    page.goto("/login/")
    page.get_by_label("Username").fill(system.login["username"])
    page.get_by_label("Password").fill(system.login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_title(re.compile("Overview"))


def _leaves(url: str, system: RunningSystem) -> bool:
    return not url.startswith((f"{system.web}/", "data:", "blob:"))

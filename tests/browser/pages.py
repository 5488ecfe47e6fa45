"""Every page of the URL map in the running system: one address for each, found by following links."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import Page

from tests.dashboard.routes import routes
from tests.dashboard.test_pages import NO_PAGES

FOR_ADMINISTRATORS = {"latency-propose", "teams"}
FILE = "$ORIGIN looked-at.test.\n@ 60 IN SOA ns1 h 1 2 3 4 5\n@ 60 IN NS ns1\nns1 60 IN A 192.0.2.53\n"
FILES = {"imports-difference", "zones-export"}
PAGES = sorted({name for name, _arguments in routes()} - (NO_PAGES - FOR_ADMINISTRATORS) - FILES)


def addresses_of(page: Page) -> dict[str, str]:
    """Name of a route to the path of one of its pages."""
    found: dict[str, str] = {}
    waiting = [*_made(page), *(reverse(name) for name, arguments in routes() if not arguments and name in PAGES)]
    while waiting:
        path = waiting.pop(0)
        name = name_of(path)
        if name not in PAGES or name in found:
            continue
        answer = page.request.get(path)
        if answer.ok and answer.headers.get("content-type", "").startswith("text/html"):
            found[name] = path
            page.goto(path)
            waiting += _links(page)
    return found


def _made(page: Page) -> Iterator[str]:
    """Pages of what nobody has begun yet: a change, and a zone file that is looked at."""
    page.goto("/changes/new/")
    page.get_by_label("Title").fill("Look at every page")
    page.get_by_role("button", name="Open change").click()
    yield urlsplit(page.url).path
    page.goto("/zones/import/")
    page.locator("[name=text]").fill(FILE)
    page.get_by_role("button", name="Show the difference").click()
    page.wait_for_url("**/imports/**")
    yield urlsplit(page.url).path


def name_of(path: str) -> str:
    """The name of the route that a path is one of; none: nothing."""
    try:
        return str(resolve(path).url_name)
    except Resolver404:
        return ""


def _links(page: Page) -> Iterator[str]:
    hrefs: list[str] = page.locator("a[href]:not([download])").evaluate_all("links => links.map(link => link.href)")
    here = urlsplit(page.url).netloc
    return (urlsplit(href).path for href in hrefs if urlsplit(href).netloc == here)

"""beacon.js in a real browser: a page that carries it tells how far away endpoints are, unless its visitor minds."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.running_system import RunningSystem
from tests.scenarios.client import call

NAME = "www.demo.test"
PAGE = """<!doctype html><title>shop</title>
<script src="{web}/rum/v1/beacon.js" data-name="www.demo.test" data-share="1" async></script>"""

CONNECTED = """const known = performance.getEntriesByType.bind(performance);
performance.getEntriesByType = (kind) =>
  kind === "navigation" ? [{ connectStart: 5, secureConnectionStart: 25.5, connectEnd: 60 }] : known(kind);"""
"""A handshake of the page's own that took 20.5 ms: over loopback the browser sees none."""


class Site(http.server.ThreadingHTTPServer):
    """A shop whose page carries the script, and what the script fetches of endpoints; it remembers what was."""

    def __init__(self, web: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.page, self.seen = PAGE.format(web=web), list[str]()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def probed(self) -> list[str]:
        return [path for path in self.seen if "rum=" in path]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        body = self.server.page.encode() if self.path == "/" else b"ok"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if "open" in self.path:
            self.send_header("Timing-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what was asked for is in `seen`."""


@pytest.fixture
def site(system: RunningSystem) -> Iterator[Site]:
    """fra-1 lets its timing be read, and iad-1 does not."""
    site = Site(system.web)
    serving = threading.Thread(target=site.serve_forever)
    serving.start()
    for endpoint, path in (("fra-1", "open"), ("iad-1", "closed")):
        label(system, endpoint, {"demo": "yes", "rum-url": f"{site.url}/{path}"})
    yield site
    for endpoint in ("fra-1", "iad-1"):
        label(system, endpoint, {"demo": "yes"})
    site.shutdown()
    serving.join()
    site.server_close()


def label(system: RunningSystem, endpoint: str, labels: dict[str, str]) -> None:
    assert call(system, "PATCH", f"/api/v1/endpoints/{endpoint}", {"labels": labels})[0] == 200


def test_a_page_measures_two_endpoints_and_its_beacon_counts(chromium: Browser, system: RunningSystem, site: Site):
    context = chromium.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    with page.expect_response(lambda response: response.url.endswith("/rum/v1/beacons")) as answered:
        page.goto(site.url)

    assert answered.value.status == 200
    sent = answered.value.request.post_data
    # Told once more, the same beacon is one that counted already: nobody sees the answer that the browser got.
    with urllib.request.urlopen(f"{system.web}/rum/v1/beacons", sent.encode(), timeout=30) as response:
        again = json.load(response)
    assert (again["accepted"], again["refused"]) == (0, {"duplicate": 2})
    assert [context.cookies(), faults] == [[], []]
    context.close()


def test_a_page_of_the_steered_name_tells_of_the_connection_it_came_by(chromium, system: RunningSystem, site: Site):
    site.page = site.page.replace(" async", ' data-endpoint="fra-1" async')
    context = chromium.new_context()
    context.add_init_script(CONNECTED)
    page = context.new_page()
    with page.expect_response(lambda response: response.url.endswith("/rum/v1/beacons")) as answered:
        page.goto(f"http://{NAME}:{site.server_port}/")

    beacons = json.loads(answered.value.request.post_data)
    assert len({beacon["endpoint"] for beacon in beacons}) == 2
    assert beacons[0]["rtt_ms"] == 20.5
    assert not [path for path in site.probed() if "open" in path], "fra-1 is not asked: the page has measured it"
    context.close()


@pytest.mark.parametrize("signal", ["globalPrivacyControl = true", "doNotTrack = '1'"])
def test_a_visitor_who_minds_is_not_measured(chromium: Browser, system: RunningSystem, site: Site, signal: str):
    name, value = signal.split(" = ")
    context = chromium.new_context()
    context.add_init_script(f"Object.defineProperty(Navigator.prototype, '{name}', {{ get: () => {value} }})")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url, wait_until="networkidle")

    assert [url.removeprefix(system.web) for url in asked] == [f"{site.url}/", "/rum/v1/beacon.js"]
    assert site.probed() == []
    context.close()


def test_a_browser_that_tells_only_the_server_is_not_measured_either(chromium, system: RunningSystem, site: Site):
    context = chromium.new_context(extra_http_headers={"Sec-GPC": "1"})
    page = context.new_page()
    page.goto(site.url, wait_until="networkidle")

    assert site.probed() == []
    context.close()

"""The cast: the rule `pager` of acme that tells the channel `hook` of endpoints, and a receiver in the test's hands."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.models import Team
from healthchecks.alerts.models import AlertRule, Channel
from healthchecks.alerts.signing import make_secret
from healthchecks.alerts.taking_in import take_in
from healthchecks.models import Check
from tests.healthchecks.conftest import NOON

SECRET = make_secret()


@dataclass
class Receiver:
    """A real HTTP server that keeps what it gets and answers with `status`, or not at all while it `hangs`."""

    status: int = 204
    hangs: bool = False
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    freed: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @property
    def messages(self) -> list[dict]:
        return [json.loads(body) for body in self.bodies]

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers in self.headers]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            if receiver.hangs:
                receiver.freed.wait()
                return
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            if receiver.status == 302:
                self.send_header("Location", f"{receiver.url}/elsewhere")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.freed.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def hook(team: Team, receiver: Receiver) -> Channel:
    return Channel.objects.create(team=team, name="hook", kind="webhook", url=receiver.url, secret=SECRET)


@pytest.fixture
def pager(check: Check, hook: Channel) -> AlertRule:
    """Says at once what has happened, and reminds of nothing."""
    rule = AlertRule.objects.create(
        team=check.team, name="pager", subjects=["endpoint"], wait_s=0, window_s=60, repeat_s=None
    )
    rule.channels.add(hook)
    take_in(NOON)  # what happened before is no news
    return rule

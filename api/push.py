"""The push door: heartbeats of endpoints and of jobs, by an unguessable URL and nothing else (docs/healthchecks.md).

    /push/v1/TOKEN           all is well            /push/v1/TOKEN/start   a job has begun
    /push/v1/TOKEN/fail      something has failed   /push/v1/TOKEN/3       a job has ended with this exit status
    /push/v1/pulse           is anybody there? The web process asks itself, so that silence counts only while someone is

GET, HEAD and POST do the same, so that anything that can fetch a URL can send a heartbeat. Whoever does not know a URL
learns nothing: all that is unknown is answered alike.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from threading import Lock
from urllib.parse import urljoin

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from api.problems import handle_exception
from common.clock import database_time
from common.problems import problem_response
from common.rate_limit import RateLimit
from healthchecks.lease_clock import advance
from healthchecks.leases import HEARTBEAT, report, start
from healthchecks.probes.running import one_line
from healthchecks.state import State

PATH = "/push/v1/"
PULSE = "pulse"
METHODS = ("GET", "HEAD", "POST")
HEARTBEATS_PER_S, HEARTBEATS_AT_ONCE = 1.0, 10
PULSES_PER_S = 4.0
"""Twice what a web process sends."""
RETRY_AFTER_S = 1
MOST_OCTETS = 1000
"""Of a body: what a job says of its failure is shown in a line."""

TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
EVENT = re.compile(r"|start|fail|[0-9]{1,3}")

heartbeats = RateLimit[str](HEARTBEATS_PER_S, HEARTBEATS_AT_ONCE)
pulses = RateLimit[str](PULSES_PER_S, 2)
_turn = Lock()  # guards the two above: views run in several threads


def push_url(base: str, token: str) -> str:
    """The URL that says that all is well; `base` is that of the web process."""
    return urljoin(base, PATH + token)


@csrf_exempt  # there is no session to ride on
def push(request: HttpRequest) -> HttpResponseBase:
    """Take one heartbeat."""
    if request.method not in METHODS:
        response: HttpResponseBase = problem_response(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {', '.join(METHODS)}.")
        response.headers["Allow"] = ", ".join(METHODS)
        return response
    token, _, event = request.path.removeprefix(PATH).removesuffix("/").partition("/")
    if token == PULSE and not event:
        return _limited(pulses, PULSE, lambda: _pulse(database_time()))
    if not TOKEN.fullmatch(token) or not EVENT.fullmatch(event):
        return _unknown()
    return _limited(heartbeats, token, lambda: _heard(token, event, _said(request)))


def _limited(limit: RateLimit[str], key: str, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    with _turn:
        allowed = limit.allows(key, time.monotonic())
    if not allowed:
        response: HttpResponseBase = problem_response(HTTPStatus.TOO_MANY_REQUESTS, "Once a second is enough.")
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response
    try:
        response = answer()
    except OperationalError as error:
        response = handle_exception(error, {})
    response.headers["Cache-Control"] = "no-store"
    return response


def _pulse(now: datetime) -> HttpResponse:
    advance(now)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _heard(token: str, event: str, said: str) -> HttpResponseBase:
    now = database_time()
    if event == "start":
        known = start(token, now)
    elif event in {"", "0"}:
        known = report(token, State.UP, HEARTBEAT, now)
    else:
        what = "reported a failure" if event == "fail" else f"exit status {event}"
        known = report(token, State.DOWN, f"{what}: {said}" if said else what, now)
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8") if known else _unknown()


def _said(request: HttpRequest) -> str:
    """The beginning of the body, in one line."""
    return one_line(request.read(MOST_OCTETS).decode(errors="replace").strip())


def _unknown() -> HttpResponseBase:
    return problem_response(HTTPStatus.NOT_FOUND, "There is no such push URL: copy it from the page of its check.")

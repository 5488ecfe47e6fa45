"""Views in front of Django: their own paths, bodies within bounds, and errors that are problems."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from django.http import HttpRequest, HttpResponse

from api.lean import LeanApplication

LIMIT = 10


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.read(LIMIT + 5), status=202, headers={"X-Query": request.GET.get("q", "")})


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours")


async def django(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})


may_end = threading.Event()


def wait(request: HttpRequest) -> HttpResponse:
    may_end.wait(10)
    return HttpResponse()


VIEWS = {"/echo": echo, "/fail": fail, "/wait": wait, "/below/": echo}
APPLICATION = LeanApplication(django, VIEWS, LIMIT, most_at_once=2)


async def said(path: str, *messages, kind: str = "http") -> list[dict]:
    """What the application sends for a request; `messages` are parts of its body, or what else happens."""
    scope = {"type": kind, "path": path, "method": "POST", "query_string": b"q=7", "headers": []}
    coming, sent = iter(messages or ({"type": "http.request"},)), []

    async def receive():
        return next(coming)

    async def send(message):
        sent.append(message)

    await APPLICATION(scope, receive, send)
    return sent


def part(body: bytes, more: bool = False) -> dict:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_view_answers_its_path():
    start, body = await said("/echo", part(b"abc", more=True), part(b"def"))

    assert (start["status"], body["body"]) == (202, b"abcdef")
    assert dict(start["headers"])[b"content-length"] == b"6"
    assert dict(start["headers"])[b"x-query"] == b"7"


@pytest.mark.parametrize("path", ["/below/", "/below/a", "/below/a/b"])
async def test_a_view_of_a_folder_answers_all_below_it(path):
    assert (await said(path))[0]["status"] == 202


@pytest.mark.parametrize(
    ("path", "kind"), [("/echo/", "http"), ("/below", "http"), ("/", "http"), ("/echo", "websocket")]
)
async def test_all_else_is_left_to_django(path, kind):
    assert (await said(path, kind=kind))[0]["status"] == 418


async def test_of_a_long_body_one_octet_too_many_is_kept():
    _start, body = await said("/echo", part(b"x" * 8, more=True), part(b"x" * 8, more=True), part(b"x" * 8))

    assert body["body"] == b"x" * (LIMIT + 1)


async def test_who_hangs_up_in_the_middle_is_not_answered():
    assert await said("/echo", part(b"abc", more=True), {"type": "http.disconnect"}) == []


async def test_a_view_that_fails_is_a_problem_and_its_fault_is_logged(caplog):
    start, body = await said("/fail")

    assert (start["status"], json.loads(body["body"])["title"]) == (500, "Internal Server Error")
    assert "a fault of ours" in caplog.text


async def test_more_than_can_be_served_soon_are_told_to_try_again():
    waiting = [asyncio.create_task(said("/wait")) for _ in range(2)]
    await asyncio.sleep(0)  # both have begun

    assert (await said("/echo"))[0]["status"] == 503
    may_end.set()
    assert [(await task)[0]["status"] for task in waiting] == [200, 200]
    assert (await said("/echo"))[0]["status"] == 202

"""Django behind ASGI: few threads for many requests, streams that hold none, and what edges ask waits for no page."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path, resolve
from django.urls.resolvers import RegexPattern, URLResolver

from api.lean import THREADS as LEAN_THREADS
from trafficmgr.database import POOL
from trafficmgr.runtime.handler import LINES as LINES_OF_OURS
from trafficmgr.runtime.handler import Handler, paths_of_async_views

LIMIT_S = 10
LINES = {"/edge/": 1, "/": 2}


class File(StreamingHttpResponse):
    def close(self) -> None:
        super().close()
        desk.closed.append("response")


class Desk:
    """Views, and what they did."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun, self.lock = threading.Semaphore(0), threading.Lock()
        self.at_once, self.most = 0, 0
        self.closed: list[str] = []

    async def is_busy(self) -> None:
        for _thread in range(LINES["/"]):
            assert await asyncio.to_thread(self.begun.acquire, timeout=LIMIT_S)

    def slow(self, request: HttpRequest) -> HttpResponse:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.begun.release()
        self.may_end.wait(LIMIT_S)
        with self.lock:
            self.at_once -= 1
        return HttpResponse(request.GET["n"])

    def file(self, request: HttpRequest) -> StreamingHttpResponse:
        return File(self.lines(int(request.GET["n"])))

    async def lines(self, number: int):
        try:
            for line in range(number):
                yield f"{line}\n"
        finally:
            self.closed.append("lines")


desk = Desk()


async def stream(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a stream")


def where(request: HttpRequest) -> HttpResponse:
    return HttpResponse(threading.current_thread().name)


def slow(request: HttpRequest) -> HttpResponse:
    return desk.slow(request)


def file(request: HttpRequest) -> StreamingHttpResponse:
    return desk.file(request)


urlpatterns = [
    path("slow", slow),
    path("file", file),
    path("edge/where", where),
    path("where", where),
    path("events", stream),
]


@pytest.fixture
def handler(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    monkeypatch.setattr(f"{__name__}.desk", Desk())
    return Handler(LINES)


async def asked(handler: Handler, url: str, leaves_after: int | None = None) -> tuple[int, dict[bytes, bytes], bytes]:
    """The status, headers and body of an answer; the client leaves after so many parts of it."""
    name, _, query = url.partition("?")
    scope = {"type": "http", "path": name, "method": "GET", "query_string": query.encode(), "headers": []}
    coming, sent, left = [{"type": "http.request"}], [], asyncio.Event()

    async def receive():
        if coming:
            return coming.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if leaves_after is not None and len(sent) > leaves_after:
            left.set()
        await asyncio.sleep(0)

    async with asyncio.timeout(LIMIT_S):
        await handler(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(part.get("body", b"") for part in sent[1:])


async def test_no_more_are_answered_at_once_than_there_are_threads_and_all_are_answered(handler):
    asking = [asyncio.create_task(asked(handler, f"/slow?n={number}")) for number in range(20)]
    await desk.is_busy()
    desk.may_end.set()

    answers = await asyncio.gather(*asking)
    assert [(status, body) for status, _headers, body in answers] == [(200, b"%d" % number) for number in range(20)]
    assert desk.most == LINES["/"]


async def test_what_edges_ask_waits_for_no_page(handler):
    asking = [asyncio.create_task(asked(handler, f"/slow?n={number}")) for number in range(LINES["/"])]
    await desk.is_busy()

    assert (await asked(handler, "/edge/where"))[0] == 200
    assert (await asked(handler, "/events"))[2] == b"a stream", "and a stream needs no thread of theirs"
    desk.may_end.set()
    await asyncio.gather(*asking)


def test_edges_have_threads_of_their_own_and_every_thread_finds_a_connection():
    assert list(LINES_OF_OURS) == ["/edge/", "/"]
    assert sum(LINES_OF_OURS.values()) + LEAN_THREADS < POOL["max_size"], "some are left for streams"


async def test_more_than_could_be_answered_soon_are_told_to_come_again(handler, monkeypatch):
    monkeypatch.setattr("trafficmgr.runtime.handler.MOST_AT_ONCE", 3)
    handler = Handler(LINES)
    asking = [asyncio.create_task(asked(handler, f"/slow?n={number}")) for number in range(3)]
    await desk.is_busy()

    status, headers, body = await asked(handler, "/slow?n=3")
    assert (status, headers[b"Retry-After"]) == (503, b"1")
    assert "Try again" in json.loads(body)["detail"]
    desk.may_end.set()
    assert {status for status, *_ in await asyncio.gather(*asking)} == {200}
    assert (await asked(handler, "/slow?n=4"))[0] == 200, "there is room again"


async def test_a_file_is_sent_whole_and_then_closed(handler):
    status, _headers, body = await asked(handler, "/file?n=3")

    assert (status, body, desk.closed) == (200, b"0\n1\n2\n", ["lines", "response"])


async def test_a_file_that_nobody_takes_any_more_is_not_made_to_its_end(handler):
    _status, _headers, body = await asked(handler, f"/file?n={10**9}", leaves_after=5)

    assert body.startswith(b"0\n1\n")
    assert "response" in desk.closed


async def test_who_leaves_before_having_asked_is_not_answered(handler):
    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    await handler({"type": "http", "path": "/where", "method": "GET", "headers": []}, receive, send)


def test_every_async_view_of_ours_is_found_by_its_path():
    found = sorted(paths_of_async_views(URLResolver(RegexPattern(r"^/"), "trafficmgr.urls")))

    assert found == ["/edge/v1/events", "/live/", "/news/"]
    for place in found:
        assert resolve(place, "trafficmgr.urls")


BELOW = include([path("news", stream)])


@pytest.mark.parametrize(
    "planted",
    [path("zones/<int:number>/", stream), re_path("^zones/([a-z]+)$", stream), path("<slug:team>/", BELOW)],
    ids=str,
)
def test_an_async_view_of_many_paths_is_refused_at_the_start(planted):
    with pytest.raises(ImproperlyConfigured, match="no parameters"):
        list(paths_of_async_views(URLResolver(RegexPattern(r"^/"), [planted])))

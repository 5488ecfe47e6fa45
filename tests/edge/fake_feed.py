"""A feed that says what a test has it say, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import takewhile
from typing import Any

from aiohttp import web

from edge.trust.manifests import HEADER
from tests.worlds import World

TOKEN = "a-node-token"


class FakeFeed:
    """Serves `manifest` and `chunks`; keeps what is reported. Statuses in `failing` (by path) come instead."""

    def __init__(self) -> None:
        self.manifest = b""
        self.chunks: dict[str, bytes] = {}
        self.signature: str | None = None  # of the manifest, as its header says it
        self.etag: str | None = None  # said of the manifest in place of its own
        self.trust: dict[str, Any] | None = None  # None: the feed of a release that knew no keys
        self.latency: dict[int, list[bytes]] = {}  # by the map that a node has
        self.failing: dict[str, int] = {}
        self.gives_many = True  # chunks at once, as feeds of the release before do not
        self.gives_nothing = False  # in place of chunks at once
        self.knows_condition = False  # as a feed of the release before
        self.knows_standing = True
        self.reports: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.last_event_ids: list[str | None] = []
        self.url = ""
        self.tokens = {TOKEN}
        self.visitors: list[str] = []  # by their tokens
        self._streams: set[asyncio.Queue[bytes | None]] = set()
        self._first_events: dict[str, bytes] = {}

    def publish(self, world: World) -> None:
        """Offer `world` and announce it."""
        self.offer(world.manifest_with_lists(), world.chunks_with_lists())

    def offer(self, manifest: bytes, chunks: dict[str, bytes]) -> None:
        self.manifest, self.chunks = manifest, chunks
        self.say("generation", {"generation": 0})

    def say(self, name: str, data: Any) -> None:
        """Send an event to every stream."""
        for stream in self._streams:
            stream.put_nowait(event(name, data))

    def break_off(self, name: str, data: Any) -> None:
        """End every stream in the middle of this event."""
        for stream in self._streams:
            stream.put_nowait(event(name, data)[:-5])
        self.hang_up()

    def beat(self) -> None:
        """Send a heartbeat to every stream: the feed lives and has no news."""
        for stream in self._streams:
            stream.put_nowait(b": heartbeat\n\n")

    def greet_with(self, name: str, data: Any) -> None:
        """Have each new stream begin with this event, in place of another of that name."""
        self._first_events[name] = event(name, data)

    def hang_up(self) -> None:
        """End every stream."""
        for stream in self._streams:
            stream.put_nowait(None)

    async def until_connected(self) -> None:
        while not self._streams:  # noqa: ASYNC110 - what is looked at announces nothing
            await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[FakeFeed]:
        application = web.Application(middlewares=[self._guarded])
        application.router.add_get("/edge/v1/manifest", self._manifest)
        application.router.add_get("/edge/v1/chunks/{digest}", self._chunk)
        application.router.add_post("/edge/v1/chunks", self._some_chunks)
        application.router.add_get("/edge/v1/trust", self._trust)
        application.router.add_get("/edge/v1/latency", self._latency)
        application.router.add_get("/edge/v1/events", self._events)
        application.router.add_post("/edge/v1/report", self._report)
        runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", port))
        await web.SockSite(runner, listener).start()
        host, bound = runner.addresses[0][:2]
        self.url = f"http://{host}:{bound}"
        try:
            yield self
        finally:
            self.hang_up()
            asyncio.get_running_loop().remove_reader(listener)
            await asyncio.sleep(0)  # asyncio's server leaves open what it accepted in the turn in which it is closed
            await runner.cleanup()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Any) -> web.StreamResponse:
        what = request.path.removeprefix("/edge/v1/")
        self.asked.append(what)
        self.visitors.append(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if self.visitors[-1] not in self.tokens:
            return web.Response(status=401)
        status = self.failing.get(what.partition("/")[0])
        return web.Response(status=status) if status else await handler(request)

    async def _manifest(self, request: web.Request) -> web.Response:
        etag = self.etag or f'"{hashlib.sha256(self.manifest).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        headers = {"ETag": etag} | ({HEADER: self.signature} if self.signature else {})
        return web.Response(body=self.manifest, headers=headers)

    async def _trust(self, request: web.Request) -> web.Response:
        if self.trust is None:
            return web.Response(status=404)
        return web.json_response(self.trust | {"statements": self.trust["statements"](int(request.query["since"]))})

    async def _chunk(self, request: web.Request) -> web.Response:
        content = self.chunks.get(request.match_info["digest"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _some_chunks(self, request: web.Request) -> web.Response:
        """At most three at once, so that they have to be asked for again."""
        digests = (await request.json())[:3]
        self.asked += [f"chunks/{digest}" for digest in digests]
        self.visitors += [request.headers["Authorization"].removeprefix("Bearer ")] * len(digests)
        if self.gives_nothing:
            return web.Response(body=b"")
        contents = [self.chunks[digest] for digest in takewhile(self.chunks.__contains__, digests)]
        if not contents or not self.gives_many:
            return web.Response(status=404)
        return web.Response(body=b"".join(len(chunk).to_bytes(4, "big") + chunk for chunk in contents))

    async def _latency(self, request: web.Request) -> web.Response:
        messages = self.latency.get(int(request.query["since"]))
        if messages is None:
            return web.Response(status=204)
        return web.Response(body=b"".join(len(message).to_bytes(4, "big") + message for message in messages))

    async def _report(self, request: web.Request) -> web.Response:
        report = await request.json()
        if ("condition" in report and not self.knows_condition) or ("standing" in report and not self.knows_standing):
            return web.Response(status=400)
        self.reports.append(report)
        return web.Response(status=204, headers={"Report-Accepts": "condition"} if self.knows_condition else {})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.last_event_ids.append(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        for first in self._first_events.values():
            stream.put_nowait(first)
        self._streams.add(stream)
        try:
            with suppress(ConnectionError):  # the edge has ended
                while (octets := await stream.get()) is not None:
                    await response.write(octets)
        finally:
            self._streams.discard(stream)
        return response


def event(name: str, data: Any) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode()

"""The paths of the feed, as a relay serves them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from ssl import SSLContext

from aiohttp import web
from pydantic import ValidationError

from edge.agent import Agent
from edge.chunks import DIGESTS, errors_of
from edge.feed import PATH, FeedError, read_via
from edge.framed import in_frames
from edge.health import written
from edge.listening import listen
from edge.manifest import WITH_LISTS
from edge.relay.chunks import Chunks
from edge.relay.maps import Maps
from edge.relay.news import Told
from edge.relay.plain import PlainManifests
from edge.relay.visitors import Visitors
from edge.serving import Serving
from edge.store import Store
from edge.trust.keeper import Answer
from edge.trust.manifests import HEADER as SIGNATURE
from edge.trust.refusal import RefusedError

HEARTBEAT_S = 2.0
WRITE_S = 10.0
"""Who does not take what it is told for so long is let go."""
MAX_FOLLOWERS = 5_000
MAX_BODY = 8 * 2**20
REPORTS_AT_ONCE = 64
MOST_DIGITS = 18
IMMUTABLE = "private, max-age=31536000, immutable"
HEARTBEAT = b": heartbeat\n\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


class Relay:
    """Serves what `agent` has on `address` (`host:port`) until cancelled."""

    def __init__(
        self, address: str, agent: Agent, serving: Serving, store: Store, visitors: Visitors, tls: SSLContext | None
    ) -> None:
        self._wanted = address
        self._agent = agent
        self._serving = serving
        self._visitors = visitors
        self._tls = tls
        self._maps = Maps(store)
        self._chunks = Chunks(store, agent.feeds, agent.news.relay)
        self._plain = PlainManifests(self._chunks)
        self._reports = asyncio.Semaphore(REPORTS_AT_ONCE)
        self.address: str | None = None

    async def serve(self) -> None:
        """Until cancelled. An address that is taken is said once and tried again."""
        application = web.Application(middlewares=[self._for_visitors], client_max_size=MAX_BODY)
        application.router.add_get(f"{PATH}/manifest", self._manifest)
        application.router.add_get(f"{PATH}/trust", self._trust)
        application.router.add_get(f"{PATH}/chunks/{{digest}}", self._chunk)
        application.router.add_post(f"{PATH}/chunks", self._some_chunks)
        application.router.add_get(f"{PATH}/latency", self._latency)
        application.router.add_get(f"{PATH}/events", self._events)
        application.router.add_post(f"{PATH}/report", self._report)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        try:
            self.address = await listen(runner, self._wanted, "relay yet: TRAFFICMGR_RELAY", self._tls)
            log.info("relaying the feed on %s", self.address)
            await asyncio.Event().wait()
        finally:
            self.address = None
            await runner.cleanup()

    @web.middleware
    async def _for_visitors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        authorization = request.headers.get("Authorization", "")
        is_bearer = authorization.isascii() and authorization.partition(" ")[0].lower() == "bearer"
        is_good = await self._visitors.is_good(authorization, time.monotonic()) if is_bearer else False
        if is_good is None:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "The control plane does not answer who you are; serve on.")
        if not is_good:
            detail = "The feed needs the token of an edge node: Authorization: Bearer TOKEN."
            return _problem(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": 'Bearer realm="edge feed"'})
        try:
            return await handler(request)
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods - {"HEAD"}))
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {allowed}.", {"Allow": allowed})
        except web.HTTPRequestEntityTooLarge:
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send at most {MAX_BODY} octets at once.")

    async def _manifest(self, request: web.Request) -> web.StreamResponse:
        served = self._agent.served
        if served is None:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "This relay has no snapshot yet.")
        if not self._agent.is_kept:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "This relay's disk does not take the snapshot; serve on.")
        reads_lists, signature = request.query.get("format") == str(WITH_LISTS), self._agent.signature
        try:
            octets = served.octets if reads_lists else await self._plain.of(served)
        except (FeedError, RefusedError) as error:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, f"Serve on; no manifest of format 1 can be made: {error}")
        etag = f'"{hashlib.sha256(octets).hexdigest()}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if signature and reads_lists:
            headers[SIGNATURE] = signature
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=octets, content_type="application/json", headers=headers)

    async def _chunk(self, request: web.Request) -> web.StreamResponse:
        digest = request.match_info["digest"]
        headers = {"Cache-Control": IMMUTABLE, "ETag": f'"{digest}"'}
        return await self._given([digest], request, b"".join, headers)

    async def _some_chunks(self, request: web.Request) -> web.StreamResponse:
        """As many as fit and at least one: who asks has to ask again for the others."""
        try:
            digests = DIGESTS.validate_json(await request.read())
        except ValidationError as error:
            return _problem(HTTPStatus.BAD_REQUEST, "It takes a list of digests.", errors=errors_of(error))
        return await self._given(digests, request, in_frames, {"Cache-Control": "no-store"})

    async def _given(
        self, digests: list[str], request: web.Request, form: Callable[[list[bytes]], bytes], headers: dict[str, str]
    ) -> web.StreamResponse:
        try:
            contents = await self._chunks.first(digests, read_via(request.headers.get("Via", "")))
        except (FeedError, RefusedError) as error:
            log.warning("chunk %s is not here and cannot be fetched: %s", digests[0], error)
            detail = (
                f"This relay has no chunk {digests[0]} and cannot fetch it now; ask another feed, or again: {error}"
            )
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
        if not contents:
            return _problem(HTTPStatus.NOT_FOUND, f"There is no chunk {digests[0]}.")
        return web.Response(body=form(contents), content_type="application/octet-stream", headers=headers)

    async def _latency(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("since", "0")
        if not _is_number(since):
            return _problem(HTTPStatus.BAD_REQUEST, "since: it is the sequence of the node's map, 0 if it has none.")
        content = await self._maps.since(int(since), self._serving.latency.sequence)
        if not content:
            return web.Response(status=HTTPStatus.NO_CONTENT)
        return web.Response(body=content, content_type="application/octet-stream")

    async def _trust(self, request: web.Request) -> web.StreamResponse:
        """Who someone is, only the control plane can say; whom to trust proves itself, so that is said without it."""
        since = request.query.get("since", "0")
        if not _is_number(since):
            return _problem(
                HTTPStatus.BAD_REQUEST, "since: it is the number of the node's statement, 0 if it has none."
            )
        try:
            passed = await self._agent.feeds.trust_of(request.headers["Authorization"], since)
        except FeedError as error:
            if int(since):
                return _problem(HTTPStatus.SERVICE_UNAVAILABLE, f"Trust as before; the feed cannot be asked: {error}")
            return web.json_response(text=Answer(statements=self._agent.trust_statements).model_dump_json())
        return web.Response(status=passed.status, body=passed.body, headers=passed.headers)

    async def _report(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            async with self._reports:
                passed = await self._agent.feeds.pass_up(request.headers["Authorization"], body)
        except FeedError as error:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, f"The report cannot be passed on; keep it: {error}")
        return web.Response(status=passed.status, body=passed.body, headers=passed.headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if not self._agent.news.in_contact:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "This relay has no contact itself; serve on.")
        if self._agent.news.followers >= MAX_FOLLOWERS:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, f"This relay has {MAX_FOLLOWERS} followers already.")
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        last = request.headers.get("Last-Event-ID", "")
        self._agent.news.followers += 1
        try:
            await self._tell(response, Told(health=int(last) if _is_number(last) else None))
        except (ConnectionError, TimeoutError):
            log.debug("%s does not follow any more", request.remote)
        finally:
            self._agent.news.followers -= 1
        return response

    async def _tell(self, response: web.StreamResponse, told: Told) -> None:
        """As long as there is contact: who follows shall not take silence for the absence of news."""
        news = self._agent.news
        while news.in_contact:
            changed = news.changed
            octets = b"".join(news.events(told, lambda: written(self._serving.health).decode()))
            async with asyncio.timeout(WRITE_S):
                await response.write(octets or HEARTBEAT)
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await changed.wait()
            except TimeoutError:
                continue


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS


def _problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None, **members: object) -> web.Response:
    """As a web process says it (RFC 9457)."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **members}
    return web.Response(status=status, text=json.dumps(body), content_type="application/problem+json", headers=headers)

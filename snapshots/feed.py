"""The edge feed: everything an edge needs, and what it reports. Needs the database, and nothing of Celery."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from pydantic import ValidationError

from common.problems import problem_response
from edge.chunks import BATCH_OCTETS, DIGESTS, errors_of
from edge.framed import in_frames
from edge.manifest import WITH_LISTS
from edge.trust.manifests import HEADER
from healthchecks.services import number_above
from latency.services import maps_since
from regions.models import EdgeNode
from snapshots.bulletin import Bulletin, bulletin
from snapshots.canonical import digest_of
from snapshots.chunks import first_chunks, stored_chunks
from snapshots.models import Snapshot
from snapshots.node_access import for_nodes, node_of, unknown_node, wrong_method
from snapshots.numbers_asked import NumberError, number_asked
from snapshots.opening import manifest_without_lists
from telemetry.report import Report
from telemetry.services import record_report

HEARTBEAT_S = 2.0
IMMUTABLE = "private, max-age=31536000, immutable"


@for_nodes("GET")
def manifest(request: HttpRequest, _node: EdgeNode) -> HttpResponseBase:
    """The newest manifest, to the byte; its ETag is its digest. Without `?format=2` one that names all zones itself.

    Edges of the release before do not say a format, and read no other.
    """
    snapshot = Snapshot.objects.order_by("-generation").first()
    if snapshot is None:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "No snapshot is published yet.")
    reads_lists = request.GET.get("format") == str(WITH_LISTS)
    content = (snapshot.manifest if reads_lists else manifest_without_lists(snapshot.manifest)).encode()
    response = HttpResponse(content, content_type="application/json", headers={"Cache-Control": "private, no-cache"})
    response["ETag"] = quote_etag(digest_of(content))
    if snapshot.signature and reads_lists:
        response[HEADER] = snapshot.signature
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


@for_nodes("GET")
def chunk(_request: HttpRequest, _node: EdgeNode, digest: str) -> HttpResponseBase:
    """The content under a digest: it never changes."""
    content = stored_chunks([digest]).get(digest)
    if content is None:
        return problem_response(HTTPStatus.NOT_FOUND, f"There is no chunk {digest}.")
    headers = {"Cache-Control": IMMUTABLE, "ETag": quote_etag(digest)}
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)


@for_nodes("POST")
def chunks(request: HttpRequest, _node: EdgeNode) -> HttpResponseBase:
    """The contents under a JSON list of digests, in its order, each preceded by its length (u32, big-endian).

    As many as fit into BATCH_OCTETS and at least one: who asks has to ask again for the others.
    """
    try:
        digests = DIGESTS.validate_json(request.body)
    except ValidationError as error:
        return problem_response(HTTPStatus.BAD_REQUEST, "It takes a list of digests.", errors=errors_of(error))
    contents = first_chunks(digests, BATCH_OCTETS)
    if not contents:
        return problem_response(HTTPStatus.NOT_FOUND, f"There is no chunk {digests[0]}.")
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(in_frames(contents), content_type="application/octet-stream", headers=headers)


@for_nodes("GET")
def latency(request: HttpRequest, _node: EdgeNode) -> HttpResponseBase:
    """The latency maps that lead from the one `since` to the newest, each preceded by its length (u32, big-endian).

    204: there is none that the node lacks. Without `since` the first one is full.
    """
    try:
        since = number_asked(request, "since", "It is the sequence of the node's map, 0 if it has none.")
    except NumberError as error:
        return error.response
    maps = maps_since(since)
    if not maps:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(in_frames(maps), content_type="application/octet-stream", headers=headers)


@for_nodes("POST")
def report(request: HttpRequest, node: EdgeNode) -> HttpResponseBase:
    """Take a node's report; one that came before is acknowledged and not counted."""
    try:
        read = Report.model_validate_json(request.body)
    except ValidationError as error:
        return problem_response(HTTPStatus.BAD_REQUEST, "The report is malformed.", errors=errors_of(error))
    record_report(node, read, datetime.now(UTC), allow_private=settings.PROBE_PRIVATE_ADDRESSES)
    number_above(read.health_sequence)
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Report-Accepts": "condition"})


async def events(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events: `generation`, `latency` and `health`, first as they are, then as they change.

    `Last-Event-ID` is the health sequence the node is at: it gets deltas from there on where they are remembered.
    """
    if request.method != "GET":
        return wrong_method("GET")
    try:
        if await sync_to_async(_node_of)(request) is None:
            return unknown_node()
    except DatabaseError:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer; serve on.")
    last = request.headers.get("Last-Event-ID", "")
    stream = event_stream(bulletin, int(last) if last.isdecimal() else None)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


async def event_stream(news: Bulletin, sequence: int | None) -> AsyncGenerator[str, None]:
    """The events for a node whose health is at `sequence`."""
    told_generation = told_latency = None
    async with news.reading():
        while True:
            changed = news.changed
            if news.generation is not None and news.generation != told_generation:
                told_generation = news.generation
                yield _event("generation", json.dumps({"generation": told_generation}))
            if news.latency is not None and news.latency != told_latency:
                told_latency = news.latency
                yield _event("latency", json.dumps({"sequence": told_latency}))
            for number, message in news.health.messages_since(sequence) if news.health else []:
                yield _event("health", message, number)
                sequence = number
            yield ": heartbeat\n\n"
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await changed.wait()


def _event(name: str, data: str, number: int | None = None) -> str:
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {name}\ndata: {data}\n\n"


def _node_of(request: HttpRequest) -> EdgeNode | None:
    try:
        return node_of(request)
    finally:
        connection.close()  # the stream may last for days, and needs none of its own

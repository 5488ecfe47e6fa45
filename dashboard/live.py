"""The overview as it changes: server-sent events whose data htmx swaps in.

note of a generation or of health ─┐
                                   ├─► read_overview ─► fragments ─► those that differ from the last
its cadence gone by ───────────────┘
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string

from accounts.models import User
from common.notify import listener
from dashboard.guard import acting_of
from dashboard.overview import Overview, read_overview
from dashboard.scope import DEFAULT, SPANS, read_scope

PAUSE_S = 0.25
"""A burst of notes is shown at once, not note by note."""

LIFETIME_S = 600.0
"""A stream ends now and then, so that the browser's next one is asked for its login again."""

FRAGMENTS = ("notices", "summary", "failing", "regions", "flows", "lately", "edges")

Fragments = dict[str, str]

_reader = ThreadPoolExecutor(1, "dashboard")


@login_required
async def live(request: HttpRequest) -> HttpResponseBase:
    """Events named after the fragments of the overview, and `figures` for its charts."""
    user = await request.auser()
    assert isinstance(user, User)  # noqa: S101 - login_required has seen to it
    acting = acting_of(request)
    may = acting.rights() if acting is not None else {}
    span = SPANS.get(request.GET.get("span", ""), SPANS[DEFAULT])
    stream = changes(partial(_read, user, may, request.GET.dict()), span.cadence_s)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


async def changes(read: Callable[[], Fragments], cadence_s: float) -> AsyncGenerator[str, None]:
    """The fragments that `read` gives, as events, each time one is another than before."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LIFETIME_S
    sent: Fragments = {}
    async with listener.subscribe() as mailbox:
        while loop.time() < end:
            with suppress(TimeoutError):
                async with asyncio.timeout(cadence_s):
                    await mailbox.take()
            fragments = await loop.run_in_executor(_reader, read)
            yield "".join(event(name, text) for name, text in fragments.items() if sent.get(name) != text) or ":\n\n"
            sent = fragments
            await asyncio.sleep(PAUSE_S)


def event(name: str, text: str) -> str:
    """One server-sent event; every line of its data has a prefix of its own."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: {name}\n{lines}\n"


def fragments_of(overview: Overview, may: Mapping[str, bool]) -> Fragments:
    """Event name to markup, or for the charts to JSON. `may`: what the reader may do, as in the page itself."""
    context = {"overview": overview, "scope": overview.scope, "may": may}
    found = {name: render_to_string(f"dashboard/overview/{name}.html", context) for name in FRAGMENTS}
    for traffic in overview.traffic:
        markup = render_to_string("dashboard/overview/shares.html", {"traffic": traffic, "scope": overview.scope})
        found[f"shares-{traffic.policy.id}"] = markup
    return found | {"figures": json.dumps(overview.figures)}


def _read(user: User, may: Mapping[str, bool], query: dict[str, str]) -> Fragments:
    close_old_connections()
    try:
        return fragments_of(read_overview(user, datetime.now(UTC), read_scope(query, user)), may)
    except DatabaseError:
        return {}

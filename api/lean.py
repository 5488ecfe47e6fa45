"""A few views in front of all others, without what pages need: sessions, messages, CSRF, static files.

request ─► one of ours? ─ no ─► Django, with its middleware
               │
               └ yes ─► the same view, in one of a few threads (1 ms)
"""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponseBase

from api.line import Line
from common.problems import problem_response

THREADS = 8
"""Each holds a connection while it works, of those that the pool of a process has."""

MOST_AT_ONCE = 256
"""Requests that have a thread or wait for one: those beyond would only wait for longer."""

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
View = Callable[[HttpRequest], HttpResponseBase]

log = logging.getLogger(__name__)


class LeanApplication:
    """An ASGI application that answers the paths of `views`, and leaves others to `otherwise`. A path of `views` that
    ends with a slash stands for all below it.

    A view gets the first `body_limit` + 1 octets of a body: it refuses what is longer.
    """

    def __init__(
        self, otherwise: Application, views: Mapping[str, View], body_limit: int, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        self._otherwise, self._views, self._body_limit = otherwise, views, body_limit
        self._above = tuple(path for path in views if path.endswith("/"))
        self._line = Line("lean", THREADS, most_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        view = self._view_of(scope["path"]) if scope["type"] == "http" else None
        if view is None:
            await self._otherwise(scope, receive, send)
            return
        body = await _read(receive, self._body_limit + 1)
        if body is not None:
            await write(send, await self._line.respond(respond, view, ASGIRequest(scope, io.BytesIO(body))))

    def _view_of(self, path: str) -> View | None:
        return self._views.get(next((above for above in self._above if path.startswith(above)), path))


def respond(view: View, request: HttpRequest) -> HttpResponseBase:
    """What the view says; 500 where it fails. The connection it used goes back to the pool."""
    try:
        return view(request)
    except Exception:
        log.exception("a request failed")
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed; the server's log says why.")
    finally:
        connections.close_all()


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The body, of which no more than `limit` octets are kept; None: the client is gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        body += part[: limit - len(body)]
        if not message.get("more_body"):
            return body


async def write(send: Send, response: HttpResponseBase) -> None:
    """Answer by a response that is whole."""
    content = bytes(getattr(response, "content", b""))
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": content})

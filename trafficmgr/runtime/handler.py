"""Django behind ASGI, where each request has one thread from its first middleware to its last.

    request ─► an async view's path? ─ yes ─► Django's own handler, whose streams hold no thread
                  │
                  └ no ─► the line of its door ─► one of a few threads: middleware, view, middleware ─► its answer

Left to itself Django takes a thread for each request, however many there are, and leaves it for every middleware
that does not know of async: up to a quarter of the processor's time went there, and a burst of requests took more
connections than there are. Here those that no thread is free for wait in the order in which they came, and hold
nothing. What edges ask waits for no page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from inspect import iscoroutinefunction
from typing import Any, cast

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import ImproperlyConfigured, RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, set_script_prefix

from api.lean import Receive, Scope, Send
from api.line import Line

LINES = {"/edge/": 4, "/": 8}
"""How many threads answer what is below a path, the first that fits. Each holds a connection while it works.

Few: Python runs one at a time, and what is begun together is finished together, late.
More for pages, some of which wait for others.
"""

MOST_AT_ONCE = 1024
"""Of a line."""

PARAMETERS = frozenset("<(")
"""A route that has one of these is of more than one path."""


class Handler(ASGIHandler):
    """Django's ASGI handler, with a thread for each request whose view is not async. `lines` are LINES."""

    def __init__(self, lines: Mapping[str, int] = LINES) -> None:
        super().__init__()
        self._within_a_thread = BaseHandler()
        self._within_a_thread.load_middleware()
        self._streams = frozenset(paths_of_async_views(get_resolver()))
        self._lines = {path: Line(f"below {path}", threads, MOST_AT_ONCE) for path, threads in lines.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._streams:
            await super().__call__(scope, receive, send)
            return
        with suppress(RequestAborted):
            body = await self.read_body(receive)
            with body:
                await self._answer(scope, body, receive, send)

    async def _answer(self, scope: Scope, body: Any, receive: Receive, send: Send) -> None:
        set_script_prefix(get_script_prefix(scope))
        request, refusal = self.create_request(scope, body)
        if request is None:
            await self.send_response(cast("HttpResponseBase", refusal), send)
            return
        line = next(line for path, line in self._lines.items() if scope["path"].startswith(path))
        response = await line.respond(_respond, self._within_a_thread, request, scope)
        if response.streaming:
            await self._stream(response, receive, send)
        else:
            await self.send_response(response, send)

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        """Its parts are made in a thread of its own, for as long as the client takes them."""
        async with ThreadSensitiveContext():
            sending = asyncio.create_task(self.send_response(response, send))
            leaving = asyncio.create_task(self.listen_for_disconnect(receive))
            try:
                await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, leaving):
                    task.cancel()
                ended = await asyncio.gather(sending, leaving, return_exceptions=True)
                await sync_to_async(response.close)()
        if isinstance(ended[0], Exception):
            raise ended[0]


def paths_of_async_views(resolver: URLResolver, above: str = "/") -> Iterator[str]:
    """Where the views are that need no thread. Raises ImproperlyConfigured for one whose path has parameters."""
    for pattern in resolver.url_patterns:
        path = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths_of_async_views(pattern, path)
        elif isinstance(pattern, URLPattern) and iscoroutinefunction(pattern.callback):
            if PARAMETERS & set(path):
                raise ImproperlyConfigured(f"{path}: the path of an async view has no parameters here.")
            yield path


def _respond(handler: BaseHandler, request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """The connection that was used goes back to the pool, and is there for the next who has a thread."""
    try:
        request_started.send(sender=type(handler), scope=scope)
        response = handler.get_response(request)
        if not response.streaming:
            response.close()
        return response
    finally:
        connections.close_all()

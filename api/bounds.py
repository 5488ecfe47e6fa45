"""How large a body may be, before anything else looks at the request: Django writes bodies to disk as they come.

A body that says how long it is is refused before it is read, another as soon as it has become too long.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from api.lean import Application, Message, Receive, Scope, Send, write
from common.problems import problem_response

MIB = 2**20
LIMITS = [
    (re.compile(r"/api/v1/zones/.+/zonefile/?"), 64 * MIB),  # a zone of 1,000,000 records
    (re.compile(r"/zones/[^/]+/import/"), 65 * MIB),  # the same in a form
    (re.compile(r"/api/.*"), 9 * MIB),  # api.parsers says by itself that JSON is larger than 8 MiB
    (re.compile(r"/edge/v1/.*"), 8 * MIB),  # the report of a node
    (re.compile(r"/(login|logout|account)/.*"), MIB // 8),
]
"""The first that fits the whole path."""
OTHERWISE = 2 * MIB


class BoundedApplication:
    """An ASGI application that hands requests to `application`, unless they are too large: those it answers by 413."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        if _declared(scope) > limit:
            await _refuse(send, limit)
            return
        exchange = _Exchange(limit, receive, send)
        await self._application(scope, exchange.receive, exchange.send)
        if exchange.is_too_large and not exchange.is_answered:
            await _refuse(send, limit)


class _Exchange:
    """To the application, a body that becomes too long looks as if the client had gone."""

    def __init__(self, limit: int, receive: Receive, send: Send) -> None:
        self._left, self._receive, self._send = limit, receive, send
        self.is_answered = False

    @property
    def is_too_large(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_too_large else message

    async def send(self, message: Message) -> None:
        self.is_answered = True
        await self._send(message)


def limit_of(path: str) -> int:
    """Octets that the body of a request for `path` may have."""
    return next((limit for pattern, limit in LIMITS if pattern.fullmatch(path)), OTHERWISE)


def _declared(scope: Scope) -> int:
    """What a request says of its length; 0: nothing that can be read."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(said) if said.isdigit() else 0


async def _refuse(send: Send, limit: int) -> None:
    detail = f"The body is larger than {limit:,} octets."
    await write(send, problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail))

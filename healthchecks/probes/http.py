"""HTTP: one request, its status and optionally its body. Redirects are answers, never followed."""

from __future__ import annotations

import re
import ssl
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import ClassVar, Literal, TypeVar

from aiohttp import ClientError, ClientResponse, ClientSession
from pydantic import Field, field_validator
from yarl import URL

from healthchecks.probes import status_codes
from healthchecks.probes.base import MAX_BODY, Peer, Probe, ProbeError

T = TypeVar("T")

HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
"""RFC 9110 section 5.6.2: a token."""

VISIBLE = r"^[\x21-\x7e]*$"
VISIBLE_OR_SPACE = r"^[\x20-\x7e\t]*$"


class HttpProbe(Probe):
    scheme: ClassVar[str] = "http"
    default_port: ClassVar[int] = 80

    method: Literal["GET", "HEAD", "OPTIONS"] = "GET"
    path: str = Field("/", pattern=VISIBLE, max_length=2048)
    host: str | None = Field(None, pattern=VISIBLE, min_length=1, max_length=255, description="The Host header.")
    headers: dict[str, str] = Field(default_factory=dict, max_length=32)
    expected_codes: status_codes.StatusCodes = "200-299"
    body_contains: str | None = Field(None, min_length=1, max_length=1024, description="In the first 64 KiB.")

    @field_validator("path")
    @classmethod
    def starts_with_slash(cls, path: str) -> str:
        if not path.startswith("/") or "#" in path:
            raise ValueError("a path starts with / and has no #")
        return path

    @field_validator("headers")
    @classmethod
    def one_line_each(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            _require(HEADER_NAME, name, f"{name!r} is not a header name")
            _require(VISIBLE_OR_SPACE, value, f"the value of {name} must be one line of ASCII")
            if name.lower() in {"host", "content-length", "transfer-encoding", "connection"}:
                raise ValueError(f"{name} cannot be set here" + (": use host" if name.lower() == "host" else ""))
        return headers

    @cached_property
    def codes(self) -> frozenset[int]:
        return status_codes.parse(self.expected_codes)

    async def attempt(self, peer: Peer, session: ClientSession) -> str:
        return await self.ask(peer, session, self._judge)

    async def ask(self, peer: Peer, session: ClientSession, read: Callable[[ClientResponse], Awaitable[T]]) -> T:
        """What `read` makes of the answer. Raises as `attempt` does."""
        request = session.request(
            self.method,
            self._url(peer),
            headers={"Host": self._host(peer)} | self.headers,
            allow_redirects=False,
            ssl=self.tls(),
            server_hostname=self.server_name(peer),
        )
        try:
            async with request as response:
                return await read(response)
        except ClientError as error:
            raise self._failure(error) from error

    def tls(self) -> ssl.SSLContext | bool:
        """How certificates are checked; plain HTTP has none."""
        return False

    def server_name(self, _peer: Peer) -> str | None:
        """The name a certificate must be for."""
        return None

    def _url(self, peer: Peer) -> URL:
        address = f"[{peer.address}]" if ":" in peer.address else peer.address
        return URL(f"{self.scheme}://{address}:{peer.port}{self.path}", encoded=True)

    def _host(self, peer: Peer) -> str:
        if self.host:
            return self.host
        name = f"[{peer.name}]" if ":" in peer.name else peer.name
        return name if peer.port == self.default_port else f"{name}:{peer.port}"

    async def _judge(self, response: ClientResponse) -> str:
        if response.status not in self.codes:
            raise ProbeError(f"status {response.status}, expected {self.expected_codes}")
        if self.body_contains and self.body_contains.encode() not in await _start_of_body(response):
            raise ProbeError(f"status {response.status}, but the body does not contain {self.body_contains!r}")
        return f"status {response.status}"

    def _failure(self, error: ClientError) -> Exception:
        """The error of the operating system where there is one, else what was wrong with the answer."""
        if isinstance(error, OSError):
            return error
        return ProbeError(f"not an HTTP answer: {getattr(error, 'message', '') or error or 'connection closed'}")


async def _start_of_body(response: ClientResponse) -> bytes:
    body = bytearray()
    while len(body) < MAX_BODY and (block := await response.content.read(MAX_BODY - len(body))):
        body += block
    return bytes(body)


def _require(pattern: str, text: str, message: str) -> None:
    if not re.fullmatch(pattern, text):
        raise ValueError(message)

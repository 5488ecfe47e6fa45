"""HTTP: one request, its status and optionally its body. Redirects are answers, never followed."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from healthchecks.probes import status_codes
from healthchecks.probes.base import MAX_BODY, Certificate, Dialogue, Peer, Probe, ProbeError, Seen
from healthchecks.probes.exchange import Answer, Reading, Request, exchange, request
from healthchecks.probes.names import HostName
from healthchecks.probes.patterns import Pattern, compile_pattern

HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
"""RFC 9110 section 5.6.2: a token."""

VISIBLE = r"^[\x21-\x7e]*$"
VISIBLE_OR_SPACE = r"^[\x20-\x7e\t]*$"
MAX_SENT = 8192
USER_AGENT = "trafficmgr-healthcheck"


class HttpProbe(Probe):
    scheme: ClassVar[str] = "http"
    default_port: ClassVar[int] = 80

    method: Literal["GET", "HEAD", "OPTIONS", "POST"] = "GET"
    path: str = Field("/", pattern=VISIBLE, max_length=2048)
    host: HostName | None = Field(None, description="The Host header.")
    headers: dict[str, str] = Field(default_factory=dict, max_length=32)
    body: str | None = Field(None, min_length=1, max_length=MAX_SENT, description="Sent with POST, as UTF-8.")
    expected_codes: status_codes.StatusCodes = "200-299"
    body_contains: str | None = Field(None, min_length=1, max_length=1024, description="In the first 64 KiB.")
    body_regex: Pattern | None = Field(None, description="Found in the first 64 KiB, in the syntax of RE2.")

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

    @field_validator("body")
    @classmethod
    def is_posted(cls, body: str | None, info: ValidationInfo) -> str | None:
        if body and info.data.get("method", "POST") != "POST":
            raise ValueError("a body is sent with POST only: choose that method")
        return body

    @cached_property
    def pattern(self) -> Any:
        return compile_pattern(self.body_regex) if self.body_regex else None

    @cached_property
    def codes(self) -> frozenset[int]:
        return status_codes.parse(self.expected_codes)

    @cached_property
    def wanted(self) -> int:
        """Of a body, in octets."""
        return MAX_BODY if self.body_contains or self.pattern else 0

    async def attempt(self, peer: Peer) -> Seen:
        return self.judge(await self.ask(peer, most_body=self.wanted))

    def dialogues(self, peer: Peer) -> Callable[[], Dialogue] | None:
        return partial(HttpDialogue, self, self._request(self._host(peer), self.wanted))

    async def ask(self, peer: Peer, *, most_body: int) -> Answer:
        """The answer, with as much of its body. Raises as `attempt` does."""
        asked = self._request(self._host(peer), most_body)
        return await exchange(peer, asked, tls=self.tls(), server_name=self.server_name(peer))

    def _request(self, host: str, most_body: int) -> Request:
        headers = {"User-Agent": USER_AGENT, "Host": host} | self.headers
        content = self.body.encode() if self.body else b""
        return request(self.method, self.path, headers, content, most_body=most_body)

    def tls(self) -> ssl.SSLContext | None:
        """How certificates are checked; plain HTTP has none."""
        return None

    def server_name(self, _peer: Peer) -> str | None:
        """The name a certificate must be for."""
        return None

    def require_certificate(self, certificate: Certificate | None) -> None:
        """Raises ProbeError if it is not fit; plain HTTP shows none."""

    def _host(self, peer: Peer) -> str:
        if self.host:
            return self.host
        name = f"[{peer.name.partition('%')[0]}]" if ":" in peer.name else peer.name
        return name if peer.port == self.default_port else f"{name}:{peer.port}"

    def judge(self, answer: Answer) -> Seen:
        """What it says. Raises ProbeError."""
        certificate = answer.certificate
        self.require_certificate(certificate)
        if answer.status not in self.codes:
            raise ProbeError(f"status {answer.status}, expected {self.expected_codes}", certificate)
        if (self.body_contains or self.pattern) and (missing := self._missing(answer.body)):
            raise ProbeError(f"status {answer.status}, but the body does not {missing}", certificate)
        return Seen(f"status {answer.status}", certificate)

    def _missing(self, body: bytes) -> str:
        """What a body was expected to do and does not."""
        if self.body_contains and self.body_contains.encode() not in body:
            return f"contain {self.body_contains!r}"
        if self.pattern and not self.pattern.search(body):
            return f"match {self.body_regex!r}"
        return ""


class HttpDialogue(Dialogue):
    def __init__(self, probe: HttpProbe, request: Request) -> None:
        self.sends = request.octets
        self._probe = probe
        self._reading = Reading(request)

    def received(self, octets: bytes) -> Seen | None:
        return self._judged() if self._reading.take(octets) else None

    def closed(self) -> Seen:
        self._reading.end()
        return self._judged()

    def _judged(self) -> Seen:
        return self._probe.judge(Answer(self._reading.status, bytes(self._reading.body), None))


def _require(pattern: str, text: str, message: str) -> None:
    if not re.fullmatch(pattern, text):
        raise ValueError(message)

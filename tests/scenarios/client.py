"""What the scenarios do to a running system: ask its edge as resolvers do, call its API, wait for what must come."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

import dns.edns
import dns.message
import dns.query
import dns.rdatatype

Seen = TypeVar("Seen")

DEADLINE_S = 90.0  # generous: it decides only how long a failing test takes


def ask(
    server: str, name: str, type_: str = "A", subnet: str | None = None, *, tcp: bool = False
) -> dns.message.Message:
    """The edge's answer to one query. `subnet`: a client subnet such as "203.0.113.0/24"."""
    options: list[dns.edns.Option] = []
    if subnet:
        address, _, prefix = subnet.partition("/")
        options.append(dns.edns.ECSOption(address, int(prefix)))
    query = dns.message.make_query(name, type_, use_edns=0, payload=1232, options=options)
    host, _, port = server.rpartition(":")
    exchange = dns.query.tcp if tcp else dns.query.udp
    return exchange(query, host, port=int(port), timeout=5)


def addresses(server: str, name: str, subnet: str | None = None) -> list[str]:
    """The IPv4 addresses answered for a name, in their order."""
    answer = ask(server, name, "A", subnet).answer
    return [rdata.address for rrset in answer if rrset.rdtype == dns.rdatatype.A for rdata in rrset]


def call(
    system: Any, method: str, path: str, body: Any = None, *, text: str | None = None, token: str | None = None
) -> tuple[int, Any, str]:
    """Status, decoded body and content type of a REST call."""
    data = text.encode() if text is not None else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{system.web}{path}", data=data, method=method)
    request.add_header("Authorization", f"Token {token or system.token}")
    request.add_header("Content-Type", "text/dns" if text is not None else "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, _decoded(response), response.headers.get_content_type()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _decoded(error), error.headers.get_content_type()


def eventually(look: Callable[[], Seen], wanted: Callable[[Seen], bool], *, what: str) -> Seen:
    """Look again until what is seen is what is wanted; fails with the last thing seen."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        seen = look()
        if wanted(seen):
            return seen
        assert time.monotonic() < deadline, f"{what}: still {seen!r} after {DEADLINE_S:.0f} s"
        time.sleep(0.05)


def _decoded(response: Any) -> Any:
    raw = response.read()
    is_json = response.headers.get_content_type().endswith("json")
    return json.loads(raw) if is_json and raw else raw.decode()

"""gRPC: the health checking protocol, `grpc.health.v1.Health/Check`, one call on a connection of its own.

HEADERS, DATA(HealthCheckRequest) ──► HEADERS :status, DATA(HealthCheckResponse), trailers grpc-status
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from pydantic import Field

from healthchecks.probes.base import Peer, Probe, ProbeError, Seen
from healthchecks.probes.grpc_messages import (
    SERVING,
    MessageError,
    health_request,
    health_status,
    serving_name,
    status_name,
)
from healthchecks.probes.handshake import CertificateOptions, context
from healthchecks.probes.names import HostName, without_port
from healthchecks.probes.tls import connected, require_certificate

METHOD = "/grpc.health.v1.Health/Check"
BLOCK = 16384
MAX_ANSWER = 4096
"""An answer has some seven octets; flow control ends what a server may send at 64 KiB."""
FRAME_HEAD, FRAME_TYPE, SETTINGS = 9, 3, 4


@dataclass
class _Answer:
    headers: dict[str, str] = field(default_factory=dict)  # and the trailers
    body: bytes = b""
    is_whole: bool = False


class GrpcProbe(CertificateOptions, Probe):
    service: str = Field("", max_length=255, description="Whose health is asked for; empty: the server's.")
    tls: bool = Field(False, description="Over TLS; else HTTP/2 in plain text.")
    host: HostName | None = Field(None, description="The authority, and whom a certificate must be for.")

    async def attempt(self, peer: Peer) -> Seen:
        made = context(verify=self.verify_certificate, protocols=("h2",)) if self.tls else None
        name = without_port(self.host) if self.host else peer.name
        async with connected(peer, made, name) as (reader, writer):
            certificate = require_certificate(writer) if self.tls else None
            if certificate:
                self.require_days(certificate)
            try:
                return Seen(self._judge(await self._call(reader, writer, self._authority(peer))), certificate)
            except ProbeError as error:
                raise ProbeError(str(error), certificate) from error

    def _authority(self, peer: Peer) -> str:
        name = f"[{peer.name}]" if ":" in peer.name else peer.name
        return self.host or f"{name}:{peer.port}"

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, authority: str) -> _Answer:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        connection.initiate_connection()
        stream = connection.get_next_available_stream_id()
        connection.send_headers(stream, _request_headers(authority, "https" if self.tls else "http"))
        connection.send_data(stream, health_request(self.service), end_stream=True)
        writer.write(connection.data_to_send())
        answer, block = _Answer(), await _first(reader)
        while True:
            try:
                _take(answer, connection.receive_data(block))
            except (h2.exceptions.ProtocolError, UnicodeDecodeError) as error:
                raise ProbeError(f"not HTTP/2: {error}") from error
            if answer.is_whole:
                return answer
            writer.write(connection.data_to_send())
            if not (block := await reader.read(BLOCK)):
                raise ProbeError("connection closed before the answer")

    def _judge(self, answer: _Answer) -> str:
        if answer.headers.get(":status") != "200":
            raise ProbeError(f"HTTP status {answer.headers.get(':status')}, which is not gRPC")
        if (status := answer.headers.get("grpc-status", "")) != "0":
            message = answer.headers.get("grpc-message", "")
            raise ProbeError(f"gRPC status {status_name(status)}" + (f": {message}" if message else ""))
        try:
            serving = health_status(answer.body)
        except MessageError as error:
            raise ProbeError(f"not an answer of the health service: {error}") from error
        if serving != SERVING:
            raise ProbeError(f"says {serving_name(serving)}")
        return "SERVING"


async def _first(reader: asyncio.StreamReader) -> bytes:
    """RFC 9113 section 3.4: a server begins with SETTINGS. Anything else would be waited for as a frame of its size."""
    try:
        head = await reader.readexactly(FRAME_HEAD)
    except asyncio.IncompleteReadError as error:
        raise ProbeError("connection closed before the answer") from error
    if head[FRAME_TYPE] != SETTINGS:
        raise ProbeError(f"not HTTP/2: it begins with {head!r}")
    return head


def _request_headers(authority: str, scheme: str) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", scheme),
        (":path", METHOD),
        (":authority", authority),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "trafficmgr-healthcheck"),
    ]


def _take(answer: _Answer, events: list[h2.events.Event]) -> None:
    for event in events:
        if isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
            answer.headers |= {str(name): str(value) for name, value in event.headers or ()}
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data or b""
            if len(answer.body) > MAX_ANSWER:
                raise ProbeError(f"not an answer of the health service: more than {MAX_ANSWER} octets")
        elif isinstance(event, h2.events.StreamEnded):
            answer.is_whole = True
        elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated) and event.error_code:
            raise ProbeError(f"refused by HTTP/2 error {int(event.error_code)}")

"""TLS: a handshake, and what the certificate says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Field

from healthchecks.probes.base import Certificate, Peer, Probe, ProbeError, Seen
from healthchecks.probes.handshake import CertificateOptions, certificate_of, context, failure
from healthchecks.probes.names import HostName


class TlsProbe(CertificateOptions, Probe):
    server_name: HostName | None = Field(
        None, description="Whom it is asked for (SNI) and the certificate must be for; empty: the endpoint."
    )

    async def attempt(self, peer: Peer) -> Seen:
        made = context(verify=self.verify_certificate)
        async with connected(peer, made, self.server_name or peer.name) as (_reader, writer):
            certificate = require_certificate(writer)
            self.require_days(certificate)
            version = writer.get_extra_info("ssl_object").version()
        return Seen(f"{version}, certificate until {certificate.not_after:%Y-%m-%d}", certificate)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(peer: Peer, made: ssl.SSLContext | None, name: str) -> AsyncIterator[Streams]:
    """A connection, by TLS for `name` if there is a context. Raises ProbeError where the handshake fails."""
    tls = {"ssl": made, "server_hostname": name} if made else {}
    try:
        reader, writer = await asyncio.open_connection(peer.address, peer.port, **tls)  # type: ignore[arg-type]
    except ssl.SSLError as error:
        raise failure(error) from error
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def require_certificate(writer: asyncio.StreamWriter) -> Certificate:
    certificate = certificate_of(writer)
    if certificate is None:
        raise ProbeError("TLS without a certificate that can be read")
    return certificate

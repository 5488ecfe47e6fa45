"""HTTP over TLS: as `http`, and the certificate is verified for the name of the endpoint."""

from __future__ import annotations

import ssl
from functools import cache
from typing import ClassVar

from aiohttp import ClientConnectorCertificateError, ClientConnectorSSLError, ClientError
from pydantic import Field

from healthchecks.probes.base import Peer, ProbeError
from healthchecks.probes.http import HttpProbe


class HttpsProbe(HttpProbe):
    scheme: ClassVar[str] = "https"
    default_port: ClassVar[int] = 443

    verify_certificate: bool = Field(True, description="Its chain, its dates and its name.")

    def tls(self) -> ssl.SSLContext | bool:
        return verifying_context() if self.verify_certificate else False

    def server_name(self, peer: Peer) -> str | None:
        """The name of the Host header: what a browser would ask for."""
        return _without_port(self.host) if self.host else peer.name

    def _failure(self, error: ClientError) -> Exception:
        if isinstance(error, ClientConnectorCertificateError):
            reason = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
            return ProbeError(f"certificate not accepted: {reason}")
        if isinstance(error, ClientConnectorSSLError):
            return ProbeError(f"TLS handshake failed: {error.os_error.strerror or error.os_error}")
        return super()._failure(error)


@cache
def verifying_context() -> ssl.SSLContext:
    """Trusts what the machine trusts."""
    return ssl.create_default_context()


def _without_port(host: str) -> str:
    """The name of `name`, `name:port` or `[address]:port`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]

"""HTTP over TLS: as `http`, and the certificate is verified for the name of the endpoint."""

from __future__ import annotations

import ssl
from typing import ClassVar

from aiohttp import ClientConnectorCertificateError, ClientConnectorSSLError, ClientError, ClientResponse

from healthchecks.probes.base import Certificate, Peer
from healthchecks.probes.handshake import CertificateOptions, CertifiedResponse, context, failure
from healthchecks.probes.http import HttpProbe
from healthchecks.probes.names import without_port


class HttpsProbe(CertificateOptions, HttpProbe):
    scheme: ClassVar[str] = "https"
    default_port: ClassVar[int] = 443

    def tls(self) -> ssl.SSLContext | bool:
        return context(verify=self.verify_certificate)

    def server_name(self, peer: Peer) -> str | None:
        """The name of the Host header: what a browser would ask for."""
        return without_port(self.host) if self.host else peer.name

    def certificate(self, response: ClientResponse) -> Certificate | None:
        seen = response.certificate if isinstance(response, CertifiedResponse) else None
        if seen:
            self.require_days(seen)
        return seen

    def _failure(self, error: ClientError) -> Exception:
        if isinstance(error, ClientConnectorCertificateError) and isinstance(error.certificate_error, ssl.SSLError):
            return failure(error.certificate_error)
        if isinstance(error, ClientConnectorSSLError) and isinstance(error.os_error, ssl.SSLError):
            return failure(error.os_error)
        return super()._failure(error)

"""HTTP over TLS: as `http`, and the certificate is verified for the name of the endpoint."""

from __future__ import annotations

import ssl
from typing import ClassVar

from healthchecks.probes.base import Certificate, Peer
from healthchecks.probes.handshake import CertificateOptions, context
from healthchecks.probes.http import HttpProbe
from healthchecks.probes.names import without_port


class HttpsProbe(CertificateOptions, HttpProbe):
    scheme: ClassVar[str] = "https"
    default_port: ClassVar[int] = 443

    def dialogues(self, _peer: Peer) -> None:
        return None

    def tls(self) -> ssl.SSLContext | None:
        return context(verify=self.verify_certificate)

    def server_name(self, peer: Peer) -> str | None:
        """The name of the Host header: what a browser would ask for."""
        return without_port(self.host) if self.host else peer.name

    def require_certificate(self, certificate: Certificate | None) -> None:
        if certificate:
            self.require_days(certificate)

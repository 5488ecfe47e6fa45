"""TLS as probes speak it: every certificate is looked at, and one that does not verify ends the handshake if it has to.

OpenSSL would either refuse a certificate without showing it, or accept it without saying what is wrong. So it accepts
here, and the handshake is not over until `certificates.inspect` has spoken: nothing has been sent by then.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import BaseModel, Field

from healthchecks.probes.base import Certificate, ProbeError
from healthchecks.probes.certificates import inspect


class CertificateRefusedError(ssl.SSLCertVerificationError):
    def __init__(self, certificate: Certificate) -> None:
        super().__init__(certificate.problem)
        self.certificate = certificate


class InspectedConnection(ssl.SSLObject):
    """`certificate` is known once the handshake is over, if it can be read."""

    certificate: Certificate | None = None

    def do_handshake(self) -> None:
        """Raises ssl.SSLError if the context insists on a certificate that verifies."""
        super().do_handshake()
        insists = isinstance(self.context, InsistingContext)
        try:
            self.certificate = inspect(_chain(self), self.server_hostname or "")
        except ssl.SSLError:
            if insists:
                raise
            return
        if insists and self.certificate.problem:
            raise CertificateRefusedError(self.certificate)


class InspectingContext(ssl.SSLContext):
    """Makes connections whose certificates are looked at."""

    sslobject_class = InspectedConnection


class InsistingContext(InspectingContext):
    """Makes connections whose certificates verify."""


@cache
def context(*, verify: bool, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    """What probes connect with; `protocols` are offered by ALPN."""
    made = (InsistingContext if verify else InspectingContext)(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


def failure(error: ssl.SSLError) -> ProbeError:
    """What went wrong in a handshake, in words."""
    if isinstance(error, CertificateRefusedError):
        return ProbeError(f"certificate not accepted: {error.certificate.problem}", error.certificate)
    reason = getattr(error, "reason", "")  # OpenSSL's own errors have one
    return ProbeError(f"TLS handshake failed: {reason or error.strerror or error}")


class CertificateOptions(BaseModel):
    """What kinds that speak TLS ask of a certificate."""

    verify_certificate: bool = Field(True, description="Its chain, its dates and its name.")
    min_days_to_expiry: int | None = Field(
        None, ge=0, le=3650, description="A certificate that is valid for less fails the probe."
    )

    def require_days(self, certificate: Certificate, now: datetime | None = None) -> None:
        """Raises ProbeError if the certificate expires sooner than the check allows."""
        days = (certificate.not_after - (now or datetime.now(UTC))).total_seconds() / 86_400
        if self.min_days_to_expiry is not None and days < self.min_days_to_expiry:
            raise ProbeError(
                f"certificate expires on {certificate.not_after:%Y-%m-%d}, in less than {self.min_days_to_expiry} days",
                certificate,
            )


def certificate_of(connection: Any) -> Certificate | None:
    """What was seen on a connection; `connection` is a transport or a stream writer."""
    seen = connection.get_extra_info("ssl_object")
    return seen.certificate if isinstance(seen, InspectedConnection) else None


def _chain(connection: ssl.SSLObject) -> list[bytes]:
    """DER, leaf first. Public since Python 3.13, and before that inside, with objects instead of octets."""
    if hasattr(connection, "get_unverified_chain"):
        return list(connection.get_unverified_chain())
    inside = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [certificate.public_bytes(ENCODING_DER) for certificate in inside or ()]


ENCODING_DER = 2

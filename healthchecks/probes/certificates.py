"""What an endpoint's certificate says and whether it verifies, by OpenSSL's rules and whatever a check insists on.

handshake ──► chain, name ──► OpenSSL: signatures, dates, trust ──┐
                              purpose, name (RFC 9525) ───────────┴──► Certificate
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from functools import cache, lru_cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import extract_patterns, verify_certificate_hostname, verify_certificate_ip_address

from healthchecks.probes.base import Certificate

VERIFIED_FOR_S = 60
"""A chain seen again within a minute is not verified again: probes of one endpoint show the same one each second."""

UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)

SERVER_USES = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


def inspect(chain: Sequence[bytes], name: str) -> Certificate:
    """The first certificate of `chain` (DER, as the server sent it), judged for `name`: a host name or an address.

    Raises ssl.SSLError if it cannot be read.
    """
    return _inspected(tuple(chain), name, int(time.time()) // VERIFIED_FOR_S)


@lru_cache(maxsize=4096)
def _inspected(chain: tuple[bytes, ...], name: str, _period: int) -> Certificate:
    try:
        certificates = [x509.load_der_x509_certificate(octets) for octets in chain]
        leaf = certificates[0]
        problems = [_chain_problem(certificates), _purpose_problem(leaf), _name_problem(leaf, name)]
    except UNREADABLE as error:
        raise ssl.SSLError(ssl.SSL_ERROR_SSL, f"its certificate cannot be read: {error}") from error
    return Certificate(leaf.not_valid_after_utc, "; ".join(filter(None, problems)))


def _chain_problem(certificates: Sequence[x509.Certificate]) -> str:
    leaf, *others = map(X509.from_cryptography, certificates)
    try:
        X509StoreContext(trusted(), leaf, others).verify_certificate()
    except X509StoreContextError as error:
        return str(error)
    return ""


def _purpose_problem(certificate: x509.Certificate) -> str:
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if SERVER_USES & set(uses) else "it is not for servers"


def _name_problem(certificate: x509.Certificate, name: str) -> str:
    verify = verify_certificate_ip_address if _is_address(name) else verify_certificate_hostname
    try:
        verify(certificate, name.partition("%")[0].rstrip("."))
    except VerificationError:
        names = ", ".join(_shown(pattern) for pattern in extract_patterns(certificate))
        return f"it is for {names or 'no name'}, not {name}"
    except CertificateError as error:
        return f"its names make no sense: {error}"
    return ""


def _shown(pattern: object) -> str:
    value = getattr(pattern, "pattern", pattern)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@cache
def trusted() -> X509Store:
    """What the machine trusts; SSL_CERT_FILE and SSL_CERT_DIR say otherwise."""
    store, paths = X509Store(), ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        store.load_locations(paths.cafile, paths.capath)
    return store


def forget() -> None:
    """Read anew what the machine trusts, and verify every chain again."""
    trusted.cache_clear()
    _inspected.cache_clear()

"""An authority that is trusted where a test says so, and servers with good and bad certificates of it."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from healthchecks.probes import certificates

FRA = "fra-1.demo.test"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make(
    subject: str,
    issuer: Identity | None = None,
    *,
    names: Sequence[str] = (),
    start: timedelta = -DAY,
    end: timedelta = 30 * DAY,
    uses: Sequence[x509.ObjectIdentifier] = (),
) -> Identity:
    """A certificate of `issuer` or, without one, of itself; an authority if it has no `names`. Times are from now."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC).replace(microsecond=0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder(name if issuer is None else issuer.certificate.subject, name)
        .serial_number(x509.random_serial_number())
        .public_key(key.public_key())
        .not_valid_before(now + start)
        .not_valid_after(now + end)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass(frozen=True)
class Authority:
    """Issues through an intermediate certificate, which its servers send along."""

    folder: Path
    root: Identity
    intermediate: Identity

    @classmethod
    def made_in(cls, folder: Path) -> "Authority":
        root = make("Root of acme")
        authority = cls(folder, root, make("Intermediate of acme", root))
        (folder / "root.pem").write_bytes(_pem(root.certificate))
        return authority

    def server(self, *names: str, **said: object) -> ssl.SSLContext:
        """What a server with a certificate of this authority uses."""
        said = {"uses": [ExtendedKeyUsageOID.SERVER_AUTH], **said}
        leaf = make(names[0], self.intermediate, names=names, **said)  # type: ignore[arg-type]
        return self.context(leaf, self.intermediate)

    def context(self, *chain: Identity) -> ssl.SSLContext:
        """What a server uses that sends this chain."""
        files = self.files(*chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        return context

    def files(self, *chain: Identity) -> tuple[Path, Path]:
        """The chain and the key of its first certificate, in PEM."""
        certificate, key = self.folder / f"{chain[0].certificate.serial_number}.pem", self.folder / "key.pem"
        certificate.write_bytes(b"".join(_pem(identity.certificate) for identity in chain))
        key.write_bytes(
            chain[0].key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made_in(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """The authority, trusted by this machine."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.folder / "root.pem"))
    certificates.forget()
    yield authority
    certificates.forget()

"""Ed25519 keys (RFC 8032), known by the SHA-256 of their 32 octets."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

OCTETS = 32
SIGNATURE_OCTETS = 64


class KeyFormatError(ValueError):
    """What is no Ed25519 key."""


@dataclass(frozen=True)
class PublicKey:
    octets: bytes

    @classmethod
    def of_text(cls, text: str) -> PublicKey:
        """From base64. Raises KeyFormatError."""
        octets = base64_octets(text)
        if octets is None or len(octets) != OCTETS:
            raise KeyFormatError("a public key is 32 octets in base64")
        return cls(octets)

    @classmethod
    def of_pem(cls, pem: bytes) -> PublicKey:
        """From what `openssl pkey -pubout` writes. Raises KeyFormatError."""
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFormatError(f"no public key in PEM: {error}") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFormatError("the public key is none of Ed25519: make one with openssl genpkey -algorithm ed25519")
        return cls(key.public_bytes_raw())

    @cached_property
    def id(self) -> str:
        """Its fingerprint: 64 hexadecimal digits."""
        return hashlib.sha256(self.octets).hexdigest()

    @property
    def text(self) -> str:
        """Base64."""
        return base64.b64encode(self.octets).decode()

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.octets).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """Its octets are shown to nobody: they are not in its `repr`."""

    _key: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> PrivateKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def of_pem(cls, pem: bytes) -> PrivateKey:
        """From what `openssl genpkey -algorithm ed25519` writes. Raises KeyFormatError."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFormatError("no private key in PEM without a passphrase") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFormatError("the private key is none of Ed25519")
        return cls(key)

    @property
    def pem(self) -> str:
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """64 octets."""
        return self._key.sign(message)


def base64_octets(text: str) -> bytes | None:
    """None: it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None

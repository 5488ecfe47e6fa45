"""Signatures over manifests: detached, over the exact octets, so that they mind no format.

signed:  trafficmgr manifest 1 INSTALLATION LF, then the octets of the manifest
header:  Trafficmgr-Signature: installation=UUID; key=FINGERPRINT; ed25519=BASE64
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from uuid import UUID

from edge.trust.keys import SIGNATURE_OCTETS, PrivateKey, base64_octets
from edge.trust.refusal import Reason, RefusedError

HEADER = "Trafficmgr-Signature"
WRITTEN = re.compile(r"installation=([0-9a-f-]{36}); key=([0-9a-f]{64}); ed25519=([A-Za-z0-9+/=]{88})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ManifestSignature:
    installation: UUID
    key: str
    octets: bytes

    @classmethod
    def by(cls, key: PrivateKey, installation: UUID, manifest: bytes) -> ManifestSignature:
        return cls(installation, key.public.id, key.sign(signed_octets(installation, manifest)))

    @classmethod
    def read(cls, header: str) -> ManifestSignature:
        """Raises RefusedError."""
        written = WRITTEN.fullmatch(header)
        octets = base64_octets(written[3]) if written else None
        if written is None or octets is None or len(octets) != SIGNATURE_OCTETS:
            raise RefusedError(Reason.SIGNATURE, f"the header {HEADER} is malformed")
        try:
            return cls(UUID(written[1]), written[2], octets)
        except ValueError as error:
            raise RefusedError(Reason.SIGNATURE, f"the header {HEADER} names no installation: {error}") from error

    @property
    def header(self) -> str:
        return f"installation={self.installation}; key={self.key}; ed25519={base64.b64encode(self.octets).decode()}"


def signed_octets(installation: UUID, manifest: bytes) -> bytes:
    return f"trafficmgr manifest 1 {installation}\n".encode() + manifest

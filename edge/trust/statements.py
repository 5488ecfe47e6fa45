"""Which keys are to be trusted: numbered statements, each signed by a key of the one before.

    signed:  trafficmgr trust 1 LF, then the document

A statement is signed by every key that was at hand when it was made, so that whoever trusts any of them can follow.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from edge.trust.keys import SIGNATURE_OCTETS, KeyFormatError, PrivateKey, PublicKey, base64_octets
from edge.trust.refusal import Reason, RefusedError

MOST_KEYS = 32
MAX_DOCUMENT = 2**16
PREFIX = b"trafficmgr trust 1\n"
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Purpose(StrEnum):
    """What a key may sign. Either may sign break-glass orders."""

    PUBLISH = "publish"
    BREAK_GLASS = "break-glass"


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrustedKey(_Read):
    public: str
    purpose: Purpose

    @property
    def key(self) -> PublicKey:
        """Raises KeyFormatError."""
        return PublicKey.of_text(self.public)


class Document(_Read):
    """What a statement says."""

    format: Literal[1]
    installation: UUID
    version: Annotated[int, Field(ge=1, le=2**53)]
    keys: Annotated[tuple[TrustedKey, ...], Field(min_length=1, max_length=MOST_KEYS)]


class Statement(_Read):
    """A document to the octet, and its signatures in base64 by the fingerprints of their keys."""

    document: Annotated[str, StringConstraints(max_length=MAX_DOCUMENT)]
    signatures: Annotated[dict[KeyId, str], Field(max_length=MOST_KEYS)]

    @classmethod
    def signed(cls, document: str, keys: Iterable[PrivateKey]) -> Statement:
        message = PREFIX + document.encode()
        signatures = {key.public.id: base64.b64encode(key.sign(message)).decode() for key in keys}
        return cls(document=document, signatures=signatures)

    def read(self) -> Document:
        """Raises RefusedError. Says nothing of who signed it."""
        try:
            document = Document.model_validate_json(self.document)
            for trusted in document.keys:
                _ = trusted.key
        except (ValidationError, KeyFormatError) as error:
            raise RefusedError(Reason.TRUST, f"a statement of trust is malformed: {error}") from error
        return document

    def is_signed_by(self, keys: Mapping[str, PublicKey]) -> bool:
        """Whether any of `keys` has signed it."""
        message = PREFIX + self.document.encode()
        for key_id, written in self.signatures.items():
            key, signature = keys.get(key_id), base64_octets(written)
            if key and signature and len(signature) == SIGNATURE_OCTETS and key.has_signed(message, signature):
                return True
        return False

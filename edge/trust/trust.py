"""The keys that are trusted now, and what they say is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from edge.trust.keys import PublicKey
from edge.trust.manifests import ManifestSignature, signed_octets
from edge.trust.refusal import Reason, RefusedError
from edge.trust.statements import Document, Purpose, Statement


@dataclass(frozen=True, slots=True)
class Trust:
    """What one statement says. Immutable."""

    installation: UUID
    version: int
    publishers: Mapping[str, PublicKey]
    order_signers: Mapping[str, PublicKey]
    """Who may sign break-glass orders: publishers, and keys that may sign nothing else."""

    @classmethod
    def first(cls, statement: Statement, pin: str | None) -> Trust:
        """Begin with `statement`, if the key with the fingerprint `pin` publishes by it and has signed it.

        `pin` None: whichever key has signed it is taken at its word. Raises RefusedError.
        """
        trust = cls._of(statement.read())
        pinned = trust.publishers if pin is None else {i: key for i, key in trust.publishers.items() if i == pin}
        if not pinned:
            raise RefusedError(Reason.KEY, f"the feed's keys are not those that this node was enrolled with: {pin}")
        if not statement.is_signed_by(pinned):
            raise RefusedError(Reason.SIGNATURE, "the feed's first statement of trust is not signed by its own key")
        return trust

    def followed_by(self, statement: Statement) -> Trust:
        """What is trusted after `statement`: it itself, if it is not newer. Raises RefusedError."""
        document = statement.read()
        if document.installation != self.installation:
            raise RefusedError(Reason.INSTALLATION, f"a statement of trust is of installation {document.installation}")
        if document.version <= self.version:
            return self
        if not statement.is_signed_by(self.publishers):
            raise RefusedError(
                Reason.TRUST, f"statement of trust {document.version} is signed by no key of {self.version}"
            )
        return self._of(document)

    def check_manifest(self, manifest: bytes, signature: ManifestSignature | None) -> None:
        """Raises RefusedError unless a publisher of this installation has signed exactly these octets."""
        if signature is None:
            raise RefusedError(Reason.UNSIGNED, "the manifest is not signed, and this node knows who has to sign it")
        if signature.installation != self.installation:
            raise RefusedError(
                Reason.INSTALLATION,
                f"the manifest is of installation {signature.installation}, this node of {self.installation}",
            )
        key = self.publishers.get(signature.key)
        if key is None:
            raise RefusedError(
                Reason.KEY, f"the manifest is signed by key {signature.key}, which this node does not know"
            )
        if not key.has_signed(signed_octets(self.installation, manifest), signature.octets):
            raise RefusedError(Reason.SIGNATURE, f"the manifest's signature is not one of key {signature.key}")

    @classmethod
    def _of(cls, document: Document) -> Trust:
        keys = [(trusted.key, trusted.purpose) for trusted in document.keys]
        publishers = {key.id: key for key, purpose in keys if purpose is Purpose.PUBLISH}
        return cls(document.installation, document.version, publishers, {key.id: key for key, _ in keys})

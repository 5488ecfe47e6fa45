"""Who signs: the keys that edges trust, how they follow each other, and the signature over a manifest.

    create ─► statement 1 {A}    rotate ─► statement 2 {A, B}, B signs after the overlap    retire A ─► statement 3 {B}

Each statement is signed by all private keys at hand that the one before or itself names. A publisher without the newest
key signs with the newest that it has and that is trusted, so that files need not arrive everywhere at once.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from edge.trust.keys import PrivateKey, PublicKey
from edge.trust.manifests import ManifestSignature
from edge.trust.statements import Purpose, Statement
from snapshots.key_files import keep_private_key, private_key
from snapshots.models import Installation, SigningKey, TrustStatement
from telemetry.services import highest_trust

log = logging.getLogger(__name__)


class SigningError(Exception):
    """What cannot be done with the keys as they are. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs manifests of this installation."""

    installation: UUID
    key: PrivateKey
    preferred: frozenset[str] = frozenset()
    """Fingerprints of the keys that should sign instead: who has one of them publishes beside us."""

    def replaces(self, signature: str) -> bool:
        """Whether what has `signature` should be signed anew."""
        return not any(fingerprint in signature for fingerprint in (self.fingerprint, *self.preferred))

    @property
    def fingerprint(self) -> str:
        return self.key.public.id

    def signature(self, manifest: str) -> str:
        """As the feed's header has it."""
        return ManifestSignature.by(self.key, self.installation, manifest.encode()).header


def installation() -> UUID:
    """Which installation this is."""
    row, _created = Installation.objects.get_or_create(singleton=True)
    return row.uuid


def signer(directory: Path, now: datetime) -> Signer | None:
    """Who signs now. None: this installation has no keys. Raises SigningError if it has but none is here."""
    due = _due(now)
    if not due:
        return None
    for place, fingerprint in enumerate(due):
        key = private_key(directory, fingerprint)
        if key is not None:
            if fingerprint != due[0]:
                log.warning("key %s is not in %s: signing with %s until it is", due[0], directory, fingerprint)
            return Signer(installation(), key, frozenset(due[:place]))
    raise SigningError(
        f"nothing is published: none of the private keys that sign is in {directory}; copy {due[0]}.pem there"
    )


def publisher(now: datetime) -> str | None:
    """The fingerprint of the key that has to sign now. None: this installation has no keys."""
    return next(iter(_due(now)), None)


def all_keys() -> list[SigningKey]:
    """All that there ever were, the oldest first."""
    return list(SigningKey.objects.all())


def statements_since(version: int) -> list[Statement]:
    """Those behind `version`; from 0 the newest alone."""
    rows = TrustStatement.objects.filter(version__gt=version)
    rows = rows.order_by("-version")[:1] if version == 0 else rows
    return [Statement(document=row.document, signatures=row.signatures) for row in rows]


@transaction.atomic
def create_first_key(directory: Path, now: datetime) -> SigningKey | None:
    """Begin to sign. None: there are keys. Raises KeyFileError."""
    _alone()
    if SigningKey.objects.exists():
        return None
    return _add_key(directory, now, [], signs_from=now)


@transaction.atomic
def start_over(directory: Path, now: datetime) -> SigningKey:
    """Trust no key of before and make a new one: for who has lost them. Every node has to be enrolled again.

    Raises KeyFileError.
    """
    _alone()
    _trusted().update(retired=now)
    return _add_key(directory, now, [], signs_from=now)


@transaction.atomic
def rotate(directory: Path, now: datetime, overlap: timedelta) -> SigningKey:
    """Announce a new key, which signs after the overlap. Raises SigningError, KeyFileError."""
    _alone()
    before = _require_keys()
    return _add_key(directory, now, before, signs_from=now + overlap)


@transaction.atomic
def trust_for_orders(public: PublicKey, directory: Path, now: datetime) -> SigningKey:
    """Have edges take break-glass orders from a key that is elsewhere. Raises SigningError, KeyFileError."""
    _alone()
    before = _require_keys()
    if SigningKey.objects.filter(fingerprint=public.id).exists():
        raise SigningError(f"the key {public.id} is known already; one that was retired does not come back")
    made = SigningKey.objects.create(
        fingerprint=public.id, public=public.text, purpose=Purpose.BREAK_GLASS, created=now
    )
    _state(directory, now, before)
    return made


@transaction.atomic
def retire(name: str, directory: Path, now: datetime) -> SigningKey:
    """Have edges trust a key no more. `name`: how its fingerprint begins. Raises SigningError, KeyFileError."""
    _alone()
    before = _require_keys()
    found = [key for key in before if key.fingerprint.startswith(name)] if name else []
    if len(found) != 1:
        raise SigningError(f"{len(found)} trusted keys begin with {name!r}: trafficmgr key list shows them")
    [key] = found
    newer = Q(purpose=Purpose.PUBLISH, signs_from__lte=now)
    if key.purpose == Purpose.PUBLISH and not _trusted().filter(newer).exclude(pk=key.pk).exists():
        raise SigningError("this key signs: rotate first, and retire it once the new one signs")
    key.retired = now
    key.save(update_fields=["retired"])
    _state(directory, now, before)
    return key


def _trusted() -> QuerySet[SigningKey]:
    return SigningKey.objects.filter(retired=None)


def _due(now: datetime) -> list[str]:
    """Fingerprints of keys that may sign now, the one that should first."""
    publishers = _trusted().filter(purpose=Purpose.PUBLISH, signs_from__lte=now)
    return list(publishers.order_by("-signs_from", "fingerprint").values_list("fingerprint", flat=True))


def _require_keys() -> list[SigningKey]:
    trusted = list(_trusted())
    if not trusted:
        raise SigningError("this installation has no keys yet: trafficmgr key create makes the first one")
    return trusted


def _alone() -> None:
    """Until the end of the transaction: two at once would make two statements of one number."""
    installation()
    Installation.objects.select_for_update().get()


def _add_key(directory: Path, now: datetime, before: list[SigningKey], signs_from: datetime) -> SigningKey:
    key = PrivateKey.generate()
    made = SigningKey.objects.create(
        fingerprint=key.public.id, public=key.public.text, purpose=Purpose.PUBLISH, created=now, signs_from=signs_from
    )
    _state(directory, now, before, key)
    keep_private_key(directory, key)  # last: a file is not taken back
    return made


def _state(directory: Path, now: datetime, before: list[SigningKey], fresh: PrivateKey | None = None) -> None:
    """State the keys that are trusted now, signed so that whoever trusts those of `before` can follow."""
    trusted = list(_trusted())
    at_hand = _private_keys(directory, [*before, *trusted])
    if fresh is not None:
        at_hand[fresh.public.id] = fresh
    for known in filter(None, (before, trusted)):
        if not any(key.fingerprint in at_hand for key in known):
            raise SigningError(f"no private key that edges trust is in {directory}: run this where they are")
    last = TrustStatement.objects.order_by("-version").values_list("version", flat=True).first() or 0
    version = highest_trust(last) + 1
    statement = Statement.signed(_document(version, trusted), at_hand.values())
    TrustStatement.objects.create(version=version, created=now, **statement.model_dump())


def _private_keys(directory: Path, known: list[SigningKey]) -> dict[str, PrivateKey]:
    """Those of publishers that are here, by fingerprint."""
    publishers = {key.fingerprint for key in known if key.purpose == Purpose.PUBLISH}
    found = ((fingerprint, private_key(directory, fingerprint)) for fingerprint in sorted(publishers))
    return {fingerprint: key for fingerprint, key in found if key is not None}


def _document(version: int, trusted: list[SigningKey]) -> str:
    listed = [{"public": key.public, "purpose": key.purpose} for key in trusted]
    said = {"format": 1, "installation": str(installation()), "version": version, "keys": listed}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))

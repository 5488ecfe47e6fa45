"""A request that is sent again, because its answer got lost, is done once (draft-ietf-httpapi-idempotency-key-header).

    request ─► take(key) ─ new ──► done, in the same transaction ─► keep(answer) ─► commit
                   │
                   └ known ─► the answer of then        (one in progress is waited for, by the unique index)

A row and what the request wrote are committed together: there is no moment at which one is there without the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from accounts.remembered_models import RememberedAnswer

KEPT = timedelta(days=1)
WAIT_S = 10
"""For one that does the same at the same time."""

TAKE = """
    INSERT INTO accounts_rememberedanswer (caller, key, fingerprint, answer, created) VALUES (%s, %s, %s, '', %s)
    ON CONFLICT (caller, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, answer = '', created = EXCLUDED.created
    WHERE accounts_rememberedanswer.created < %s
"""


class InProgressError(Exception):
    """The same is still being done by another request."""


class OtherRequestError(Exception):
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A key of a caller, for one request. `secret`: what the caller authenticates by."""

    secret: bytes
    key: str
    fingerprint: str

    @property
    def caller(self) -> str:
        return hmac.digest(self.secret, b"caller", "sha256").hex()

    @property
    def cipher(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(hmac.digest(self.secret, b"answer " + self.key.encode(), "sha256")))


def take(claim: Claim, now: datetime) -> Answer | None:
    """The answer of then, or None: do it, and `keep` the answer, in the transaction that this was called in.

    Raises OtherRequestError, InProgressError.
    """
    if _is_ours(claim, now):
        return None
    row = RememberedAnswer.objects.get(caller=claim.caller, key=claim.key)
    if row.fingerprint != claim.fingerprint:
        raise OtherRequestError
    return Answer(**json.loads(claim.cipher.decrypt(bytes(row.answer))))


def keep(claim: Claim, answer: Answer) -> None:
    """Have the same request answered the same for a day."""
    kept = claim.cipher.encrypt(json.dumps(asdict(answer)).encode())
    RememberedAnswer.objects.filter(caller=claim.caller, key=claim.key).update(answer=kept)


def forget(now: datetime) -> int:
    """Delete answers that need not be kept any longer. Returns how many."""
    return RememberedAnswer.objects.filter(created__lt=now - KEPT).delete()[0]


def fingerprint(*parts: bytes) -> str:
    """SHA-256 of parts, each told apart from the next."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _is_ours(claim: Claim, now: datetime) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_S}s'")
            cursor.execute(TAKE, [claim.caller, claim.key, claim.fingerprint, now, now - KEPT])
            taken: bool = cursor.rowcount == 1
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise InProgressError from error
        raise
    return taken

"""Enrolment: a one-time token becomes a node's own, and the node learns beforehand whose word to take.

operator: start ─► token, fingerprint ─► one command ─► node: POST enrol {token} ─► node token
                                                             pin = fingerprint
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.services import token_digest
from regions.models import EdgeNode
from regions.services import create_node_token
from snapshots.models import Enrolment
from snapshots.signing import SigningError, publisher

VALID = timedelta(hours=1)
SECRET_BYTES = 32


class EnrolmentError(Exception):
    """A token that enrols nobody."""

    def __init__(self) -> None:
        super().__init__("The enrolment token is unknown, used or expired: make another with trafficmgr node enroll.")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a node needs to enrol, beside the feed's URL. It is shown once."""

    token: str
    fingerprint: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """What a node gets for its token."""

    node: EdgeNode
    node_token: str


def invite(node: EdgeNode, now: datetime, valid: timedelta = VALID) -> Invitation:
    """Let a node enrol once; an earlier invitation ends. Its node token stays good until then.

    Raises SigningError if there is no key to pin.
    """
    fingerprint = publisher(now)
    if fingerprint is None:
        raise SigningError("there is no key that nodes could pin: trafficmgr key create makes the first one")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    fields = {"digest": token_digest(secret), "expires": now + valid}
    Enrolment.objects.update_or_create(node=node, defaults=fields)
    return Invitation(secret, fingerprint, now + valid)


@transaction.atomic
def admit(secret: str, now: datetime) -> Admission:
    """Use an invitation up; the node's token before it ends. Raises EnrolmentError."""
    enrolment = Enrolment.objects.filter(digest=token_digest(secret), expires__gt=now).first()
    if enrolment is None or not Enrolment.objects.filter(pk=enrolment.pk, digest=enrolment.digest).delete()[0]:
        raise EnrolmentError
    node = EdgeNode.objects.select_related("site").get(pk=enrolment.node_id)
    return Admission(node, create_node_token(node))

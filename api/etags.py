"""Conditional requests (RFC 9110 section 13): nobody overwrites what they have not seen.

An ETag is the digest of an object's representation, so whatever a client can see is guarded.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.http import parse_etags
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

DIGEST_LENGTH = 32


class PreconditionFailed(APIException):
    status_code = 412
    default_detail = "It has changed, or is not there: read it again and repeat the change on what it is now."
    default_code = "precondition_failed"


def etag_of(representation: Any) -> str:
    digest = hashlib.sha256(JSONRenderer().render(representation)).hexdigest()
    return f'"{digest[:DIGEST_LENGTH]}"'


def require_match(request: Request, etag: str | None) -> None:
    """Hold the request's conditions against the object as it is; None: there is none. Raises PreconditionFailed."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and not _matches(wanted, etag):
        raise PreconditionFailed
    unwanted = request.headers.get("If-None-Match")
    if unwanted is not None and _matches(unwanted, etag):
        raise PreconditionFailed("It exists already." if unwanted.strip() == "*" else None)


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether the client holds the object as it is."""
    known = request.headers.get("If-None-Match")
    return known is not None and _matches(known, etag)


def _matches(header: str, etag: str | None) -> bool:
    if etag is None:
        return False
    return header.strip() == "*" or etag in parse_etags(header)

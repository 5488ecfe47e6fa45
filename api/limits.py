"""How much one caller may ask for: objects in a request, requests in a second.

Every answer says what is left (draft-ietf-httpapi-ratelimit-headers):

    RateLimit-Policy: "requests";q=1000;w=10
    RateLimit: "requests";r=994;t=1

and one that is refused, 429, says when to come again: Retry-After.
"""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.models import ApiToken
from accounts.quotas import Quota, Standing, take

MOST_AT_ONCE = 1000
"""Objects that one request writes or deletes."""

BURST_S = 10
"""What may come at once is what may come within so many seconds."""

NAME = "requests"
STANDING = "_rate_limit_standing"
COUNTED = "_rate_limit_counted"


class CallersQuota(BaseThrottle):
    """Requests per second of one token, or of one person's sessions."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        quota = quota_of_callers()
        if quota is None:
            return True
        caller = f"token {request.auth.pk}" if isinstance(request.auth, ApiToken) else f"user {request.user.pk}"
        self.standing = take(quota, caller)
        setattr(request._request, STANDING, self.standing)
        if not self.standing.wait_s:
            setattr(request._request, COUNTED, (quota, caller))
        return not self.standing.wait_s

    def wait(self) -> float:
        return math.ceil(self.standing.wait_s)


def count_again(request: Any) -> None:
    """Count a request once more, whose count went with the transaction that it was in."""
    counted: tuple[Quota, str] | None = getattr(request, COUNTED, None)
    if counted is not None:
        setattr(request, STANDING, take(*counted))


def quota_of_callers() -> Quota | None:
    """None: requests are not limited."""
    per_s = float(settings.API_REQUESTS_PER_S)
    return Quota(NAME, per_s, max(1, int(per_s * BURST_S))) if per_s else None


def tell(request: Any, response: HttpResponseBase) -> None:
    """Have the answer say what is left to its caller."""
    standing: Standing | None = getattr(request, STANDING, None)
    if standing is None:
        return
    quota = standing.quota
    response["RateLimit-Policy"] = f'"{quota.name}";q={quota.burst};w={math.ceil(quota.window_s)}'
    response["RateLimit"] = f'"{quota.name}";r={standing.left};t={math.ceil(standing.full_s)}'

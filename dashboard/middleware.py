"""What every request passes: whose word on HTTPS is believed, what pages may load, who needs a second factor first."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from accounts.login.second_factor import lacks_second_factor
from accounts.login.sessions import note_seen
from accounts.models import User
from common.problems import problem_response
from common.proxies import is_within
from dashboard.account_urls import OPEN_WITHOUT_SECOND_FACTOR

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class TrustedProxyMiddleware(MiddlewareMixin):
    """Forgets what strangers say of the scheme they came by: only trusted proxies know."""

    def process_request(self, request: HttpRequest) -> None:
        if not is_within(request.META.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)


class ContentSecurityPolicyMiddleware(MiddlewareMixin):
    """Sends the policy with every page. No script or style stands in the markup, so nothing inline is allowed."""

    def process_response(self, _request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class SessionSeenMiddleware(MiddlewareMixin):
    """Notes when a session was last used."""

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        user = _session_user(request)
        if user is not None:
            note_seen(request, user, timezone.now(), time.monotonic())


class SecondFactorMiddleware(MiddlewareMixin):
    """Lets who must have a second factor set one up, and do nothing else before. API tokens are not asked."""

    def process_view(
        self, request: HttpRequest, _view: Callable[..., object], _args: object, _kwargs: object
    ) -> HttpResponseBase | None:
        user = _session_user(request)
        if user is None or not lacks_second_factor(request, user):
            return None
        if request.resolver_match and request.resolver_match.url_name in OPEN_WITHOUT_SECOND_FACTOR:
            return None
        if request.path.startswith("/api/"):
            return problem_response(HTTPStatus.FORBIDDEN, "Set up a second factor first: open the dashboard.")
        return redirect("account-second-factor-required")


def _session_user(request: HttpRequest) -> User | None:
    """Who is signed in. A request without a session asks the database nothing."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    return request.user if isinstance(request.user, User) else None

"""What a person wants of pages on this browser: kept in cookies, so that it needs no login and no database."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

ZONE_COOKIE = "time-zone"
BROWSER, UTC_ZONE = "browser", "utc"
ZONES = {BROWSER: "That of this browser", UTC_ZONE: "UTC"}
YEAR_S = 365 * 24 * 3600


def time_zone_of(request: HttpRequest) -> str:
    """Which zone times are shown in."""
    chosen = request.COOKIES.get(ZONE_COOKIE, BROWSER)
    return chosen if chosen in ZONES else BROWSER


def keep_time_zone(request: HttpRequest, response: HttpResponseBase, zone: str) -> None:
    """Have the browser remember a zone. It holds no secret, and scripts read it of the page."""
    response.set_cookie(ZONE_COOKIE, zone, max_age=YEAR_S, secure=request.is_secure(), httponly=True, samesite="Lax")

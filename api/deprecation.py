"""How an operation of the API comes to its end: said for as long as it still works.

class OldThings(Retiring, TeamView):
    retirement = Retirement(since=…, until=…, instead="/api/v1/things")

Deprecation: @1767225600             (RFC 9745)
Sunset: Fri, 01 Jan 2027 00:00:00 GMT (RFC 8594)
Link: </api/v1/things>; rel="successor-version"
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.utils.http import http_date
from rest_framework.views import APIView

NOTICE = timedelta(days=180)
"""What works today works for at least so long after it was said that it will not."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """Deprecated `since`, gone from `until` on, and what to ask `instead`. Raises ValueError for too short a notice."""

    since: datetime
    until: datetime
    instead: str

    def __post_init__(self) -> None:
        if self.until - self.since < NOTICE:
            raise ValueError(f"an operation works for {NOTICE.days} days after it is deprecated")

    def tell(self, response: HttpResponseBase) -> None:
        response["Deprecation"] = f"@{int(self.since.timestamp())}"
        response["Sunset"] = http_date(self.until.timestamp())
        response["Link"] = f'<{self.instead}>; rel="successor-version"'


class Retiring(APIView):
    """A view that says so with every answer, errors among them."""

    retirement: ClassVar[Retirement]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        self.retirement.tell(response)
        return response

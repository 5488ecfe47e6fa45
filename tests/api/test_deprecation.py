"""What will not be there for ever says so, as long as it is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from api.deprecation import Retirement, Retiring

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


class OldThings(Retiring, APIView):
    authentication_classes = ()
    permission_classes = ()
    retirement = Retirement(since=SINCE, until=SINCE + timedelta(days=365), instead="/api/v1/things")

    def get(self, request):
        return Response({})


@pytest.mark.parametrize("method", ["get", "delete"])
def test_every_answer_says_until_when_it_is_given_and_what_to_ask_instead(method):
    answer = OldThings.as_view()(getattr(APIRequestFactory(), method)("/api/v1/old-things"))

    assert answer["Deprecation"] == "@1767225600"
    assert answer["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert answer["Link"] == '</api/v1/things>; rel="successor-version"'


def test_nobody_has_less_than_half_a_year_to_change_over():
    with pytest.raises(ValueError, match="180 days"):
        Retirement(since=SINCE, until=SINCE + timedelta(days=90), instead="/api/v1/things")

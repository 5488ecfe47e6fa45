"""What will not be there for ever says so, as long as it is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from api.deprecation import Retirement, Retiring
from api.schema import ProblemSchema

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


class OldThings(Retiring, APIView):
    """Things of old."""

    authentication_classes = ()
    permission_classes = ()
    schema = ProblemSchema()
    retirement = Retirement(since=SINCE, until=SINCE + timedelta(days=365), instead="/api/v1/things")

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request):
        return Response({})


class Things(APIView):
    """Those of today."""

    authentication_classes = ()
    permission_classes = ()
    schema = ProblemSchema()

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request):
        return Response({})


@pytest.mark.parametrize("method", ["get", "delete"])
def test_every_answer_says_until_when_it_is_given_and_what_to_ask_instead(method):
    answer = OldThings.as_view()(getattr(APIRequestFactory(), method)("/api/v1/old-things"))

    assert answer["Deprecation"] == "@1767225600"
    assert answer["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert answer["Link"] == '</api/v1/things>; rel="successor-version"'


def test_the_openapi_document_marks_it_and_nothing_else():
    urls = [path("api/v1/old-things", OldThings.as_view()), path("api/v1/things", Things.as_view())]
    generator = SchemaGenerator(patterns=urls)
    generator._initialise_endpoints()
    paths = generator.parse(None, public=True)

    assert paths["/api/v1/old-things"]["get"]["deprecated"] is True
    assert "deprecated" not in paths["/api/v1/things"]["get"]


def test_nobody_has_less_than_half_a_year_to_change_over():
    with pytest.raises(ValueError, match="180 days"):
        Retirement(since=SINCE, until=SINCE + timedelta(days=90), instead="/api/v1/things")

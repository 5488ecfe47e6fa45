"""Explanations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import TextField, WholeNumberField
from api.resources import TeamView
from api.serializers import RefusesUnknownFields
from simulation.services import MAX_AT_S, explain


class QuestionSerializer(RefusesUnknownFields):
    """A query as a resolver would send it."""

    qname = TextField(max_length=1024, help_text="Such as `www.demo.test.`")
    qtype = TextField(max_length=16, help_text="Such as `AAAA` or `TYPE65`.")
    client = TextField(max_length=45, help_text="Address of the resolver that asks.")
    ecs = TextField(
        max_length=49, required=False, allow_null=True, help_text="The client subnet it tells: `203.0.113.0/24`."
    )
    at = WholeNumberField(
        min_value=0, max_value=MAX_AT_S, required=False, allow_null=True, help_text="Seconds since 1970; default: now."
    )


class ExplainView(TeamView):
    @extend_schema(request=QuestionSerializer, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Why a client gets its answer, stage by stage: docs/explain.md."""
        question = QuestionSerializer(data=request.data)
        question.is_valid(raise_exception=True)
        asked: dict[str, Any] = question.validated_data
        return Response(explain(**asked))

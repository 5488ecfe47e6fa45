"""Explanations, what a change would move, and who would get what of a draft."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.explained import ExplanationSerializer
from api.permissions import READING
from api.resources import TeamView
from api.simulated import SimulationSerializer
from documents.base import RefusesUnknownFields, in_fields_of
from documents.fields import NamedField, NamesField, TextField, WholeNumberField
from documents.steering import StepsField
from simulation.preview import NEW_SALT, Question, preview
from simulation.preview import SAMPLES as PREVIEWED
from simulation.services import MAX_AT_S, explain
from simulation.what_if import MAX_SAMPLES, SAMPLES, Change, what_if
from steering.models import Policy, Pool


class QuestionSerializer(RefusesUnknownFields):
    """A query as a resolver would send it."""

    qname = TextField(max_length=1024, help_text="Such as `www.demo.test.`")
    qtype = TextField(max_length=16, help_text="Such as `AAAA` or `TYPE65`.")
    client = TextField(max_length=45, help_text="Address of the resolver that asks.")
    ecs = TextField(
        max_length=49, required=False, allow_null=True, help_text="The client subnet it tells: `203.0.113.0/24`."
    )
    at = WholeNumberField(
        min_value=0,
        max_value=MAX_AT_S,
        required=False,
        allow_null=True,
        help_text="Seconds since 1970; default: now. The past is explained with what was served then.",
    )


class ExplainView(TeamView):
    actions = READING

    @extend_schema(request=QuestionSerializer, responses={200: ExplanationSerializer})
    def post(self, request: Request) -> Response:
        """Why a client gets its answer, stage by stage: docs/explain.md."""
        question = QuestionSerializer(data=request.data)
        question.is_valid(raise_exception=True)
        asked: dict[str, Any] = question.validated_data
        return Response(explain(**asked))


class SimulatedChangeSerializer(RefusesUnknownFields):
    """A policy as it would be."""

    policy = NamedField(Policy.objects.all())
    pools = NamesField(Pool.objects.all(), required=False, allow_empty=False)
    steps = StepsField(required=False)
    samples = WholeNumberField(
        min_value=1,
        max_value=MAX_SAMPLES,
        required=False,
        help_text=f"How many clients to ask for; default: {SAMPLES}.",
    )


class DraftSerializer(RefusesUnknownFields):
    """A policy that is still being written, and who is asked about."""

    policy = NamedField(Policy.objects.all(), required=False, help_text="That it would replace; left out: a new one.")
    pools = NamesField(Pool.objects.all(), required=False, allow_empty=False)
    steps = StepsField(required=False)
    clients = TextField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="An address, a prefix such as `91.0.0.0/16`, a network such as `AS3320`, or a country.",
    )
    type = serializers.ChoiceField(["A", "AAAA"], default="A", help_text="Of the addresses that are asked for.")
    samples = WholeNumberField(
        min_value=1,
        max_value=MAX_SAMPLES,
        required=False,
        help_text=f"How many clients to ask for; default: {PREVIEWED}.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "policy" not in attrs and "pools" not in attrs:
            raise serializers.ValidationError({"pools": ["Name the pools of a new policy, or the policy."]})
        return attrs


class PreviewView(TeamView):
    actions = READING

    @extend_schema(request=DraftSerializer, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Who would get what from a policy as it is written: docs/simulation.md. It needs no name; nothing is kept."""
        said = DraftSerializer(data=request.data, context={"team": self.team})
        said.is_valid(raise_exception=True)
        given: dict[str, Any] = said.validated_data
        draft = Change(given.get("policy") or self._new(), given.get("pools"), given.get("steps"))
        asked = Question(given.get("clients", ""), given["type"])
        try:
            shown = preview(draft, asked, timezone.now(), given.get("samples", PREVIEWED))
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        return Response(shown)

    def _new(self) -> Policy:
        """Under a name that is free: which it will have changes no answer. It draws the same each time."""
        return Policy(team=self.team, name=f"draft-{secrets.token_hex(8)}", salt=NEW_SALT)


class SimulateView(TeamView):
    actions = READING

    @extend_schema(request=SimulatedChangeSerializer, responses={200: SimulationSerializer})
    def post(self, request: Request) -> Response:
        """Whom a change of a policy would move, and from where to where: docs/simulation.md. Nothing is changed."""
        proposed = SimulatedChangeSerializer(data=request.data, context={"team": self.team})
        proposed.is_valid(raise_exception=True)
        given: dict[str, Any] = proposed.validated_data
        change = Change(given["policy"], given.get("pools"), given.get("steps"))
        return Response(what_if(change, timezone.now(), given.get("samples", SAMPLES)))

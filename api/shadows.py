"""The shadow of a policy: started, read and stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from accounts.audit.journal import Event
from accounts.audit.models import Action
from api.moves import CountrySerializer, MoveSerializer
from api.resources import TeamView
from documents.base import RefusesUnknownFields, in_fields_of
from documents.fields import NamesField, NumberField, WholeNumberField
from documents.steering import StepsField
from simulation.shadows import LIFETIME, LONGEST, PERCENT, shadow_of, start
from simulation.what_if import Change
from snapshots.services import request_publish
from steering.models import Policy, Pool
from steering.shadows import stop_shadow

LEAST_PERCENT = 0.001


class ShadowProposalSerializer(RefusesUnknownFields):
    """A policy as it might be: what is left out is as it is."""

    pools = NamesField(Pool.objects.all(), required=False, allow_empty=False)
    steps = StepsField(required=False)
    percent = NumberField(
        min_value=LEAST_PERCENT,
        max_value=100,
        required=False,
        help_text=f"Of the policy's clients that it is tried on, drawn anew every hour; default: {PERCENT:g}.",
    )
    lifetime = WholeNumberField(
        min_value=1,
        max_value=int(LONGEST.total_seconds()),
        required=False,
        help_text=f"Seconds until it ends by itself; default: {LIFETIME.total_seconds():.0f}.",
    )


class ShadowCountrySerializer(CountrySerializer):
    """Answers to the clients of a country."""

    disagree = serializers.FloatField(help_text="Of the country's own answers.")


class ShadowSerializer(serializers.Serializer[Any]):
    """A proposed policy, and what it would answer: of the last day."""

    policy = serializers.CharField()
    pools = serializers.ListField(child=serializers.CharField())
    steps = serializers.ListField(child=serializers.DictField())
    percent = serializers.FloatField()
    started = serializers.DateTimeField()
    until = serializers.DateTimeField()
    ended = serializers.BooleanField()
    answers = serializers.IntegerField(help_text="Those that it was tried on.")
    disagree = serializers.FloatField(allow_null=True, help_text="The share of them that it would change.")
    lost = serializers.FloatField(allow_null=True, help_text="The share of them that would have no endpoint.")
    moves = MoveSerializer(many=True)
    countries = ShadowCountrySerializer(many=True)


class ShadowView(TeamView):
    part = "shadow"

    @extend_schema(responses=ShadowSerializer)
    def get(self, request: Request, name: str) -> Response:
        """The shadow of a policy, with what it would have answered so far: docs/simulation.md."""
        return self._shown(self._policy(name))

    @extend_schema(request=ShadowProposalSerializer, responses=ShadowSerializer)
    def put(self, request: Request, name: str) -> Response:
        """Have edges try a proposed policy beside the served one, in place of the shadow it has. No answer changes."""
        policy = self._policy(name)
        proposal = ShadowProposalSerializer(data=request.data, context={"team": self.team})
        proposal.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(proposal.validated_data)
        change = Change(policy, given.get("pools"), given.get("steps"))
        lifetime = timedelta(seconds=given.get("lifetime", LIFETIME.total_seconds()))
        try:
            with transaction.atomic():
                start(change, timezone.now(), percent=given.get("percent", PERCENT), lifetime=lifetime)
                self.note(Event("shadows", name, Action.CREATE, after=dict(request.data)))
                request_publish()
        except DjangoValidationError as error:
            raise in_fields_of(proposal, error) from error
        return self._shown(policy)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Stop the shadow of a policy, and forget it."""
        policy = self._policy(name)
        with transaction.atomic():
            if not stop_shadow(policy):
                raise _none(policy)
            self.note(Event("shadows", name, Action.DELETE))
            request_publish()
        return Response(status=HTTP_204_NO_CONTENT)

    def _policy(self, name: str) -> Policy:
        policy = Policy.objects.filter(team=self.team, name=name).first()
        if policy is None:
            raise NotFound(f"There is no policy {name}.")
        return policy

    def _shown(self, policy: Policy) -> Response:
        shadow = shadow_of(policy, timezone.now())
        if shadow is None:
            raise _none(policy)
        return Response(ShadowSerializer(shadow).data)


def _none(policy: Policy) -> NotFound:
    return NotFound(f"Policy {policy} has no shadow.")

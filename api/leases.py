"""What is said of an endpoint under a push or external check, and for how long it holds."""

from __future__ import annotations

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team
from api.push import push_url
from api.resources import TeamView
from api.schema import path_parameters
from common.clock import database_time
from documents.base import RefusesUnknownFields
from documents.fields import TextField, WholeNumberField
from healthchecks.derived.leased import MAX_SPAN_S
from healthchecks.derived_models import MAX_REASON, STATE_CHOICES, Lease
from healthchecks.leases import rotate, set_state
from healthchecks.models import Assignment
from healthchecks.state import State

SETTABLE = [State.UP.value, State.DOWN.value]

of_a_check = path_parameters(name="Of the check.", endpoint="One that it watches, by name.")


class LeaseSerializer(serializers.Serializer[Lease]):
    """What was said last of an endpoint, and until when it holds."""

    endpoint = serializers.CharField(source="assignment.endpoint.name")
    state = serializers.ChoiceField(STATE_CHOICES)
    reason = serializers.CharField()
    said = serializers.DateTimeField(allow_null=True, help_text="Null: nothing yet.")
    started = serializers.DateTimeField(allow_null=True, help_text="A job began then and has not ended.")
    expires = serializers.DateTimeField(allow_null=True, help_text="Null: it holds until something else is said.")
    push_url = serializers.SerializerMethodField(help_text="Of a push check: who knows it can send heartbeats.")

    def get_push_url(self, lease: Lease) -> str | None:
        request: Request = self.context["request"]
        return push_url(request.build_absolute_uri("/"), lease.token) if lease.token else None


class StateReportSerializer(RefusesUnknownFields):
    """How an endpoint is, and for how long that holds."""

    state = serializers.ChoiceField(SETTABLE)
    ttl_s = WholeNumberField(
        min_value=1, max_value=MAX_SPAN_S, help_text="Say it again before so many seconds are over."
    )
    reason = TextField(max_length=MAX_REASON, required=False, allow_blank=True, default="", help_text="For people.")


class CheckStateView(TeamView):
    @of_a_check
    @extend_schema(responses=LeaseSerializer)
    def get(self, request: Request, name: str, endpoint: str) -> Response:
        """What was said last of an endpoint under a push or external check, and until when it holds."""
        return self._shown(request, _lease_of(_assignment_of(self.team, name, endpoint)))

    @of_a_check
    @extend_schema(request=StateReportSerializer, responses=LeaseSerializer)
    def put(self, request: Request, name: str, endpoint: str) -> Response:
        """Set the state of an endpoint under an external check: edges know within a second."""
        assignment = _assignment_of(self.team, name, endpoint)
        said = StateReportSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        state, ttl_s, reason = (said.validated_data[field] for field in ("state", "ttl_s", "reason"))
        try:
            set_state(assignment, State(state), ttl_s, reason, database_time())
        except DjangoValidationError as error:
            raise ValidationError(error.messages) from error
        return self._shown(request, _lease_of(assignment))

    def _shown(self, request: Request, lease: Lease) -> Response:
        return Response(LeaseSerializer(lease, context={"request": request}).data)


class PushUrlView(TeamView):
    @of_a_check
    @extend_schema(request=None, responses=LeaseSerializer)
    def post(self, request: Request, name: str, endpoint: str) -> Response:
        """Give an endpoint a new push URL: the old one is unknown from now on. What was said at it holds."""
        assignment = _assignment_of(self.team, name, endpoint)
        try:
            rotate(assignment)
        except DjangoValidationError as error:
            raise ValidationError(error.messages) from error
        return Response(LeaseSerializer(_lease_of(assignment), context={"request": request}).data)


def _assignment_of(team: Team, name: str, endpoint: str) -> Assignment:
    rows = Assignment.objects.select_related("check_definition", "endpoint")
    found = rows.filter(check_definition__team=team, check_definition__name=name, endpoint__name=endpoint).first()
    if found is None:
        raise NotFound(f"No check {name} watches an endpoint {endpoint}.")
    return found


def _lease_of(assignment: Assignment) -> Lease:
    lease = Lease.objects.select_related("assignment__endpoint").filter(assignment=assignment).first()
    if lease is None:
        check = assignment.check_definition
        raise NotFound(f"Check {check} is of kind {check.kind}: nothing is said of its endpoints.")
    return lease

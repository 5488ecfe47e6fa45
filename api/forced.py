"""What operators force: an endpoint is up, down or drained, whatever its checks say."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from accounts.audit.journal import Event
from api.filters import TruthFilter
from api.permissions import OPERATING
from api.resources import Collection, TeamView
from common.clock import database_time
from documents.base import RefusesUnknownFields, in_fields_of
from documents.fields import TextField, WholeNumberField
from documents.kind import Document
from healthchecks.guard_models import ForcedState
from healthchecks.services import force, unforce
from regions.models import Endpoint
from snapshots.services import request_publish

LONGEST_S = 366 * 86_400


class ForcingSerializer(RefusesUnknownFields):
    """What an endpoint is to be, and why."""

    state = serializers.ChoiceField(
        ForcedState.State.choices,
        help_text="`up` and `down` beat checks everywhere; `drain` drops it in policies with a step `admin`.",
    )
    reason = TextField(max_length=120, help_text="Colleagues read it, and so does who looks at the history.")
    lifetime = WholeNumberField(
        min_value=1,
        max_value=LONGEST_S,
        required=False,
        allow_null=True,
        help_text="Seconds; left out: until it is lifted.",
    )


class ForcedStateSerializer(serializers.ModelSerializer[ForcedState]):
    """What an operator has forced."""

    endpoint = serializers.CharField(source="endpoint.name")
    state = serializers.ChoiceField(ForcedState.State.choices)
    ended_by = serializers.CharField(help_text="Empty: it ended by itself, or has not ended.")

    class Meta:
        model = ForcedState
        fields = ["endpoint", "state", "reason", "author", "since", "until", "ended", "ended_by"]


class EndpointForcedView(TeamView):
    part = "forced"
    actions = OPERATING

    @extend_schema(responses=ForcedStateSerializer)
    def get(self, request: Request, name: str) -> Response:
        """What is forced of an endpoint now."""
        forced = self._forced(self._endpoint(name))
        if forced is None:
            raise _nothing(name)
        return Response(ForcedStateSerializer(forced).data)

    @extend_schema(request=ForcingSerializer, responses=ForcedStateSerializer)
    def put(self, request: Request, name: str) -> Response:
        """Force what edges are told of an endpoint, in place of what was forced before: docs/healthchecks.md."""
        endpoint = self._endpoint(name)
        said = ForcingSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        given, now = said.validated_data, database_time()
        lifetime_s = given.get("lifetime")
        until = now + timedelta(seconds=lifetime_s) if lifetime_s else None
        try:
            with transaction.atomic():
                before = self._shown(self._forced(endpoint))
                forced = force(endpoint, given["state"], given["reason"], request.user.get_username(), now, until)
                self.note(Event.of_write("forced", name, before, self._shown(forced)))
                request_publish()
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        return Response(ForcedStateSerializer(forced).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Let checks decide about an endpoint again."""
        endpoint = self._endpoint(name)
        with transaction.atomic():
            before = self._shown(self._forced(endpoint))
            if not unforce(endpoint, request.user.get_username(), database_time()):
                raise _nothing(name)
            self.note(Event.of_write("forced", name, before, None))
            request_publish()
        return Response(status=HTTP_204_NO_CONTENT)

    def _forced(self, endpoint: Endpoint) -> ForcedState | None:
        return ForcedState.objects.filter(endpoint=endpoint, ended__isnull=True).first()

    def _shown(self, forced: ForcedState | None) -> Document | None:
        return dict(ForcedStateSerializer(forced).data) if forced else None

    def _endpoint(self, name: str) -> Endpoint:
        return get_object_or_404(Endpoint, team=self.team, name=name)


class ForcedFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    endpoint = filters.CharFilter("endpoint__name")
    active = TruthFilter("ended", lookup_expr="isnull")

    class Meta:
        model = ForcedState
        fields = ["endpoint", "active"]


class ForcedStateViewSet(mixins.ListModelMixin, Collection[ForcedState]):
    """What operators force and have forced, the newest first."""

    queryset = ForcedState.objects.select_related("endpoint")
    serializer_class = ForcedStateSerializer
    filterset_class = ForcedFilter
    page_key = ("-id",)

    def get_queryset(self) -> QuerySet[ForcedState]:
        return super().get_queryset().filter(endpoint__team=self.team)


def _nothing(name: str) -> NotFound:
    return NotFound(f"Nothing is forced of endpoint {name}.")

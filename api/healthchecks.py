"""Checks, and what they have found."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.declared import DeclaredViewSet
from api.filters import DeclaredFilter, TruthFilter
from api.forced import ForcedStateSerializer
from api.resources import Collection, TeamCollection, TeamView
from documents.kinds import CHECKS
from healthchecks.models import STATE_CHOICES, Check, Family, Transition
from healthchecks.reading import MatrixRow
from healthchecks.services import active_states, endpoint_states, health_matrix
from regions.models import Endpoint


class CheckFilter(DeclaredFilter):
    kind = filters.CharFilter()
    enabled = TruthFilter()
    endpoint = filters.CharFilter("endpoints__name")
    vantage = filters.CharFilter("vantages__name")


class CheckViewSet(DeclaredViewSet[Check]):
    """How endpoints are probed, and which."""

    kind = CHECKS
    queryset = CHECKS.rows
    serializer_class = CHECKS.serializer
    filterset_class = CheckFilter
    search_fields = ("name", "kind")


class FamilyStateSerializer(serializers.Serializer[Any]):
    """What edges are told of one address family of an endpoint."""

    family = serializers.ChoiceField(Family.choices, help_text="4, 6, or 0 for a host name.")
    state = serializers.ChoiceField(STATE_CHOICES)
    since = serializers.DateTimeField(allow_null=True)
    believed = serializers.ChoiceField(
        STATE_CHOICES, help_text="What its checks say; another than `state` while it is forced, or a brake holds it up."
    )
    checked = serializers.BooleanField(help_text="False: no enabled check watches it, so it counts as up.")


class EndpointHealthSerializer(serializers.Serializer[Any]):
    """What edges are told of an endpoint."""

    endpoint = serializers.CharField()
    forced = ForcedStateSerializer(allow_null=True, help_text="What an operator has forced; null: nothing.")
    states = FamilyStateSerializer(many=True)


class HealthViewSet(TeamCollection[Endpoint]):
    """What edges are told of each endpoint."""

    queryset = Endpoint.objects.all()
    serializer_class = EndpointHealthSerializer
    has_etag = False

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        ids = [endpoint.pk for endpoint in page]
        states, forced = endpoint_states(Endpoint.objects.filter(pk__in=ids)), active_states(ids)
        healths = [
            {
                "endpoint": endpoint.name,
                "forced": forced.get(endpoint.pk),
                "states": [state for state in states if state.endpoint_id == endpoint.pk],
            }
            for endpoint in page
        ]
        return self.get_paginated_response(EndpointHealthSerializer(healths, many=True).data)


class CertificateSerializer(serializers.Serializer[Any]):
    """The certificate that a vantage was shown last, whether or not the check insists on it."""

    not_after = serializers.DateTimeField(help_text="Until then it is valid.")
    problem = serializers.CharField(help_text="Why its chain or name do not verify; empty: they do.")


class VantageViewSerializer(serializers.Serializer[Any]):
    """What one vantage sees."""

    state = serializers.ChoiceField(STATE_CHOICES)
    cause = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    interval_ms = serializers.IntegerField(help_text="How often it probes.")
    slowed = serializers.BooleanField(help_text="Less often than the check says: the address is over its budget.")
    certificate = CertificateSerializer(allow_null=True, help_text="Of kinds that speak TLS.")


class MatrixRowSerializer(serializers.Serializer[Any]):
    """One check of one address family, seen from each vantage."""

    check_name = serializers.CharField()
    family = serializers.ChoiceField(Family.choices)
    enabled = serializers.BooleanField()
    verdict = serializers.ChoiceField(STATE_CHOICES)
    vantages = serializers.DictField(child=VantageViewSerializer(), help_text="None of a check without a probe.")
    cause = serializers.SerializerMethodField(help_text="Of a check without a probe: what its verdict follows from.")
    inputs = serializers.SerializerMethodField(help_text="Of a calculated check: the states of what it follows from.")

    def get_cause(self, row: MatrixRow) -> str:
        return row.because.cause if row.because else ""

    def get_inputs(self, row: MatrixRow) -> dict[str, str]:
        return dict(row.because.votes) if row.because else {}


class EndpointHealthView(TeamView):
    @extend_schema(responses=MatrixRowSerializer(many=True))
    def get(self, request: Request, name: str) -> Response:
        """What each vantage sees of one endpoint, by check and address family."""
        endpoint = get_object_or_404(Endpoint, team=self.team, name=name)
        return Response(MatrixRowSerializer(health_matrix(endpoint=endpoint), many=True).data)


class TransitionSerializer(serializers.ModelSerializer[Transition]):
    """One change of an endpoint's health."""

    endpoint = serializers.CharField(source="endpoint_name", help_text="Its name at that time.")
    votes = serializers.DictField(
        child=serializers.CharField(), help_text="Vantage, or input of a calculated check, to its state."
    )

    class Meta:
        model = Transition
        fields = [
            "sequence",
            "at",
            "endpoint",
            "family",
            "check_name",
            "from_state",
            "to_state",
            "endpoint_state",
            "votes",
            "cause",
        ]


class TransitionFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    endpoint = filters.CharFilter("endpoint_name")
    to_state = filters.ChoiceFilter(choices=STATE_CHOICES)

    class Meta:
        model = Transition
        fields = ["endpoint", "to_state"]


class TransitionViewSet(mixins.ListModelMixin, Collection[Transition]):
    """Every change of health, the newest first."""

    queryset = Transition.objects.all()
    serializer_class = TransitionSerializer
    filterset_class = TransitionFilter
    page_key = ("-sequence",)

    def get_queryset(self) -> QuerySet[Transition]:
        ours = Endpoint.objects.filter(team=self.team).values("pk")
        return super().get_queryset().filter(endpoint_id__in=ours)

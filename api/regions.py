"""Regions with their endpoints, sites with their edge nodes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit.journal import Event
from api.declared import DeclaredViewSet
from api.filters import AddressFilter, DeclaredFilter, LabelFilter, NamesFilter, TruthFilter
from api.permissions import ADMINISTERING
from documents.kinds import ENDPOINTS, NODES, REGIONS, SITES
from documents.regions import NodeSerializer
from regions.models import AdminState, EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from snapshots.enrolment import Invitation, invite
from snapshots.fleet import STATES, edges_of
from snapshots.signing import SigningError


class RegionFilter(DeclaredFilter):
    is_vantage = TruthFilter()


class RegionViewSet(DeclaredViewSet[Region]):
    """Where endpoints live, and where a worker probes from."""

    kind = REGIONS
    queryset = REGIONS.rows
    serializer_class = REGIONS.serializer
    filterset_class = RegionFilter
    search_fields = ("name",)


class SiteFilter(DeclaredFilter):
    region = filters.CharFilter("region__name")


class SiteViewSet(DeclaredViewSet[Site]):
    """Places with edge nodes."""

    kind = SITES
    queryset = SITES.rows
    serializer_class = SITES.serializer
    filterset_class = SiteFilter
    search_fields = ("name",)


class NodeWithTokenSerializer(NodeSerializer):
    """One edge machine, and the token that it fetches snapshots with."""

    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(NodeSerializer.Meta):
        fields = [*NodeSerializer.Meta.fields, "token"]


class InvitationSerializer(serializers.Serializer[Invitation]):
    """What `trafficmgr enroll` needs on the machine of a node."""

    token = serializers.CharField(read_only=True, help_text="Good once. Shown this once.")
    fingerprint = serializers.CharField(read_only=True, help_text="Of the key that the node pins.")
    expires = serializers.DateTimeField(read_only=True)


class StandingSerializer(serializers.Serializer[Any]):
    """How a node is, by its last report; what it has not said is null."""

    state = serializers.ChoiceField(STATES, help_text="silent: no report for 15 s; never: none at all.")
    reported = serializers.DateTimeField(source="report.reported", allow_null=True, default=None)
    generation = serializers.IntegerField(source="report.generation", allow_null=True, default=None)
    behind = serializers.IntegerField(allow_null=True, help_text="Generations that it lacks.")
    behind_s = serializers.FloatField(allow_null=True, help_text="Since the first of these was published.")
    health_sequence = serializers.IntegerField(source="report.health_sequence", allow_null=True, default=None)
    health_age_s = serializers.FloatField(allow_null=True, help_text="Since its feed last said anything to it.")
    answers_per_s = serializers.FloatField(source="per_s", help_text="Over the last half minute.")
    version = serializers.CharField(source="report.version", allow_null=True, default=None)
    uptime_s = serializers.FloatField(source="report.uptime_s", allow_null=True, default=None)
    feed = serializers.CharField(source="report.feed", allow_null=True, default=None, help_text="That it follows.")
    relays = serializers.IntegerField(
        source="report.relays", allow_null=True, default=None, help_text="Between it and a web process."
    )


class StandingNodeSerializer(NodeSerializer):
    """One edge machine, and how it is."""

    standing = serializers.SerializerMethodField()

    class Meta(NodeSerializer.Meta):
        fields = [*NodeSerializer.Meta.fields, "standing"]

    @extend_schema_field(StandingSerializer)
    def get_standing(self, node: EdgeNode) -> Any:
        return StandingSerializer(self.context["edges"][node.pk]).data


class NodeFilter(DeclaredFilter):
    site = filters.CharFilter("site__name")


class NodeViewSet(DeclaredViewSet[EdgeNode]):
    """Edge machines. Creating one returns the token that it fetches snapshots with."""

    actions = ADMINISTERING  # a node fetches what every team has published
    kind = NODES
    queryset = NODES.rows
    serializer_class = NODES.serializer
    filterset_class = NodeFilter
    search_fields = ("name", "site__name")

    def offered_fields(self) -> set[str]:
        return {*super().offered_fields(), *({"standing"} if self.action == "list" else ())}

    @extend_schema(responses=StandingNodeSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Edge machines, each with how it is by its last report."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        edges = edges_of(EdgeNode.objects.filter(pk__in=[node.pk for node in page]), timezone.now())
        context = {**self.get_serializer_context(), "edges": {edge.node.pk: edge for edge in edges}}
        return self.get_paginated_response(StandingNodeSerializer(page, many=True, context=context).data)

    @extend_schema(responses={201: NodeWithTokenSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    @extend_schema(responses={200: NodeSerializer, 201: NodeWithTokenSerializer})
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().update(request, *args, **kwargs)

    @extend_schema(request=None, responses={200: NodeWithTokenSerializer})
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def token(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give the node a new token; the one it has ends now."""
        node = self.found(self.find())
        self.require_match(node)
        secret = create_node_token(node)
        self.note(Event("nodes", node.name, "renew-token"))
        return Response({**self.shown(node), "token": secret})

    @extend_schema(request=None, responses={200: InvitationSerializer})
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def enrolment(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let a machine become this node, once and within an hour. The node's token goes on until it does."""
        node = self.found(self.find())
        try:
            invitation = invite(node, datetime.now(UTC))
        except SigningError as error:
            raise serializers.ValidationError(str(error)) from error
        self.note(Event("nodes", node.name, "enrol"))
        return Response(InvitationSerializer(invitation).data)

    def written(self, row: EdgeNode, serializer: Any, location: str | None = None) -> Response:
        response = super().written(row, serializer, location)
        if location is not None:
            response.data = {**response.data, "token": serializer.secret}
        return response


class EndpointFilter(DeclaredFilter):
    region = NamesFilter("region__name")
    check = filters.CharFilter("checks__name")
    pool = filters.CharFilter("pools__name")
    label = LabelFilter("labels", label="`name`, or `name:value`.")
    address = AddressFilter(label="IPv4 or IPv6 address, or host name.")
    admin_state = filters.ChoiceFilter(choices=AdminState.choices)


class EndpointViewSet(DeclaredViewSet[Endpoint]):
    """Addresses and names that serve users. An endpoint has IPv4 or IPv6 addresses, or instead of both a host name."""

    kind = ENDPOINTS
    queryset = ENDPOINTS.rows
    serializer_class = ENDPOINTS.serializer
    filterset_class = EndpointFilter
    search_fields = ("name", "ipv4", "ipv6", "hostname")

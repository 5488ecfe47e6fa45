"""Regions with their endpoints, sites with their edge nodes."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from documents.base import DeclaredSerializer
from documents.fields import LabelsField, NamedField, NamesField
from documents.kind import Kind
from healthchecks.models import Check
from healthchecks.services import attach_templates, set_checks, sync_schedule
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token


class RegionSerializer(DeclaredSerializer[Region]):
    """Where endpoints live."""

    class Meta:
        model = Region
        fields = ["id", "name", "latitude", "longitude", "is_vantage", "created", "updated"]


class SiteSerializer(DeclaredSerializer[Site]):
    """A place with edge nodes."""

    region = NamedField(
        Region.objects.all(),
        required=False,
        allow_null=True,
        help_text="Whose endpoints stand here too: what edges see of the way to clients counts for it.",
    )

    class Meta:
        model = Site
        fields = ["id", "name", "latitude", "longitude", "region", "created", "updated"]


class NodeSerializer(DeclaredSerializer[EdgeNode]):
    """One edge machine."""

    site = NamedField(Site.objects.all())

    class Meta:
        model = EdgeNode
        fields = ["id", "name", "site", "created", "updated"]

    def store(self, candidate: EdgeNode, related: dict[str, Any]) -> EdgeNode:
        if candidate.pk is None:
            self.secret = create_node_token(candidate)
        else:
            candidate.save()
        return candidate


class ChosenChecksField(NamesField):
    def get_attribute(self, instance: Model) -> list[Any] | None:
        """No list, unlike an empty one, is nobody's choice."""
        checks = super().get_attribute(instance)
        return checks if checks or hasattr(instance, "unchecked") else None


class EndpointSerializer(DeclaredSerializer[Endpoint]):
    """An address or name that serves users."""

    region = NamedField(Region.objects.all())
    labels = LabelsField(required=False)
    checks = ChosenChecksField(
        Check.objects.all(),
        required=False,
        allow_null=True,
        help_text="What watches it. `[]`: nothing, on purpose. null or not said: a new endpoint gets those whose "
        "templates match, one that exists keeps its own; as an answer: nothing does, and nobody chose so.",
    )

    class Meta:
        model = Endpoint
        fields = [
            "id",
            "name",
            "region",
            "ipv4",
            "ipv6",
            "hostname",
            "port",
            "weight",
            "priority",
            "bias",
            "cost",
            "capacity",
            "labels",
            "admin_state",
            "checks",
            "created",
            "updated",
        ]

    def store(self, candidate: Endpoint, related: dict[str, Any]) -> Endpoint:
        is_new = candidate.pk is None
        candidate.save()
        checks = related.get("checks")
        if checks is not None:
            set_checks(candidate, checks)
        elif is_new:
            attach_templates(candidate)
        return candidate

    def _defaults(self) -> dict[str, Any]:
        return {**super()._defaults(), "checks": None}


class Regions(Kind[Region]):
    plural = "regions"
    rows = Region.objects.all()
    serializer = RegionSerializer

    def changed(self) -> None:
        sync_schedule()
        super().changed()


class Sites(Kind[Site]):
    plural = "sites"
    rows = Site.objects.select_related("region")
    serializer = SiteSerializer


class Nodes(Kind[EdgeNode]):
    plural = "nodes"
    rows = EdgeNode.objects.select_related("site")
    serializer = NodeSerializer


class Endpoints(Kind[Endpoint]):
    plural = "endpoints"
    rows = Endpoint.objects.select_related("region", "unchecked").prefetch_related("checks")
    serializer = EndpointSerializer

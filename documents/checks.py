"""Checks: how endpoints are probed, and which."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from documents.base import DeclaredSerializer, StrictModelSerializer
from documents.fields import LabelsField, NamesField
from documents.kind import Kind
from healthchecks.models import Check, CheckTemplate
from healthchecks.services import assign, delete_check, save_template
from regions.models import Endpoint, Region


class CheckTemplateSerializer(StrictModelSerializer[CheckTemplate]):
    """Which new endpoints a check attaches itself to: those for which all of this holds."""

    labels = LabelsField(required=False, help_text="That the endpoint must have, with these values.")

    class Meta:
        model = CheckTemplate
        fields = ["reached_by", "port", "labels"]


class CheckSerializer(DeclaredSerializer[Check]):
    """How endpoints are probed, and which."""

    options = serializers.DictField(required=False, help_text="Of the kind, such as `path` and `expected_codes`.")
    vantages = NamesField(Region.objects.all(), required=False)
    endpoints = NamesField(Endpoint.objects.all(), required=False)
    template = CheckTemplateSerializer(
        required=False,
        allow_null=True,
        help_text="Has it attach itself to new endpoints that match; null: it does not.",
    )

    class Meta:
        model = Check
        fields = [
            "id",
            "name",
            "kind",
            "options",
            "port",
            "interval_ms",
            "timeout_ms",
            "rise",
            "fall",
            "quorum",
            "damping_half_life_s",
            "damping_suppress",
            "damping_reuse",
            "damping_max_s",
            "vantages",
            "endpoints",
            "template",
            "enabled",
            "created",
            "updated",
        ]

    def store(self, candidate: Check, related: dict[str, Any]) -> Check:
        endpoints = related["endpoints"] if "endpoints" in related else list(candidate.endpoints.all())
        candidate.save()
        if "vantages" in related:
            candidate.vantages.set(related["vantages"])
        assign(candidate, endpoints)
        if "template" in related:
            said = related["template"]
            save_template(candidate, None if said is None else CheckTemplate(**said))
        return candidate

    def _defaults(self) -> dict[str, Any]:
        return {**super()._defaults(), "template": None}


class Checks(Kind[Check]):
    plural = "checks"
    rows = Check.objects.select_related("template").prefetch_related("vantages", "endpoints")
    serializer = CheckSerializer

    def remove(self, row: Check) -> None:
        delete_check(row)

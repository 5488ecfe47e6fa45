"""What edges serve: the generations published."""

from __future__ import annotations

import json
from typing import Any

from rest_framework import mixins, serializers

from api.resources import Collection
from snapshots.models import Snapshot


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """One generation."""

    changes = serializers.ListField(child=serializers.CharField(), help_text="What it changed, as sentences.")

    class Meta:
        model = Snapshot
        fields = ["generation", "created", "changes", "fetched_octets"]


class SnapshotWithManifestSerializer(SnapshotSerializer):
    """One generation with what it is made of."""

    manifest = serializers.SerializerMethodField(help_text="As edges verify it: docs/snapshot-format.md.")

    class Meta(SnapshotSerializer.Meta):
        fields = [*SnapshotSerializer.Meta.fields, "manifest"]

    def get_manifest(self, snapshot: Snapshot) -> dict[str, Any]:
        return dict(json.loads(snapshot.manifest))


class SnapshotViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Collection[Snapshot]):
    """Published generations, the newest first."""

    queryset = Snapshot.objects.all()
    page_key = ("-generation",)
    lookup_value_regex = "[0-9]{1,18}"

    def get_serializer_class(self) -> type[SnapshotSerializer]:
        return SnapshotWithManifestSerializer if self.action == "retrieve" else SnapshotSerializer

"""What edges serve: the generations published."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from accounts.permissions import Action
from api.change_documents import ChangeWithEditsSerializer
from api.resources import Collection
from changes.services import roll_back
from snapshots.models import Snapshot
from snapshots.told import told_changes
from zones.models import Zone


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

    actions = {"roll_back": Action.DRAFT}

    queryset = Snapshot.objects.all()
    page_key = ("-generation",)
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(request=None, responses={HTTP_201_CREATED: ChangeWithEditsSerializer})
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: str) -> Response:
        """A draft that makes the team's objects what they were when this generation was made (docs/changes.md)."""
        change = roll_back(self.team, int(pk), self.acting)
        location = reverse("change-detail", args=[change.number])
        return Response(ChangeWithEditsSerializer(change).data, status=HTTP_201_CREATED, headers={"Location": location})

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """What is shown names no zone that the caller may not see."""
        shown, *others = args or (None,)
        if shown is not None:
            found = shown if kwargs.get("many") else [shown]
            told = told_changes(found, lambda: Zone.objects.filter(team=self.team), lambda: self.team)
            args = (told if kwargs.get("many") else told[0], *others)
        return super().get_serializer(*args, **kwargs)

    def get_serializer_class(self) -> type[SnapshotSerializer]:
        return SnapshotWithManifestSerializer if self.action == "retrieve" else SnapshotSerializer

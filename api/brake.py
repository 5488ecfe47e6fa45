"""Releasing what the brake holds (docs/reliability.md)."""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from accounts.audit.journal import Event
from accounts.models import User
from api.resources import TeamView
from documents.base import RefusesUnknownFields
from documents.fields import TextField
from snapshots.models import BrakeRelease
from snapshots.services import release_brake


class ReleaseSerializer(RefusesUnknownFields):
    """What is released, and why."""

    part = TextField(max_length=300, help_text="Of a refusal in the status: `zone demo.test.`, `policies`.")
    reason = TextField(max_length=500, help_text="Kept with the generation that the change comes with.")


class ReleasedSerializer(serializers.ModelSerializer[BrakeRelease]):
    """A change that was held and is published next."""

    class Meta:
        model = BrakeRelease
        fields = ["part", "reason", "author", "at"]


class ReleaseView(TeamView):
    @extend_schema(request=ReleaseSerializer, responses={201: ReleasedSerializer})
    def post(self, request: Request) -> Response:
        """Have a change published that is held because it deletes or moves much."""
        asked = ReleaseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = asked.validated_data
        user = cast("User", request.user)
        with transaction.atomic():
            released = release_brake(given["part"], given["reason"], user, timezone.now(), self.actor)
            self.note(Event("releases", released.part, "release", after={"reason": released.reason}))
        return Response(ReleasedSerializer(released).data, status=HTTP_201_CREATED)

"""Roles for one zone, of users and of teams, beside those in the zone's team."""

from __future__ import annotations

from functools import cached_property

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED
from rest_framework.viewsets import GenericViewSet

from accounts.permissions import Role
from api.permissions import ADMINISTERING
from api.resources import TeamView
from api.schema import path_parameters
from api.zone_access import ZoneActingView, find_zone
from documents.base import RefusesUnknownFields, in_fields_of
from documents.fields import TextField
from zones.grant_models import ZoneGrant
from zones.grants import event_of, grant
from zones.models import Zone

ROLES = [role.value for role in Role]
OF_THE_ZONE = path_parameters(origin="Of the zone.")
ONE = extend_schema(
    parameters=[
        OpenApiParameter("origin", OpenApiTypes.STR, OpenApiParameter.PATH, description="Of the zone."),
        OpenApiParameter("pk", OpenApiTypes.INT, OpenApiParameter.PATH, description="The id of the grant."),
    ]
)


class GrantSerializer(serializers.ModelSerializer[ZoneGrant]):
    """Who may what with the zone, beside what they may in its team."""

    user = serializers.CharField(source="user.username", allow_null=True, default=None)
    team = serializers.CharField(source="team.name", allow_null=True, default=None)
    role = serializers.ChoiceField(ROLES)

    class Meta:
        model = ZoneGrant
        fields = ["id", "user", "team", "role", "created"]


class NewGrantSerializer(RefusesUnknownFields):
    """Whom to give a role for the zone: a user, or all members of a team."""

    user = TextField(max_length=150, required=False, help_text="A user name.")
    team = TextField(max_length=63, required=False, help_text="The name of a team, instead of a user.")
    role = serializers.ChoiceField(ROLES)


@extend_schema_view(list=OF_THE_ZONE, destroy=ONE)
class GrantViewSet(
    ZoneActingView, mixins.ListModelMixin, mixins.DestroyModelMixin, TeamView, GenericViewSet[ZoneGrant]
):
    """Roles for one zone. They add to what someone may in the zone's team, or let in who is not in it."""

    part = "grants"
    actions = ADMINISTERING
    queryset = ZoneGrant.objects.select_related("user", "team")
    serializer_class = GrantSerializer
    page_key = ("pk",)

    @cached_property
    def zone(self) -> Zone:
        return find_zone(self.team, self.kwargs["origin"])

    def get_queryset(self) -> QuerySet[ZoneGrant]:
        return super().get_queryset().filter(zone=self.zone)

    @transaction.atomic
    @OF_THE_ZONE
    @extend_schema(request=NewGrantSerializer, responses={201: GrantSerializer})
    @transaction.atomic
    def create(self, request: Request, origin: str) -> Response:
        """Give a user, or all members of a team, a role for the zone."""
        said = NewGrantSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        given = said.validated_data
        try:
            made = grant(self.zone, Role(given["role"]), user=given.get("user", ""), team=given.get("team", ""))
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        self.note(event_of(made))
        return Response(GrantSerializer(made).data, status=HTTP_201_CREATED)

    @transaction.atomic
    def perform_destroy(self, instance: ZoneGrant) -> None:
        self.note(event_of(instance, is_taken=True))
        instance.delete()

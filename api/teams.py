"""Teams that a caller can act for, and their settings."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED, HTTP_304_NOT_MODIFIED
from rest_framework.viewsets import GenericViewSet

from accounts.audit.journal import record
from accounts.models import ApiToken, Membership, Team, User
from accounts.permissions import Action
from accounts.services import teams_of
from accounts.teams import MOST_APPROVALS, change_team, create_team, created
from api.etags import etag_of, is_unchanged, require_match
from api.resources import TeamView
from documents.base import RefusesUnknownFields, in_fields_of
from documents.fields import TextField, WholeNumberField


class TeamSerializer(serializers.ModelSerializer[Team]):
    """A team that the caller can act for."""

    role = serializers.CharField(allow_null=True, help_text="Of the caller; null: none of their own.")

    class Meta:
        model = Team
        fields = ["id", "name", "role", "approvals_required", "created"]


class TeamSettingsSerializer(RefusesUnknownFields):
    """What an admin of a team decides."""

    name = TextField(max_length=63, required=False, help_text="Lower-case letters, digits and hyphens.")
    approvals_required = WholeNumberField(
        min_value=0,
        max_value=MOST_APPROVALS,
        required=False,
        help_text="By how many others a change is approved before it is published.",
    )


class NewTeamSerializer(TeamSettingsSerializer):
    """A team to be made."""

    name = TextField(max_length=63, help_text="Lower-case letters, digits and hyphens.")
    admin = TextField(
        max_length=254, required=False, help_text="Its first admin: a user name or an e-mail address of an account."
    )


@extend_schema_view(partial_update=extend_schema(request=TeamSettingsSerializer, responses=TeamSerializer))
class TeamViewSet(mixins.ListModelMixin, TeamView, GenericViewSet[Team]):
    """The teams that the caller can act for, with `?team=` in any URL. A token acts for one only."""

    queryset = Team.objects.all()
    serializer_class = TeamSerializer
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]{1,63}"
    page_key = ("name",)
    actions = {"create": Action.INSTALL, "partial_update": Action.ADMINISTER}
    has_etag = True

    def get_queryset(self) -> QuerySet[Team]:
        user = cast("User", self.request.user)
        own = Membership.objects.filter(team=OuterRef("pk"), user=user).values("role")
        mine = Team.objects.filter(Exists(teams_of(user).filter(pk=OuterRef("pk")))).annotate(role=Subquery(own))
        return mine.filter(pk=self.team.pk) if isinstance(self.request.auth, ApiToken) else mine

    def team_asked(self, request: Request) -> str | None:
        """A session acts for the team that the URL names."""
        asked = super().team_asked(request)
        return self.kwargs.get("name") if asked is None and not isinstance(request.auth, ApiToken) else asked

    def retrieve(self, request: Request, name: str) -> Response:
        """A team."""
        shown = self._shown(name)
        etag = etag_of(shown)
        if is_unchanged(request, etag):
            return Response(status=HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
        return Response(shown, headers={"ETag": etag})

    @extend_schema(request=NewTeamSerializer, responses={201: TeamSerializer})
    @transaction.atomic
    def create(self, request: Request) -> Response:
        """Make a team, with its first admin or without. Administrators of the installation may."""
        said = NewTeamSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            team = create_team(**said.validated_data)
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        record(self.acting, team, [created(team)])
        role = Membership.objects.filter(team=team, user=cast("User", request.user)).values_list("role", flat=True)
        team.role = role.first()  # type: ignore[attr-defined]  # of the caller
        shown = TeamSerializer(team).data
        location = f"{request.path.rstrip('/')}/{team.name}"
        return Response(shown, status=HTTP_201_CREATED, headers={"ETag": etag_of(shown), "Location": location})

    @transaction.atomic
    def partial_update(self, request: Request, name: str) -> Response:
        """Give a team another name, or have its changes approved by more or fewer others. Its admins may."""
        if name != self.team.name:
            raise NotFound(f"You do not act for a team {name}.")
        said = TeamSettingsSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        require_match(request, etag_of(self._shown(name)))
        try:
            event = change_team(self.team, **said.validated_data)
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        self.note(event)
        shown = self._shown(self.team.name)
        return Response(shown, headers={"ETag": etag_of(shown)})

    def _shown(self, name: str) -> Any:
        team = self.get_queryset().filter(name=name).first()
        if team is None:
            raise NotFound(f"You are in no team {name}.")
        return TeamSerializer(team).data

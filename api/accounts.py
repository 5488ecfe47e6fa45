"""Who is in a team and as what, and its tokens."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT
from rest_framework.viewsets import GenericViewSet

from accounts.members import add_member, change_role, event_of, remove_member
from accounts.models import NAME_PATTERN, ApiToken, Membership
from accounts.permissions import Action, Role, Scope
from accounts.services import create_token, lifetime_end
from api.permissions import ADMINISTERING
from api.resources import Creatable, Deletable, Readable, TeamView
from documents.base import DeclaredSerializer, RefusesUnknownFields, in_fields_of
from documents.fields import TextField
from documents.kind import Kind

NAME_HELP = "Use lower-case letters, digits and hyphens, at most 63."
ROLES = [role.value for role in Role]
MEMBER = OpenApiParameter("user", OpenApiTypes.STR, OpenApiParameter.PATH, description="The user name.")


class TokenSerializer(DeclaredSerializer[ApiToken]):
    """An API token, without its secret."""

    name = TextField(max_length=63, validators=[RegexValidator(NAME_PATTERN, NAME_HELP)])
    user = serializers.CharField(source="user.username", read_only=True)
    start = serializers.CharField(read_only=True, help_text="How the secret begins; empty: nobody noted it.")
    scope = serializers.ChoiceField(
        [scope.value for scope in Scope],
        default=Scope.READ.value,
        help_text="How much of what its user may: docs/accounts.md.",
    )
    only = serializers.ListField(
        child=TextField(max_length=40),
        default=list,
        help_text="What it is limited to, such as `zones` or `endpoints:load`; empty: nothing in particular.",
    )
    networks = serializers.ListField(
        child=TextField(max_length=43), default=list, help_text="Address blocks it may be used from; empty: anywhere."
    )
    expires = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Left out or null: in a year, or sooner where the installation says so. Old tokens have none.",
    )

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "name",
            "user",
            "start",
            "scope",
            "only",
            "networks",
            "created",
            "expires",
            "last_used",
            "last_address",
        ]
        read_only_fields = ["last_used", "last_address"]

    def store(self, candidate: ApiToken, related: dict[str, Any]) -> ApiToken:
        now = timezone.now()
        token, self.secret = create_token(
            self.context["request"].user,
            candidate.team,
            candidate.name,
            scope=Scope(candidate.scope),
            only=candidate.only,
            networks=candidate.networks,
            expires=lifetime_end(candidate.expires, now, settings.TOKEN_MAX_DAYS),
        )
        return token


class TokenWithSecretSerializer(TokenSerializer):
    """An API token with its secret."""

    token = serializers.CharField(read_only=True, help_text="The secret, shown this once.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]


class Tokens(Kind[ApiToken]):
    """Their secrets are shown once, and in no document."""

    plural = "tokens"
    rows = ApiToken.objects.select_related("user")
    serializer = TokenSerializer

    def changed(self) -> None:
        """Tokens are no part of a snapshot."""


class TokenViewSet(Readable[ApiToken], Creatable[ApiToken], Deletable[ApiToken]):
    """Secrets for automation. Whoever holds one acts for the team, as far as its scope and its user's role go."""

    kind = Tokens()
    queryset = Tokens.rows
    actions = {**ADMINISTERING, "GET": Action.ADMINISTER}
    serializer_class = TokenSerializer
    lookup_value_regex = "[^/\\x00]{1,63}"
    search_fields = ("name", "user__username")

    @extend_schema(responses={201: TokenWithSecretSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def written(self, row: ApiToken, serializer: Any, location: str | None = None) -> Response:
        response = super().written(row, serializer, location)
        response.data = {**response.data, "token": serializer.secret}
        return response


class TeamMemberSerializer(serializers.ModelSerializer[Membership]):
    """Someone in the team."""

    user = serializers.CharField(source="user.username")
    email = serializers.CharField(source="user.email")
    role = serializers.ChoiceField(ROLES)
    last_login = serializers.DateTimeField(source="user.last_login", allow_null=True)

    class Meta:
        model = Membership
        fields = ["user", "email", "role", "last_login"]


class NewMemberSerializer(RefusesUnknownFields):
    """Whom to let in, and as what."""

    user = TextField(max_length=254, help_text="A user name or an e-mail address of an account.")
    role = serializers.ChoiceField(ROLES)


class RoleSerializer(RefusesUnknownFields):
    """What someone is from now on."""

    role = serializers.ChoiceField(ROLES)


@extend_schema_view(
    retrieve=extend_schema(parameters=[MEMBER]),
    partial_update=extend_schema(request=RoleSerializer, responses=TeamMemberSerializer, parameters=[MEMBER]),
    destroy=extend_schema(parameters=[MEMBER]),
)
class MemberViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TeamView, GenericViewSet[Membership]):
    """Who is in the team."""

    actions = ADMINISTERING
    queryset = Membership.objects.select_related("user")
    serializer_class = TeamMemberSerializer
    lookup_field, lookup_url_kwarg = "user__username", "user"
    lookup_value_regex = "[^/\\x00]{1,150}"
    page_key = ("pk",)

    def get_queryset(self) -> QuerySet[Membership]:
        return super().get_queryset().filter(team=self.team)

    @transaction.atomic
    @extend_schema(request=NewMemberSerializer, responses={201: TeamMemberSerializer})
    @transaction.atomic
    def create(self, request: Request) -> Response:
        """Let a user into the team."""
        said = NewMemberSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        given = said.validated_data
        try:
            membership = add_member(self.team, given["user"], Role(given["role"]))
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        self.note(event_of(membership, None, membership.role))
        return Response(TeamMemberSerializer(membership).data, status=HTTP_201_CREATED)

    @transaction.atomic
    def partial_update(self, request: Request, user: str) -> Response:
        """Give a member another role. A team keeps an admin."""
        said = RoleSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        membership = self._member(user)
        before = membership.role
        try:
            change_role(membership, Role(said.validated_data["role"]))
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        self.note(event_of(membership, before, membership.role))
        return Response(TeamMemberSerializer(membership).data)

    @transaction.atomic
    def destroy(self, request: Request, user: str) -> Response:
        """Let a member go, with their tokens. A team keeps an admin."""
        membership = self._member(user)
        remove_member(membership)
        self.note(event_of(membership, membership.role, None))
        return Response(status=HTTP_204_NO_CONTENT)

    def _member(self, name: str) -> Membership:
        membership = self.get_queryset().filter(user__username=name).first()
        if membership is None:
            raise NotFound(f"There is no member {name}.")
        return membership

"""API tokens of a team."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import NAME_PATTERN, ApiToken
from accounts.services import create_token
from api.resources import Creatable, Deletable, Readable
from documents.base import DeclaredSerializer
from documents.fields import TextField

NAME_HELP = "Use lower-case letters, digits and hyphens, at most 63."


class TokenSerializer(DeclaredSerializer[ApiToken]):
    """An API token, without its secret."""

    name = TextField(max_length=63, validators=[RegexValidator(NAME_PATTERN, NAME_HELP)])
    user = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "user", "created", "last_used"]

    def store(self, candidate: ApiToken, related: dict[str, Any]) -> ApiToken:
        token, self.secret = create_token(self.context["request"].user, candidate.team, candidate.name)
        return token


class TokenWithSecretSerializer(TokenSerializer):
    """An API token with its secret."""

    token = serializers.CharField(read_only=True, help_text="The secret, shown this once.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]


class TokenViewSet(Readable[ApiToken], Creatable[ApiToken], Deletable[ApiToken]):
    """Secrets for automation. Whoever holds one acts for the team."""

    queryset = ApiToken.objects.select_related("user")
    serializer_class = TokenSerializer
    lookup_value_regex = "[^/\\x00]{1,63}"

    @extend_schema(responses={201: TokenWithSecretSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def written(self, row: ApiToken, serializer: Any, location: str | None = None) -> Response:
        response = super().written(row, serializer, location)
        response.data = {**response.data, "token": serializer.secret}
        return response

"""Files that say how things are to be, and whose objects are."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.shortcuts import get_list_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from accounts.audit.journal import Event
from accounts.permissions import Action
from api.plans import PlanSerializer
from api.resources import TeamView
from api.schema import path_parameters
from changes.claim_models import Claim
from changes.claims import follow, give_up
from changes.declaring import Declared, declare, try_declaration

OWNER = path_parameters(owner="The name that a set of files gives itself.")
ADOPT = OpenApiParameter("adopt", bool, description="Also make as declared what is there and belongs to nobody.")

TRIAL = OpenApiParameter("dry_run", bool, description="Say what would come of it, and change nothing.")


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    """An object that belongs to the owner."""

    class Meta:
        model = Claim
        fields = ["kind", "key", "since"]


class DeclaredSerializer(serializers.Serializer[Declared]):
    """What came of a declaration."""

    owner = serializers.CharField()
    done = serializers.BooleanField(source="is_done", help_text="Everything is as declared.")
    unchanged = serializers.IntegerField(help_text="Objects that are as declared.")
    adopted = serializers.SerializerMethodField(help_text="That were there and belonged to nobody.")
    change = serializers.IntegerField(source="change.number", default=None, allow_null=True, help_text="To publish.")
    plan = serializers.SerializerMethodField(help_text="What the change does: docs/changes.md.")

    def get_adopted(self, declared: Declared) -> list[dict[str, str]]:
        return [{"kind": kind, "key": key} for kind, key in declared.adopted]

    @extend_schema_field(PlanSerializer)
    def get_plan(self, declared: Declared) -> dict[str, Any]:
        return declared.plan.shown()


class DeclarationView(TeamView):
    actions = {"PUT": Action.DRAFT, "DELETE": Action.PUBLISH}
    writing_parameters = frozenset({"dry_run", "adopt", "team"})

    def _require_plan(self, request: Request) -> None:
        """Plans are made here, by those who know whose objects are."""

    @OWNER
    @extend_schema(responses=ClaimSerializer(many=True))
    def get(self, request: Request, owner: str) -> Response:
        """What belongs to an owner."""
        follow(self.team)
        claims = get_list_or_404(Claim, team=self.team, owner=owner)
        return Response(ClaimSerializer(claims, many=True).data)

    @OWNER
    @extend_schema(parameters=[ADOPT, TRIAL], request=OpenApiTypes.OBJECT, responses=DeclaredSerializer)
    def put(self, request: Request, owner: str) -> Response:
        """Open a change that makes everything as these documents say: lists by kind, record sets within zones.

        What the owner declared before and declares no more is deleted by it. With `dry_run` no change is opened.
        """
        if not isinstance(request.data, dict):
            raise ValidationError("The body is an object of lists by kind, such as regions and zones.")
        adopt = _truth(request, "adopt")
        if _truth(request, "dry_run"):
            declared = try_declaration(self.team, owner, request.data, timezone.now(), adopt=adopt)
        else:
            declared = declare(self.team, self.acting, owner, request.data, timezone.now(), adopt=adopt)
        return Response(DeclaredSerializer(declared).data)

    @OWNER
    @extend_schema(parameters=[TRIAL], responses={204: None})
    def delete(self, request: Request, owner: str) -> Response:
        """Have all that belongs to an owner belong to nobody. No object changes."""
        get_list_or_404(Claim, team=self.team, owner=owner)
        if not _truth(request, "dry_run"):
            with transaction.atomic():
                give_up(self.team, owner)
                self.note(Event("declarations", owner, "give-up"))
        return Response(status=HTTP_204_NO_CONTENT)


def _truth(request: Request, name: str) -> bool:
    said = request.query_params.get(name, "0")
    if said not in {"0", "1", "false", "true"}:
        raise ValidationError({name: ["Say 1 or 0."]})
    return said in {"1", "true"}

"""Model versions of learning: proposed, decided on by the gate, promoted and returned to (docs/latency.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED
from rest_framework.viewsets import GenericViewSet

from accounts.models import NAME_PATTERN, User
from api.accounts import NAME_HELP
from api.resources import TeamView
from documents.base import RefusesUnknownFields
from documents.fields import TextField
from latency.models import LatencyDecision, LatencyModel, LatencyPromotion
from latency.parameters import BadParameterError
from latency.versions import ask, promote, propose, return_to

NAME = "[a-z0-9-]{1,63}"


class DecisionSerializer(serializers.ModelSerializer[LatencyDecision]):
    """What the gate found of a version, with the numbers."""

    candidate = serializers.CharField(source="candidate.name")
    incumbent = serializers.CharField(
        source="incumbent.name", allow_null=True, default=None, help_text="In service then."
    )
    passed = serializers.BooleanField(allow_null=True, help_text="Null: it waits, for a quarter of a minute or so.")
    numbers = serializers.DictField(help_text="Evidence, and each comparison with its margin: docs/latency.md.")

    class Meta:
        model = LatencyDecision
        fields = ["id", "candidate", "incumbent", "asked", "made", "passed", "numbers"]


class PromotionSerializer(serializers.ModelSerializer[LatencyPromotion]):
    """A time in service."""

    model = serializers.CharField(source="model.name")
    made_by = serializers.CharField(
        source="made_by.username", allow_null=True, default=None, help_text="Null: the release."
    )
    decision = serializers.IntegerField(source="decision_id", allow_null=True)
    returns_to = serializers.IntegerField(
        source="returns_to_id", allow_null=True, help_text="Number of the time before."
    )
    until = serializers.DateTimeField(allow_null=True, help_text="Null: it is in service.")

    class Meta:
        model = LatencyPromotion
        fields = ["number", "model", "decision", "returns_to", "made", "made_by", "until"]


@extend_schema_field(OpenApiTypes.OBJECT)
class ParametersField(serializers.JSONField):
    """An object of parameters."""

    default_error_messages = {"invalid": "Say an object with parameters by name."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            self.fail("invalid")
        return data


class LatencyModelSerializer(serializers.ModelSerializer[LatencyModel]):
    """A version of the parameters that learning goes by."""

    parameters = ParametersField(help_text="All of them: docs/latency.md.")
    created_by = serializers.CharField(source="created_by.username", allow_null=True, default=None)
    promotions = PromotionSerializer(many=True, help_text="Its times in service.")
    decisions = DecisionSerializer(many=True, help_text="The newest first.")

    class Meta:
        model = LatencyModel
        fields = ["name", "note", "created", "created_by", "parameters", "promotions", "decisions"]


class ModelProposalSerializer(RefusesUnknownFields):
    """A new version."""

    name = TextField(max_length=63, validators=[RegexValidator(NAME_PATTERN, NAME_HELP)])
    note = TextField(max_length=200, required=False, allow_blank=True, help_text="What it is meant to make better.")
    parameters = ParametersField(help_text="Those that are to be others than the release has.")


class LatencyModelViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TeamView, GenericViewSet[LatencyModel]):
    """Versions of what learning goes by. All teams share them; administrators propose and promote."""

    queryset = LatencyModel.objects.select_related("created_by").prefetch_related(
        "promotions__made_by", "decisions__incumbent"
    )
    serializer_class = LatencyModelSerializer
    lookup_field = "name"
    lookup_value_regex = NAME

    @extend_schema(request=ModelProposalSerializer, responses={HTTP_201_CREATED: LatencyModelSerializer})
    def create(self, request: Request) -> Response:
        """Propose a version: the gate decides on it by what was measured of late, within a minute or so."""
        user = _administrator(request)
        proposal = ModelProposalSerializer(data=request.data)
        proposal.is_valid(raise_exception=True)
        said = proposal.validated_data
        try:
            decision = propose(said["name"], said["parameters"], said.get("note", ""), user, timezone.now())
        except BadParameterError as error:
            field = f"parameters.{error.field}" if error.field else "parameters"
            raise ValidationError({field: [error.problem]}) from error
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from error
        return Response(self._shown(decision.candidate), status=HTTP_201_CREATED)

    @extend_schema(request=None, responses={HTTP_200_OK: LatencyModelSerializer})
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, name: str) -> Response:
        """Have learning go by this version, which has passed the gate."""
        return self._serve(promote, request)

    @extend_schema(request=None, responses={HTTP_200_OK: LatencyModelSerializer})
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    def return_to(self, request: Request, name: str) -> Response:
        """Have learning go by this version again, which was in service before."""
        return self._serve(return_to, request)

    @extend_schema(request=None, responses={HTTP_202_ACCEPTED: DecisionSerializer})
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, name: str) -> Response:
        """Have the gate decide on this version once more."""
        _administrator(request)
        return Response(DecisionSerializer(ask(self.get_object(), timezone.now())).data, status=HTTP_202_ACCEPTED)

    def _serve(self, how: Callable[..., LatencyPromotion], request: Request) -> Response:
        user = _administrator(request)
        return Response(self._shown(how(self.get_object(), user, timezone.now()).model))

    def _shown(self, model: LatencyModel) -> Any:
        return LatencyModelSerializer(self.get_queryset().get(pk=model.pk)).data


class LatencyDecisionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, TeamView, GenericViewSet[LatencyDecision]
):
    """What the gate decided, the newest first."""

    queryset = LatencyDecision.objects.select_related("candidate", "incumbent")
    serializer_class = DecisionSerializer
    page_key = ("-pk",)
    lookup_value_regex = "[0-9]{1,18}"


def _administrator(request: Request) -> User:
    user = cast("User", request.user)
    if not user.is_superuser:
        raise PermissionDenied("All teams are served by the version in service: ask an administrator.")
    return user

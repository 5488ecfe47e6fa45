"""Who is told when something goes down, and what became of it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_202_ACCEPTED

from accounts.audit.journal import Event
from accounts.permissions import Action
from api.declared import DeclaredViewSet
from api.filters import DeclaredFilter, TruthFilter
from api.resources import Collection
from documents.kinds import ALERT_RULES, CHANNELS
from healthchecks.alerts.models import Attempt, Delivery, DeliveryState
from healthchecks.alerts.services import resend, send_test


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try to deliver."""

    class Meta:
        model = Attempt
        fields = ["began", "ended", "status_code", "error"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One message to one channel."""

    channel = serializers.CharField(source="channel.name")
    rule = serializers.CharField(source="rule_name", help_text="Empty: a test.")
    message = serializers.DictField(help_text="What is told: docs/alerts.md.")

    class Meta:
        model = Delivery
        fields = [
            "id",
            "channel",
            "rule",
            "state",
            "created",
            "finished",
            "next_try",
            "attempts",
            "status_code",
            "error",
            "message",
        ]


class DeliveryWithTriesSerializer(DeliverySerializer):
    """One message to one channel, and every try to deliver it."""

    tries = AttemptSerializer(many=True)

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "tries"]


class ChannelFilter(DeclaredFilter):
    kind = filters.CharFilter()
    enabled = TruthFilter()


class ChannelViewSet(DeclaredViewSet[Any]):
    """Where alerts go: webhooks, Slack-compatible hooks, e-mail."""

    actions = {"test": Action.OPERATE}
    kind = CHANNELS
    queryset = CHANNELS.rows
    serializer_class = CHANNELS.serializer
    filterset_class = ChannelFilter
    search_fields = ("name", "kind")

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send a message that says that messages arrive. What becomes of it is at /api/v1/deliveries/{id}."""
        channel = self.found(self.find())
        delivery = send_test(channel, timezone.now())
        self.note(Event("channels", channel.name, "test"))
        return Response(DeliverySerializer(delivery).data, status=HTTP_202_ACCEPTED)


class AlertRuleFilter(DeclaredFilter):
    channel = filters.CharFilter("channels__name")
    enabled = TruthFilter()


class AlertRuleViewSet(DeclaredViewSet[Any]):
    """What is told to whom."""

    kind = ALERT_RULES
    queryset = ALERT_RULES.rows
    serializer_class = ALERT_RULES.serializer
    filterset_class = AlertRuleFilter
    search_fields = ("name",)


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    channel = filters.CharFilter("channel__name")
    rule = filters.CharFilter("rule_name")
    state = filters.ChoiceFilter(choices=DeliveryState.choices)


class DeliveryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Collection[Delivery]):
    """Every message to a channel of the last thirty days, the newest first."""

    actions = {"resend": Action.OPERATE}
    queryset = Delivery.objects.select_related("channel")
    filterset_class = DeliveryFilter
    page_key = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Delivery]:
        return super().get_queryset().filter(team=self.team)

    def get_serializer_class(self) -> type[DeliverySerializer]:
        return DeliveryWithTriesSerializer if self.action == "retrieve" else DeliverySerializer

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send the same message once more, as a delivery of its own."""
        with transaction.atomic():
            again = resend(self.get_object(), timezone.now())
            self.note(Event("deliveries", str(again.pk), "resend"))
        return Response(DeliverySerializer(again).data, status=HTTP_202_ACCEPTED)

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
from rest_framework.viewsets import GenericViewSet

from api.fields import LabelsField, NamesField, TextField
from api.resources import DeclaredViewSet, TeamView
from api.serializers import DeclaredSerializer
from healthchecks.alerts.channel_kinds import destination
from healthchecks.alerts.models import AlertRule, Attempt, Channel, Delivery, DeliveryState, SubjectKind
from healthchecks.alerts.services import resend, send_test
from healthchecks.models import Check
from regions.models import Endpoint, Region

SECRETS = ("url", "secret")


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


class ChannelSerializer(DeclaredSerializer[Channel]):
    """Where messages go. `url` and `secret` are written and never shown; what a write leaves out stays as it is."""

    url = TextField(
        write_only=True, required=False, allow_blank=True, max_length=2048, help_text="That messages are posted to."
    )
    secret = TextField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Of a webhook: `whsec_` and 24 to 64 random octets in base64.",
    )
    recipients = serializers.ListField(child=serializers.EmailField(), required=False, help_text="Of e-mail.")
    destination = serializers.SerializerMethodField(help_text="As much of it as may be shown.")

    class Meta:
        model = Channel
        fields = ["id", "name", "kind", "url", "secret", "recipients", "destination", "enabled", "created", "updated"]

    def get_destination(self, channel: Channel) -> str:
        return destination(channel.url, channel.recipients)

    def _defaults(self) -> dict[str, Any]:
        """Nobody can send back what nobody is shown."""
        defaults = super()._defaults()
        return {name: value for name, value in defaults.items() if not self.instance or name not in SECRETS}


class AlertingViewSet(DeclaredViewSet[Any]):
    """What edges need not hear of: nothing is published."""

    def changed(self) -> None:
        """Called inside the transaction of each write."""


class ChannelViewSet(AlertingViewSet):
    """Where alerts go: webhooks, Slack-compatible hooks, e-mail."""

    queryset = Channel.objects.select_related("team")
    serializer_class = ChannelSerializer

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send a message that says that messages arrive. What becomes of it is at /api/v1/deliveries/{id}."""
        delivery = send_test(self.found(self.find()), timezone.now())
        return Response(DeliverySerializer(delivery).data, status=HTTP_202_ACCEPTED)


class AlertRuleSerializer(DeclaredSerializer[AlertRule]):
    """What is told to which channels, how it is grouped, and when not. Filters left empty match everything."""

    subjects = serializers.ListField(child=serializers.ChoiceField(SubjectKind.choices), allow_empty=False)
    endpoints = NamesField(Endpoint.objects.all(), required=False)
    regions = NamesField(Region.objects.all(), required=False)
    checks = NamesField(Check.objects.all(), required=False)
    labels = LabelsField(required=False)
    channels = NamesField(Channel.objects.all(), allow_empty=False)

    class Meta:
        model = AlertRule
        fields = [
            "id",
            "name",
            "subjects",
            "endpoints",
            "regions",
            "checks",
            "labels",
            "channels",
            "wait_s",
            "window_s",
            "repeat_s",
            "urgent",
            "quiet_from",
            "quiet_until",
            "time_zone",
            "muted_until",
            "enabled",
            "created",
            "updated",
        ]

    def store(self, candidate: AlertRule, related: dict[str, Any]) -> AlertRule:
        candidate.save()
        for name, chosen in related.items():
            getattr(candidate, name).set(chosen)
        return candidate


class AlertRuleViewSet(AlertingViewSet):
    """What is told to whom."""

    queryset = AlertRule.objects.prefetch_related("endpoints", "regions", "checks", "channels")
    serializer_class = AlertRuleSerializer


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    channel = filters.CharFilter("channel__name")
    rule = filters.CharFilter("rule_name")
    state = filters.ChoiceFilter(choices=DeliveryState.choices)


class DeliveryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TeamView, GenericViewSet[Delivery]):
    """Every message to a channel of the last thirty days, the newest first."""

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
        again = resend(self.get_object(), timezone.now())
        return Response(DeliverySerializer(again).data, status=HTTP_202_ACCEPTED)

"""Who is told when something goes down."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from documents.base import DeclaredSerializer
from documents.fields import LabelsField, NamesField, TextField
from documents.kind import Kind, Row
from healthchecks.alerts.channel_kinds import destination
from healthchecks.alerts.events import EventKind
from healthchecks.alerts.models import AlertRule, Channel, SubjectKind
from healthchecks.models import Check
from regions.models import Endpoint, Region

SECRETS = ("url", "secret")


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


class AlertRuleSerializer(DeclaredSerializer[AlertRule]):
    """What is told to which channels, how it is grouped, and when not. Filters left empty match everything."""

    subjects = serializers.ListField(
        child=serializers.ChoiceField(SubjectKind.choices), required=False, help_text="What is watched."
    )
    events = serializers.ListField(
        child=serializers.ChoiceField([(kind.value, kind.words) for kind in EventKind]),
        required=False,
        help_text="What is told when it is done: of changes of the team, and of generations. Filters are not for them.",
    )
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
            "events",
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


class AlertingKind(Kind[Row]):
    """What edges need not hear of: nothing is published."""

    def changed(self) -> None:
        """Called inside the transaction of each write."""


class Channels(AlertingKind[Channel]):
    plural = "channels"
    rows = Channel.objects.select_related("team")
    serializer = ChannelSerializer
    secrets = frozenset(SECRETS)


class AlertRules(AlertingKind[AlertRule]):
    plural = "alert-rules"
    rows = AlertRule.objects.prefetch_related("endpoints", "regions", "checks", "channels")
    serializer = AlertRuleSerializer

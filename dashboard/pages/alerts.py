"""Who is told of what, and what became of each message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from dashboard.access import signed_in, visible
from dashboard.exports import exported, format_asked, stored
from dashboard.forms.alerts import AlertRuleForm, ChannelForm
from dashboard.noting import actor_of, tell
from dashboard.section import ROWS_A_PAGE, Section, View
from dashboard.tables import Column, heads_of, ordered
from documents.journal import writing
from documents.kinds import ALERT_RULES
from healthchecks.alerts.channel_kinds import destination
from healthchecks.alerts.events import EventKind
from healthchecks.alerts.messages import body, headline
from healthchecks.alerts.models import AlertRule, Channel, Delivery, DeliveryState
from healthchecks.alerts.services import mute, resend, send_test

RECENT = 20
MUTES = {"1": "1 hour", "8": "8 hours", "24": "1 day"}
UNMUTE = "0"


def described(deliveries: Iterable[Delivery]) -> list[tuple[Delivery, str]]:
    """Deliveries, each with its message in a line."""
    return [(delivery, headline(delivery.message)) for delivery in deliveries]


class ChannelSection(Section[Channel]):
    model = Channel
    form_class = ChannelForm
    slug = "channels"
    lead = "Where alerts go: webhooks, Slack-compatible hooks, e-mail."
    searched = ("name", "kind")
    columns = (
        Column("name", "Name", lambda row: row[0].name, ("name",)),
        Column("kind", "Kind", lambda row: row[0].kind, ("kind",)),
        Column("to", "To", lambda row: row[1]),
        Column("rules", "Rules", lambda row: row[0].rule_count, ("rule_count",), is_number=True),
        Column("enabled", "State", lambda row: row[0].enabled, ("enabled",)),
    )
    example = '{"name": "on-call", "kind": "email", "recipients": ["on-call@example.com"]}'
    aftermath: ClassVar[str] = ""
    drafted: ClassVar[bool] = False

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [(f"{one}test/", require_POST(self.test), "channels-test")]

    def objects(self) -> QuerySet[Channel]:
        return Channel.objects.select_related("team").annotate(rule_count=Count("rules")).order_by("name")

    def rows_of(self, shown: list[Channel]) -> list[tuple[Channel, str]]:
        return [(channel, destination(channel.url, channel.recipients)) for channel in shown]

    def show_context(self, shown: Channel) -> dict[str, Any]:
        return {
            "destination": destination(shown.url, shown.recipients),
            "rules": shown.rules.all(),
            "deliveries": described(shown.deliveries.select_related("channel")[:RECENT]),
        }

    def test(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Send a message that says that messages arrive."""
        channel = self.find(request, key)
        with transaction.atomic():
            delivery = send_test(channel, datetime.now(UTC))
            tell(request, channel.team, Event("channels", channel.name, "test"))
        return redirect("deliveries-show", delivery.pk)


class AlertRuleSection(Section[AlertRule]):
    model = AlertRule
    form_class = AlertRuleForm
    slug = "alert-rules"
    lead = "Of what goes down and recovers, and of what is done, who is told, how it is grouped, and when nobody is."
    columns = (
        Column("name", "Name", lambda rule: rule.name, ("name",)),
        Column("subjects", "Watches", lambda rule: [*rule.subjects, *rule.events]),
        Column("channels", "Tells", lambda rule: [channel.name for channel in rule.channels.all()]),
        Column("open", "Open", lambda rule: rule.open_count, ("open_count",), is_number=True),
        Column("enabled", "State", lambda rule: rule.enabled, ("enabled",)),
        Column("muted_until", "Muted until", lambda rule: rule.muted_until, shown=False),
    )
    example = '{"name": "pager", "subjects": ["endpoint"], "channels": ["on-call"]}'
    aftermath: ClassVar[str] = ""

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [(f"{one}mute/", require_POST(self.mute), "alert-rules-mute")]

    def objects(self) -> QuerySet[AlertRule]:
        open_ones = Count("incidents", filter=Q(incidents__closed=None), distinct=True)
        rules = AlertRule.objects.select_related("team").prefetch_related("channels")
        return rules.annotate(open_count=open_ones).order_by("name")

    def index_context(self, shown: list[AlertRule]) -> dict[str, Any]:  # noqa: ARG002
        return {"now": datetime.now(UTC)}

    def show_context(self, shown: AlertRule) -> dict[str, Any]:
        told = Delivery.objects.filter(team=shown.team, rule_name=shown.name)
        return {
            "now": datetime.now(UTC),
            "mutes": MUTES,
            "events": [EventKind(event).words for event in shown.events],
            "incidents": shown.incidents.order_by("-opened")[:RECENT],
            "deliveries": described(told.select_related("channel")[:RECENT]),
        }

    def mute(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Have the rule say nothing for some hours; none: have it speak again."""
        rule = self.find(request, key)
        hours = request.POST.get("hours", "")
        if hours in MUTES or hours == UNMUTE:
            with transaction.atomic(), writing(actor_of(request), rule.team, ALERT_RULES, rule):
                mute(rule, datetime.now(UTC), timedelta(hours=int(hours)))
            messages.success(request, f"Rule {rule} is muted." if hours in MUTES else f"Rule {rule} speaks again.")
        return redirect(self.url_of(rule))


DELIVERY_COLUMNS = (
    Column("id", "Number", lambda row: row[0].pk, shown=False),
    Column("message", "Message", lambda row: row[1]),
    Column("channel", "To", lambda row: row[0].channel.name, ("channel__name",)),
    Column("state", "State", lambda row: row[0].state, ("state",)),
    Column("attempts", "Attempts", lambda row: row[0].attempts, ("attempts",), is_number=True),
    Column("created", "Made", lambda row: row[0].created, ("created",)),
    Column("error", "Error", lambda row: row[0].error, shown=False),
    Column("rule", "Rule", lambda row: row[0].rule_name, shown=False),
)


@login_required
def index(request: HttpRequest) -> HttpResponseBase:
    """Messages, newest first: of one state if asked. Or all of them as a file."""
    deliveries = visible(Delivery.objects.all(), signed_in(request))
    state = request.GET.get("state", "")
    if state in DeliveryState.values:
        deliveries = deliveries.filter(state=state)
    deliveries = ordered(deliveries.select_related("channel"), DELIVERY_COLUMNS, request.GET.get("sort", ""))
    if file_format := format_asked(request):
        return exported("deliveries", DELIVERY_COLUMNS, stored(deliveries, described), file_format)
    page = Paginator(deliveries, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "heads": heads_of(DELIVERY_COLUMNS, request.GET),
        "rows": described(page),
        "states": DeliveryState.values,
        "chosen": state,
    }
    return render(request, "dashboard/deliveries/index.html", context)


@login_required
def show(request: HttpRequest, key: int) -> HttpResponseBase:
    """One message, and every attempt to deliver it."""
    delivery = _find(request, key)
    context = {"delivery": delivery, "headline": headline(delivery.message), "body": body(delivery.message)}
    return render(request, "dashboard/deliveries/show.html", context)


@login_required
@require_POST
def send_again(request: HttpRequest, key: int) -> HttpResponseBase:
    """The same message once more."""
    delivery = _find(request, key)
    with transaction.atomic():
        again = resend(delivery, datetime.now(UTC))
        tell(request, delivery.team, Event("deliveries", str(again.pk), "resend"))
    messages.success(request, "It is being sent again, as this delivery.")
    return redirect("deliveries-show", again.pk)


def _find(request: HttpRequest, key: int) -> Delivery:
    deliveries = visible(Delivery.objects.select_related("channel"), signed_in(request))
    return get_object_or_404(deliveries, pk=key)


urlpatterns = [
    path("deliveries/", index, name="deliveries"),
    path("deliveries/<int:key>/", show, name="deliveries-show"),
    path("deliveries/<int:key>/resend/", send_again, name="deliveries-resend"),
]

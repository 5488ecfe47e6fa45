"""Who is told of what, and what became of it.

AlertRule ─┬► Incident (of one subject, open until it is well) ─┬► Delivery (one message to one channel) ──► Attempt
    │      └► Notice (of what was done: event_models) ──────────┤
    └─► Channel ────────────────────────────────────────────────┘
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from accounts.models import Owned, Team
from healthchecks.alerts import event_models  # noqa: F401 - Django looks for tables here
from healthchecks.alerts.channel_kinds import ChannelError, require_sound
from healthchecks.alerts.events import EventKind
from healthchecks.alerts.quiet import time_zone_problem
from healthchecks.models import Check, Family
from regions.models import Endpoint, Region

WEEK_S = 604_800
NOTHING_WATCHED = "Watch at least one of endpoint, check and alarm, or an event."


class ChannelKind(models.TextChoices):
    WEBHOOK = "webhook", "Webhook"
    SLACK = "slack", "Slack-compatible hook"
    EMAIL = "email", "E-mail"


class SubjectKind(models.TextChoices):
    """What an incident is about."""

    ENDPOINT = "endpoint", "endpoint"
    CHECK = "check", "check of an endpoint"
    ALARM = "alarm", "alarm"


class Channel(Owned):
    """Where messages go. `url` and `secret` are secrets: written, and shown to nobody."""

    kind = models.CharField(max_length=7, choices=ChannelKind)
    url = models.CharField("URL", max_length=2048, blank=True, help_text="Of a webhook or a Slack-compatible hook.")
    secret = models.CharField(max_length=200, blank=True, help_text="Signs webhooks (Standard Webhooks).")
    recipients = ArrayField(models.EmailField(), default=list, blank=True, help_text="Of e-mail.")
    enabled = models.BooleanField(default=True, help_text="To a channel that is off nothing is sent.")

    class Meta(Owned.Meta):
        constraints = [
            *Owned.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=ChannelKind.values), name="channel_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="email", url="", secret="", recipients__len__gte=1)
                | Q(kind="slack", secret="", recipients__len=0) & ~Q(url="")
                | Q(kind="webhook", recipients__len=0) & ~Q(url="") & ~Q(secret=""),
                name="channel_has_what_its_kind_needs",
                violation_error_message="A webhook has a URL and a secret, a Slack-compatible hook a URL, e-mail"
                " recipients; and none what is another's.",
            ),
        ]

    def clean(self) -> None:
        """Refuse what the kind cannot use, naming the field."""
        try:
            require_sound(self.kind, self.url, self.secret, self.recipients)
        except ChannelError as problem:
            raise ValidationError({problem.field: [str(problem)]}) from problem


class AlertRule(Owned):
    """What is told to which channels, how it is grouped, and when not. Filters left empty match everything."""

    subjects = ArrayField(
        models.CharField(max_length=8, choices=SubjectKind),
        default=list,
        blank=True,
        help_text="What is watched: endpoint, check, alarm.",
    )
    events = ArrayField(
        models.CharField(max_length=40, choices=[(kind.value, kind.words) for kind in EventKind]),
        default=list,
        db_default=[],
        blank=True,
        help_text="What is told when it is done, such as change.publish.",
    )
    endpoints = models.ManyToManyField(Endpoint, blank=True, related_name="+", help_text="None chosen: every one.")
    regions = models.ManyToManyField(Region, blank=True, related_name="+", help_text="None chosen: every one.")
    checks = models.ManyToManyField(Check, blank=True, related_name="+", help_text="None chosen: every one.")
    labels = models.JSONField(default=dict, blank=True, help_text="All of which an endpoint must have.")
    channels = models.ManyToManyField(Channel, related_name="rules", help_text="Who is told.")
    wait_s = models.PositiveIntegerField(
        default=5, validators=[MaxValueValidator(3600)], help_text="What comes so soon after the first is told with it."
    )
    window_s = models.PositiveIntegerField(
        default=60, validators=[MaxValueValidator(86_400)], help_text="From one message of the rule to the next."
    )
    repeat_s = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=14_400,
        validators=[MinValueValidator(60), MaxValueValidator(WEEK_S)],
        help_text="What is not well yet is told again after so long; empty: never.",
    )
    urgent = models.BooleanField(default=False, help_text="Told in quiet hours too.")
    quiet_from = models.TimeField(null=True, blank=True, help_text="Quiet hours begin; they may pass midnight.")
    quiet_until = models.TimeField(null=True, blank=True, help_text="Quiet hours end, and what waited is told.")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Of quiet hours, such as Europe/Berlin.")
    muted_until = models.DateTimeField(null=True, blank=True, help_text="Until then nothing is told; then what waited.")
    enabled = models.BooleanField(default=True, help_text="A rule that is off watches nothing.")

    class Meta(Owned.Meta):
        verbose_name = "alert rule"
        constraints = [
            *Owned.Meta.constraints,
            models.CheckConstraint(
                condition=Q(subjects__contained_by=SubjectKind.values),
                name="alertrule_subjects_known",
                violation_error_message="Watch endpoint, check or alarm.",
            ),
            models.CheckConstraint(
                condition=Q(events__contained_by=EventKind.values),
                name="alertrule_events_known",
                violation_error_message="Watch events of changes and generations.",
            ),
            models.CheckConstraint(
                condition=Q(subjects__len__gte=1) | Q(events__len__gte=1),
                name="alertrule_watches_something",
                violation_error_message=NOTHING_WATCHED,
            ),
            models.CheckConstraint(
                condition=Q(wait_s__lte=3600),
                name="alertrule_wait_in_range",
                violation_error_message="At most an hour.",
            ),
            models.CheckConstraint(
                condition=Q(window_s__lte=86_400),
                name="alertrule_window_in_range",
                violation_error_message="At most a day.",
            ),
            models.CheckConstraint(
                condition=Q(repeat_s__isnull=True) | Q(repeat_s__gte=60, repeat_s__lte=WEEK_S),
                name="alertrule_repeat_in_range",
                violation_error_message="Between a minute and a week, or nothing.",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="alertrule_quiet_hours_whole",
                violation_error_message="Quiet hours have both a beginning and an end, or neither.",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True) | ~Q(quiet_from=F("quiet_until")),
                name="alertrule_quiet_hours_end",
                violation_error_message="Quiet hours end at another time than they begin.",
            ),
        ]

    def clean(self) -> None:
        if not self.subjects and not self.events:
            raise ValidationError({"subjects": [NOTHING_WATCHED]})
        problem = time_zone_problem(self.time_zone)
        if problem:
            raise ValidationError({"time_zone": [problem]})


class Incident(models.Model):
    """Something a rule watches that was not well, from `opened` to `closed`. Each end is told once."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="incidents")
    kind = models.CharField(max_length=8, choices=SubjectKind)
    key = models.CharField(max_length=200, help_text="Names the subject among all of its kind.")
    name = models.CharField(max_length=200, help_text="The subject as people know it.")
    endpoint_id = models.IntegerField(null=True, help_text="No foreign key: it outlives the endpoint.")
    endpoint_name = models.CharField(max_length=63, blank=True)
    family = models.PositiveSmallIntegerField(null=True, choices=Family)
    check_name = models.CharField(max_length=63, blank=True)
    assignment_id = models.BigIntegerField(
        null=True, help_text="Of that check to the endpoint, whatever it is called. No foreign key, likewise."
    )
    cause = models.CharField(max_length=200)
    opened = models.DateTimeField()
    closed = models.DateTimeField(null=True)
    recovery = models.CharField(max_length=200, blank=True, help_text="Why it is well again.")
    told_opened = models.DateTimeField(null=True, help_text="When the message was made that says so.")
    told_closed = models.DateTimeField(null=True, help_text="Likewise.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=SubjectKind.values), name="incident_kind_known"),
            models.CheckConstraint(
                condition=Q(closed__isnull=True) | Q(closed__gte=F("opened")), name="incident_closed_after_opened"
            ),
            models.UniqueConstraint(
                fields=["rule", "kind", "key"], condition=Q(closed__isnull=True), name="incident_open_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["rule"], condition=Q(closed__isnull=True) | Q(told_closed__isnull=True), name="incident_untold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} since {self.opened}"


class Voice(models.Model):
    """When a rule spoke last. The row lock keeps two workers from speaking for it at once."""

    rule = models.OneToOneField(AlertRule, on_delete=models.CASCADE, primary_key=True, related_name="voice")
    spoke = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.rule} spoke {self.spoke}"


class DeliveryState(models.TextChoices):
    PENDING = "pending", "pending"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"


class Delivery(models.Model):
    """One message to one channel: the outbox. It is pending until it was taken, or given up.

    pending ──► taken by a worker until `next_try` ──┬──► sent
       ▲                                             ├──► failed (refused for good, or tried for too long)
       └──────────── not taken: tried again ─────────┘
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    rule_name = models.CharField(max_length=63, blank=True, help_text="Empty: a test.")
    message = models.JSONField(help_text="As a webhook gets it.")
    state = models.CharField(max_length=7, choices=DeliveryState, default=DeliveryState.PENDING)
    created = models.DateTimeField()
    next_try = models.DateTimeField(null=True, help_text="Also until when a worker has it; NULL: never again.")
    attempts = models.PositiveIntegerField(default=0)
    status_code = models.PositiveSmallIntegerField(null=True, help_text="Of the last attempt, where there was one.")
    error = models.CharField(max_length=200, blank=True, help_text="Why the last attempt failed; empty: it did not.")
    finished = models.DateTimeField(null=True, help_text="When it was sent or given up.")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="pending", next_try__isnull=False, finished__isnull=True)
                | Q(state__in=["sent", "failed"], next_try__isnull=True, finished__isnull=False),
                name="delivery_pending_has_next_try",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], condition=Q(state="pending"), name="delivery_pending"),
            models.Index(fields=["created"], name="delivery_created"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} to {self.channel}: {self.state}"


class Attempt(models.Model):
    """One try to deliver. Without `ended`: it is under way, or the worker that made it is gone."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    began = models.DateTimeField()
    ended = models.DateTimeField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.delivery_id} at {self.began}: {self.error or self.status_code}"

    @property
    def took_s(self) -> float | None:
        return (self.ended - self.began).total_seconds() if self.ended else None


class Cursor(models.Model):
    """One row: the last transition that was taken in. Its row lock keeps two from taking in the same."""

    singleton = models.BooleanField(primary_key=True, default=True)
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(singleton=True), name="cursor_single_row")]

    def __str__(self) -> str:
        return str(self.sequence)

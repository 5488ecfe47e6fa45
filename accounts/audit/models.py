"""The table of the journal. Triggers of the database refuse to change or delete what stands in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast, Now

from accounts.models import Team

TRANSACTION = Cast(
    Cast(Func(function="pg_current_xact_id", output_field=models.TextField()), models.TextField()),
    models.BigIntegerField(),
)
"""The number of the present transaction."""


class Via(models.TextChoices):
    """Which door it came through."""

    API = "api", "API"
    DASHBOARD = "dashboard", "dashboard"
    COMMAND = "command", "command line"
    SYSTEM = "system", "system"


class Action(models.TextChoices):
    """What is done to objects. Other events have words of their own, such as `login` and `change.publish`."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class AuditEntry(models.Model):
    """One thing that someone did. Users and teams may go: nothing refers to them but by number, and names are kept."""

    at = models.DateTimeField(db_default=Now())
    team = models.ForeignKey(
        Team,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
        help_text="NULL: it concerns the whole installation.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    actor = models.CharField(max_length=150, help_text="Name of the user, or of what acted by itself.")
    token = models.CharField(max_length=63, blank=True, help_text="Name of the API token; empty: none.")
    address = models.GenericIPAddressField(null=True, help_text="That the request came from.")
    via = models.CharField(max_length=9, choices=Via)
    request_id = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=40)
    kind = models.CharField(max_length=40, help_text="As collections of it are called, such as `endpoints`.")
    key = models.CharField(max_length=2100, blank=True, help_text="What the object was known by.")
    before = models.JSONField(null=True, help_text="The object as it was declared; NULL: there was none.")
    after = models.JSONField(null=True, help_text="Likewise, then.")
    change = models.BigIntegerField(null=True, help_text="Number of the change that it was part of.")
    transaction = models.BigIntegerField(db_default=TRANSACTION, help_text="Number of the transaction that wrote it.")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        constraints = [
            models.CheckConstraint(condition=Q(via__in=Via.values), name="auditentry_via_known"),
            models.CheckConstraint(condition=~Q(actor=""), name="auditentry_has_actor"),
            models.CheckConstraint(condition=~Q(action="") & ~Q(kind=""), name="auditentry_says_what"),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="auditentry_of_team"),
            models.Index(fields=["team", "kind", "key", "-id"], name="auditentry_of_object"),
            models.Index(F("change"), condition=Q(change__isnull=False), name="auditentry_of_change"),
            models.Index(fields=["transaction"], name="auditentry_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.kind} {self.key}".rstrip()

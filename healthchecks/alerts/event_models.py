"""The tables of what happened, beside those of models.py, which loads them.

Happening (of a team, or of all) ── taken in, deleted ──► Notice (of each rule that watches it) ──► told once
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Team

if TYPE_CHECKING:
    from healthchecks.alerts.models import AlertRule


class HappeningColumns(models.Model):
    """What happened, when, and what is told of it."""

    event = models.CharField(max_length=40, help_text="One of alerts.events.")
    key = models.CharField(max_length=40, help_text="The number of the change or generation.")
    entry = models.JSONField(help_text="As messages have it, but for what the columns say.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.event} {self.key}"


class Happening(HappeningColumns):
    """The outbox of whoever does something: written in the transaction that does it, and gone once rules know of it."""

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, related_name="+", help_text="NULL: it concerns every team."
    )
    at = models.DateTimeField(db_default=Now())


class Notice(HappeningColumns):
    """Something that happened, which a rule tells of."""

    rule: models.ForeignKey[AlertRule] = models.ForeignKey(
        "alerts.AlertRule", on_delete=models.CASCADE, related_name="notices"
    )
    at = models.DateTimeField()
    told = models.DateTimeField(null=True, help_text="When the message was made that says so.")

    class Meta:
        indexes = [
            models.Index(fields=["rule", "id"], condition=Q(told__isnull=True), name="notice_untold"),
            models.Index(fields=["told"], name="notice_told"),
        ]

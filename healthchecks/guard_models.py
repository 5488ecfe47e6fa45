"""The tables of what guards beliefs: what operators force, how vantages are, alarms, and which pools brake.

They stand beside those of models.py, which Django loads, and which loads these.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from accounts.models import Team
from healthchecks.family import Family
from healthchecks.wellness import Condition
from regions.models import Endpoint

CONDITIONS = [condition.value for condition in Condition]


class ForcedState(models.Model):
    """What an operator has said of an endpoint: it beats checks (H6). Rows that have ended are kept as history."""

    class State(models.TextChoices):
        UP = "up"
        DOWN = "down"
        DRAIN = "drain"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="forced_states")
    state = models.CharField(max_length=5, choices=State)
    reason = models.CharField(max_length=120)
    author = models.CharField(max_length=150, help_text="The name of who said so.")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="Then it ends by itself; NULL: it does not.")
    ended = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, help_text="Empty: it ended by itself.")

    class Meta:
        ordering = ["-since", "-pk"]
        indexes = [models.Index(fields=["until"], condition=Q(ended__isnull=True), name="forcedstate_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"], condition=Q(ended__isnull=True), name="forcedstate_one_at_once"
            ),
            models.CheckConstraint(condition=Q(state__in=["up", "down", "drain"]), name="forcedstate_state_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="forcedstate_has_reason"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="forcedstate_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} is to be {self.state}"

    @property
    def words(self) -> str:
        done = "drained" if self.state == self.State.DRAIN else f"forced {self.state}"
        return f"{done} by {self.author}: {self.reason}"


class VantageHealth(models.Model):
    """How a vantage is, the worker of all regions of its name, and what it last said of itself (H3).

    A vantage without a row has never said anything, and is asked as if it were well.
    """

    name = models.CharField(max_length=63, unique=True)
    beat = models.DateTimeField(help_text="Its last heartbeat.")
    lag_ms = models.PositiveIntegerField(default=0, help_text="How late probes began at worst since the one before.")
    lag_p99_ms = models.PositiveIntegerField(
        default=0, db_default=0, help_text="99 of 100 probes since then began no later."
    )
    targets = models.PositiveIntegerField(default=0, help_text="How many it probes.")
    left_out = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Probes that it had no time for since the heartbeat before."
    )
    condition = models.CharField(max_length=10, choices=[(one, one) for one in CONDITIONS], default=Condition.WELL)
    reason = models.CharField(max_length=200, blank=True, help_text="Empty: it is well.")
    since = models.DateTimeField(help_text="Since when it is so.")

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(condition__in=CONDITIONS), name="vantagehealth_known")]

    def __str__(self) -> str:
        return f"{self.name}: {self.condition}"


class Alarm(models.Model):
    """Something about believing or publishing that people should look at. One that is over keeps its row."""

    class Kind(models.TextChoices):
        VANTAGE_NOT_WELL = "vantage_not_well", "vantage not well"
        QUORUM_LOST = "quorum_lost", "quorum lost"
        MASS_FAILURE = "mass_failure", "mass failure"
        PUBLICATION_HELD = "publication_held", "publication held"

    kind = models.CharField(max_length=16, choices=Kind)
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, related_name="+", help_text="NULL: every one's."
    )
    subject_id = models.BigIntegerField(help_text="Of the vantage's health, the check, the pool or the refusal.")
    family = models.PositiveSmallIntegerField(choices=Family, default=Family.NAME, help_text="Of a mass failure.")
    subject = models.CharField(max_length=100, help_text="In words.")
    detail = models.CharField(max_length=200)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="NULL: it is not over.")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id", "family"], condition=Q(until__isnull=True), name="alarm_one_at_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["vantage_not_well", "quorum_lost", "mass_failure", "publication_held"]),
                name="alarm_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"


class BrakedMember(models.Model):
    """A member of a pool that brakes mass failures (H7), as healthchecks sees it.

    A view, which the app of pools makes in its migrations: so nothing is stored twice, and this app knows of no pools.
    """

    id = models.BigIntegerField(primary_key=True)
    group_id = models.IntegerField(help_text="The pool.")
    group_name = models.CharField(max_length=63)
    team_id = models.BigIntegerField()
    endpoint_id = models.IntegerField()
    max_down_percent = models.PositiveSmallIntegerField()
    window_s = models.PositiveIntegerField()
    hold_s = models.PositiveIntegerField()
    holds = models.BooleanField()

    class Meta:
        managed = False
        db_table = "healthchecks_brakedmember"

    def __str__(self) -> str:
        return f"{self.endpoint_id} in {self.group_name}"

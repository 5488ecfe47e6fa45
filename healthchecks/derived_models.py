"""What checks without a probe go by: what was said and for how long it holds, and which checks others follow from.

push URL, API ──► Lease ◄── LeaseClock          Check ──► CheckInput ──► Check it follows from
                    └─► Verdict                                             └─► Verdict
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from healthchecks.state import State

MAX_REASON = 200
STATES = [state.value for state in State]
STATE_CHOICES = [(state, state.capitalize()) for state in STATES]


class Lease(models.Model):
    """What was said last under one assignment of a push or external check; `expires` is by LeaseClock.

    While a lease runs, a heartbeat is one UPDATE of its row, so what it needs stands here.
    """

    assignment = models.OneToOneField(
        "healthchecks.Assignment", on_delete=models.CASCADE, primary_key=True, related_name="lease"
    )
    token = models.CharField(
        max_length=43, unique=True, null=True, help_text="Of the push URL; NULL: the state is set over the API."
    )
    state = models.CharField(max_length=7, choices=STATE_CHOICES, default=State.UNKNOWN)
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    said = models.DateTimeField(null=True, help_text="NULL: nothing yet.")
    started = models.DateTimeField(null=True, help_text="A job began then and has not ended.")
    span_s = models.PositiveIntegerField(null=True, help_text="How long what is said holds; NULL: nothing said yet.")
    expires = models.DateTimeField(null=True, help_text="NULL: what was said holds until something else is.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="lease_state_known"),
            models.CheckConstraint(
                condition=Q(expires__isnull=True) | Q(said__isnull=False, span_s__isnull=False),
                name="lease_expires_once_said",
            ),
        ]
        indexes = [models.Index("expires", name="lease_due", condition=Q(expires__isnull=False))]

    def __str__(self) -> str:
        return f"{self.assignment}: {self.state} until {self.expires}"


class LeaseClock(models.Model):
    """One row: the last moment, by the clock of the database, at which it is known that what is said could be heard."""

    singleton = models.BooleanField(primary_key=True, default=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(singleton=True), name="leaseclock_single_row")]

    def __str__(self) -> str:
        return str(self.at)


class CheckInput(models.Model):
    """A check that a calculated one follows from. `reference` is how its expression calls it, whatever it is called."""

    calculated = models.ForeignKey("healthchecks.Check", on_delete=models.CASCADE, related_name="inputs")
    reference = models.CharField(max_length=127)
    input = models.ForeignKey("healthchecks.Check", on_delete=models.PROTECT, related_name="dependents")
    endpoint = models.ForeignKey(
        "regions.Endpoint",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="NULL: the endpoint that is judged.",
    )

    class Meta:
        verbose_name = "calculated check"
        constraints = [
            models.UniqueConstraint(fields=["calculated", "reference"], name="checkinput_once"),
            models.CheckConstraint(condition=~Q(calculated=models.F("input")), name="checkinput_not_itself"),
        ]

    def __str__(self) -> str:
        return str(self.calculated)

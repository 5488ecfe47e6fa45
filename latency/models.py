"""What was learned of how far regions are from clients: by which model, in which turns, to which state and maps."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import NAME_PATTERN
from latency.calibration import BINS
from latency.capacity.models import CapacityPlan, FairnessReport, RegionDemand

__all__ = ["CapacityPlan", "FairnessReport", "LatencyCheckpoint", "LatencyMap", "LatencyTurn", "RegionDemand"]


class LatencyModel(models.Model):
    """A version of the parameters that learning goes by (latency.parameters). It never changes."""

    name = models.CharField(max_length=63, unique=True, help_text="Lower-case letters, digits and hyphens.")
    parameters = models.JSONField(help_text="All of them: what a later release would choose does not matter.")
    note = models.CharField(max_length=200, blank=True, help_text="What it is meant to make better.")
    created = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Null: the release, or someone who is gone.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(name__regex=NAME_PATTERN),
                name="latencymodel_name_valid",
                violation_error_message="Use lower-case letters, digits and hyphens, at most 63.",
                violation_error_code="name",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LatencyDecision(models.Model):
    """Whether a model version may replace the one in service, with the numbers (latency.gate). Not `made`: it waits."""

    candidate = models.ForeignKey(LatencyModel, on_delete=models.PROTECT, related_name="decisions")
    asked = models.DateTimeField()
    incumbent = models.ForeignKey(LatencyModel, on_delete=models.PROTECT, null=True, related_name="+")
    made = models.DateTimeField(null=True)
    passed = models.BooleanField(null=True)
    numbers = models.JSONField(default=dict, help_text="latency.gate.Verdict: what was compared, and what was found.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(made=None, passed=None, incumbent=None)
                | Q(made__isnull=False, passed__isnull=False, incumbent__isnull=False),
                name="latencydecision_made_or_waiting",
            ),
            models.UniqueConstraint(
                fields=["candidate"], condition=Q(made=None), name="latencydecision_waits_once_per_candidate"
            ),
            models.UniqueConstraint(  # what latencypromotion_by_passed_decision refers to
                fields=["id", "candidate", "passed"], name="latencydecision_of_candidate"
            ),
        ]

    def __str__(self) -> str:
        return f"decision {self.pk} on {self.candidate}"


class LatencyPromotion(models.Model):
    """A model version in service, from `made` on. The first one came with the release; all others have a reason.

    first ── decision that passed ──► next ── decision that passed ──► next ── returns_to ──► first
    """

    number = models.BigIntegerField(primary_key=True)
    model = models.ForeignKey(LatencyModel, on_delete=models.PROTECT, related_name="promotions")
    decision = models.ForeignKey(LatencyDecision, on_delete=models.PROTECT, null=True, related_name="+")
    is_passed = models.BooleanField(default=True, help_text="Of the decision: always true.")
    returns_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    made = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    until = models.DateTimeField(null=True, help_text="Null: it is in service.")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_passed"], condition=Q(until=None), name="latencypromotion_one_in_service"
            ),
            models.CheckConstraint(condition=Q(is_passed=True), name="latencypromotion_passed"),
            models.CheckConstraint(
                condition=Q(number=1, decision=None, returns_to=None)
                | Q(number__gt=1, decision__isnull=False, returns_to=None)
                | Q(number__gt=1, decision=None, returns_to__isnull=False),
                name="latencypromotion_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("made")), name="latencypromotion_ends_later"
            ),
            models.UniqueConstraint(  # what latencypromotion_returns_to_its_model refers to
                fields=["number", "model"], name="latencypromotion_of_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.made}"


class LatencyTurn(models.Model):
    """What one turn of learning took in (latency.intake): a state and the turns after it make any later state."""

    number = models.BigIntegerField(primary_key=True)
    made = models.DateTimeField()
    full = models.BooleanField(help_text="Everything was looked at anew; a checkpoint and a full map came of it.")
    intake = models.BinaryField()
    model = models.ForeignKey(
        LatencyModel,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The version that it was made under; null: what the release before versions had.",
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(number__gte=1), name="latencyturn_number_positive")]
        indexes = [models.Index(fields=["made"], name="latencyturn_made")]

    def __str__(self) -> str:
        return f"turn {self.number}"


class LatencyCheckpoint(models.Model):
    """All that was learned (latency.learner) until after a turn."""

    turn = models.OneToOneField(LatencyTurn, on_delete=models.CASCADE, primary_key=True, related_name="checkpoint")
    state = models.BinaryField()

    def __str__(self) -> str:
        return f"state after {self.turn}"


class LatencyMap(models.Model):
    """What edges are told of a turn, to the octet (latency.table)."""

    sequence = models.BigIntegerField(primary_key=True, help_text="Number of the turn.")
    base = models.BigIntegerField(help_text="The map that this one changes; 0: it says everything.")
    content = models.BinaryField()
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(base__gte=0, base__lt=F("sequence")), name="latencymap_base_below"),
        ]

    def __str__(self) -> str:
        return f"map {self.sequence}"


class LatencyCalibration(models.Model):
    """Predictions against what was measured then, within one bucket: the Sums of a Cell of latency.calibration."""

    pk = models.CompositePrimaryKey("bucket", "region_id", "country", "bin")
    bucket = models.DateTimeField(help_text="Start of ten minutes.")
    region_id = models.BigIntegerField(help_text="A plain number: what was compared outlives its region.")
    country = models.CharField(max_length=2, blank=True, help_text="Of the client; empty: unknown.")
    bin = models.PositiveSmallIntegerField(help_text="Of the prediction, eight an octave from 1 ms on.")
    count = models.BigIntegerField()
    predicted_log = models.BigIntegerField()
    ratio_log = models.BigIntegerField()
    ratio_log_absolute = models.BigIntegerField()
    ratio_log_square = models.BigIntegerField()
    error_us = models.BigIntegerField()
    newest = models.DateTimeField(help_text="The last turn that compared something.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(count__gte=1), name="latencycalibration_of_something"),
            models.CheckConstraint(condition=Q(bin__lt=BINS), name="latencycalibration_bin_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.count} compared at {self.bucket}"


class LatencyCoverage(models.Model):
    """What the newest full map rests on, by country of the client and region: latency.coverage.Covered."""

    pk = models.CompositePrimaryKey("country", "region_id")
    country = models.CharField(max_length=2, blank=True, help_text="Of the clients; empty: unknown.")
    region_id = models.BigIntegerField()
    clients = models.IntegerField()
    served = models.IntegerField()
    own = models.IntegerField()
    network = models.IntegerField()
    of_country = models.IntegerField()
    samples = models.FloatField()

    class Meta:
        verbose_name_plural = "latency coverage"
        constraints = [
            models.CheckConstraint(
                condition=Q(served__lte=F("clients"), clients__gte=F("own") + F("network") + F("of_country")),
                name="latencycoverage_within_clients",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.own} of {self.clients} clients in {self.country or 'no country'}"


class LatencyParity(models.Model):
    """A comparison of maps that edges were given with what the same turns give once more (latency.parity)."""

    checked = models.DateTimeField()
    since_turn = models.BigIntegerField(help_text="The checkpoint that was gone on from.")
    until_turn = models.BigIntegerField(help_text="The last turn: that of a full map.")
    maps = models.IntegerField(help_text="How many were compared, to the octet.")
    octets = models.BigIntegerField()
    mismatches = models.IntegerField(help_text="How many of the maps were others.")
    first_mismatch = models.BigIntegerField(null=True, help_text="Sequence of the first of them.")

    class Meta:
        verbose_name_plural = "latency parity"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(mismatches=0, first_mismatch=None) | Q(mismatches__gte=1, first_mismatch__isnull=False),
                name="latencyparity_names_a_mismatch",
            ),
            models.CheckConstraint(condition=Q(maps__gte=F("mismatches")), name="latencyparity_of_maps"),
        ]

    def __str__(self) -> str:
        return f"{self.mismatches} of {self.maps} maps differ until turn {self.until_turn}"

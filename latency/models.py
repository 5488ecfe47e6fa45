"""What was learned of how far regions are from clients: by which turns, to which state, and as which maps."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from latency.calibration import BINS


class LatencyTurn(models.Model):
    """What one turn of learning took in (latency.intake): a state and the turns after it make any later state."""

    number = models.BigIntegerField(primary_key=True)
    made = models.DateTimeField()
    full = models.BooleanField(help_text="Everything was looked at anew; a checkpoint and a full map came of it.")
    intake = models.BinaryField()

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
    """Predictions against what was measured then, within one bucket: sums of latency.calibration, for each cell of it."""

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

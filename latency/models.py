"""What was learned of how far regions are from clients: by which turns, to which state, and as which maps."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from latency.capacity.models import CapacityPlan, FairnessReport, RegionDemand

__all__ = ["CapacityPlan", "FairnessReport", "LatencyCheckpoint", "LatencyMap", "LatencyTurn", "RegionDemand"]


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

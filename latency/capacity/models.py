"""Plans of who is served elsewhere so that no region has more to do than it can."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from latency.capacity.report import Status

STATUSES = [status.value for status in Status]


class CapacityPlan(models.Model):
    """One plan: what a turn of learning takes in of it, and the numbers that led to it."""

    made = models.DateTimeField(unique=True)
    status = models.CharField(max_length=12, choices=[(status, status.replace("_", " ")) for status in STATUSES])
    is_held_back = models.BooleanField(help_text="More would have moved if more might at once.")
    demand_per_s = models.FloatField(help_text="Queries a second of all clients, whether a plan can move them or not.")
    movable_per_s = models.FloatField(help_text="Of these, of clients that follow plans.")
    moved = models.FloatField(help_text="Share of the movable that is served elsewhere than by the plan before.")
    away = models.FloatField(help_text="Share of the movable that is served elsewhere than where it prefers to be.")
    rtt_before_ms = models.FloatField(help_text="Mean predicted round trip if everyone were served where they prefer.")
    rtt_after_ms = models.FloatField(help_text="The same by this plan.")
    objective_ms = models.FloatField(help_text="What the solver made least, per query that can be moved.")
    solved_ms = models.FloatField(help_text="How long the solver took.")
    regions = models.JSONField(help_text="latency.capacity.report.RegionReport, one for each region.")
    losses = models.JSONField(help_text="latency.capacity.report.LossReport, one for each region that can be lost.")
    losses_made = models.DateTimeField(null=True, help_text="When `losses` were looked at; less often than plans.")
    moves = models.BinaryField(help_text="latency.capacity.moves.Moves.")
    learned = models.BinaryField(help_text="latency.capacity.learned.Learned: what is known of who follows plans.")

    class Meta:
        ordering = ["-made"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="capacityplan_status_known"),
            models.CheckConstraint(
                condition=Q(moved__gte=0, moved__lte=1, away__gte=0, away__lte=1), name="capacityplan_shares_in_range"
            ),
            models.CheckConstraint(
                condition=Q(movable_per_s__gte=0, movable_per_s__lte=F("demand_per_s")),
                name="capacityplan_movable_within_demand",
            ),
        ]

    def __str__(self) -> str:
        return f"plan of {self.made:%Y-%m-%d %H:%M:%S}"


class FairnessReport(models.Model):
    """How far away clients were served (latency.fairness.Comparison, a row each)."""

    made = models.DateTimeField(unique=True)
    countries = models.JSONField()
    network_sizes = models.JSONField()

    def __str__(self) -> str:
        return f"report of {self.made:%Y-%m-%d %H:%M:%S}"


class RegionDemand(models.Model):
    """What a region was asked for by those who prefer it, wherever they were served: forecasts go on from it."""

    pk = models.CompositePrimaryKey("step", "region_id")
    step = models.DateTimeField(help_text="Start of a step of latency.capacity.forecast.")
    region_id = models.IntegerField(help_text="A plain number: demand outlives the region.")
    per_s = models.FloatField(help_text="Queries a second, by the last plan within the step.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(per_s__gte=0), name="regiondemand_per_s_not_negative")]

    def __str__(self) -> str:
        return f"{self.per_s} in {self.region_id} at {self.step}"

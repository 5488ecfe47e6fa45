"""What probes saw of one family of an endpoint, under one check, from one vantage.

Both tables are partitioned by time: what is too old goes with its partition (partitions.py). No foreign keys: thirty
thousand rows come each minute, and history outlives what it is about by its retention.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Outcomes(models.Model):
    """Counts of probes, and the round trips of those that succeeded as a sketch: buckets, rising, and their counts."""

    assignment_id = models.BigIntegerField()
    vantage_id = models.IntegerField()
    family = models.SmallIntegerField()
    probes = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
    buckets = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.IntegerField())

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(probes__gte=1, failures__lte=F("probes")), name="%(class)s_failures_within_probes"
            ),
            models.CheckConstraint(condition=Q(buckets__len=F("counts__len")), name="%(class)s_each_bucket_counted"),
        ]


class MinuteOutcomes(Outcomes):
    """What one process counted in one minute. `writer` names the process, so that storing twice counts once."""

    pk = models.CompositePrimaryKey("assignment_id", "vantage_id", "family", "minute", "writer")
    minute = models.DateTimeField(help_text="When it began.")
    writer = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.assignment_id} at {self.minute}: {self.failures} of {self.probes} failed"


class HourOutcomes(Outcomes):
    """What all processes counted in one hour."""

    pk = models.CompositePrimaryKey("assignment_id", "vantage_id", "family", "hour")
    hour = models.DateTimeField(help_text="When it began.")

    def __str__(self) -> str:
        return f"{self.assignment_id} at {self.hour}: {self.failures} of {self.probes} failed"


class Rollup(models.Model):
    """One row: up to when minutes have been added up to hours. Its row lock keeps two from doing it at once."""

    singleton = models.BooleanField(primary_key=True, default=True)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(singleton=True), name="rollup_single_row")]

    def __str__(self) -> str:
        return f"until {self.until}"

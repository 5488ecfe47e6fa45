"""What edges report: who asked, what they were answered, and how each node is."""

from __future__ import annotations

from django.db import models

from regions.models import EdgeNode


class QueryCount(models.Model):
    """Answers given by one node within one bucket. Ids are plain numbers: counts outlive what they count."""

    bucket = models.DateTimeField(help_text="Start of the bucket (telemetry.buckets).")
    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="+")
    policy_id = models.IntegerField(help_text="0: static data.")
    endpoint_id = models.IntegerField(help_text="First endpoint of the answer; 0: none.")
    country = models.CharField(max_length=2, blank=True, help_text="Of the client; empty: unknown.")
    rcode = models.PositiveSmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "node", "policy_id", "endpoint_id", "country", "rcode"], name="querycount_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} at {self.bucket}"


class NetworkCount(models.Model):
    """Steered answers to the clients of one network, given by one node within one bucket of networks."""

    bucket = models.DateTimeField(help_text="Start of the bucket (telemetry.buckets).")
    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="+")
    policy_id = models.IntegerField()
    network = models.BigIntegerField(help_text="Number of the autonomous system; 0: too many to count each.")
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bucket", "node", "policy_id", "network"], name="networkcount_once"),
        ]

    def __str__(self) -> str:
        return f"{self.count} to AS{self.network} at {self.bucket}"


class NodeReport(models.Model):
    """The last report of a node. (boot_id, sequence) makes counting a report twice impossible."""

    node = models.OneToOneField(EdgeNode, on_delete=models.CASCADE, related_name="report")
    boot_id = models.UUIDField(help_text="New each time the edge starts.")
    sequence = models.BigIntegerField(help_text="Rises with each report of a boot.")
    generation = models.BigIntegerField()
    health_sequence = models.BigIntegerField()
    version = models.CharField(max_length=40)
    queries = models.BigIntegerField(help_text="Received since the edge started.")
    reported = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.node} at generation {self.generation}"

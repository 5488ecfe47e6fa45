"""What edges report (who asked, what they were answered, how each node is) and what users measured."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from regions.models import EdgeNode
from telemetry.report import MAX_FEED
from telemetry.rum.clients import network_of
from telemetry.rum.sketch import MOST_IN_WORDS


class QueryCount(models.Model):
    """Answers given by one node within one bucket. Ids are plain numbers: counts outlive what they count."""

    bucket = models.DateTimeField(help_text="Start of the bucket (telemetry.buckets).")
    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="+")
    policy_id = models.IntegerField(help_text="0: static data.")
    endpoint_id = models.IntegerField(help_text="First endpoint of the answer; 0: none.")
    country = models.CharField(max_length=2, blank=True, help_text="Of the client; empty: unknown.")
    rcode = models.PositiveSmallIntegerField()
    count = models.BigIntegerField()
    explored = models.BigIntegerField(
        default=0, db_default=0, help_text="Of these: given to learn about the endpoint, though another one was best."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "node", "policy_id", "endpoint_id", "country", "rcode"], name="querycount_once"
            ),
            models.CheckConstraint(
                condition=Q(explored__gte=0, explored__lte=F("count")), name="querycount_explored_within_count"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} at {self.bucket}"


class LongCount(models.Model):
    """The same in longer buckets and without what no chart of a day tells apart: kept longer than each bucket is."""

    bucket = models.DateTimeField(help_text="Start of the bucket (telemetry.buckets).")
    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="+")
    policy_id = models.IntegerField(help_text="0: static data.")
    endpoint_id = models.IntegerField(help_text="First endpoint of the answer; 0: none.")
    country = models.CharField(max_length=2, blank=True, help_text="Of the client; empty: unknown.")
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "node", "policy_id", "endpoint_id", "country"], name="longcount_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} at {self.bucket}"


class AnswerTime(models.Model):
    """How many answers of one node within one bucket took at most so long, but longer than the next lower bound."""

    bucket = models.DateTimeField(help_text="Start of the bucket (telemetry.buckets).")
    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="+")
    bound_ns = models.BigIntegerField(help_text="0: beyond every bound.")
    count = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "node", "bound_ns"], name="answertime_once")]

    def __str__(self) -> str:
        return f"{self.count} within {self.bound_ns} ns at {self.bucket}"


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


class ShadowCount(models.Model):
    """Answers that the shadow of a policy was tried on, by one node within one bucket of shadows."""

    bucket = models.DateTimeField(help_text="Start of the bucket (telemetry.buckets).")
    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="+")
    shadow_id = models.IntegerField()
    country = models.CharField(max_length=2, blank=True, help_text="Of the client; empty: unknown.")
    endpoint_id = models.IntegerField(help_text="First endpoint of the answer; 0: none.")
    shadow_endpoint_id = models.IntegerField(help_text="First that the shadow would have answered; 0: none.")
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "node", "shadow_id", "country", "endpoint_id", "shadow_endpoint_id"],
                name="shadowcount_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} at {self.bucket}"


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
    uptime_s = models.FloatField(null=True, help_text="NULL: the edge is of a release that does not say it.")
    health_age_s = models.FloatField(null=True, help_text="Since its feed last said anything; NULL: not said.")
    feed = models.CharField(
        max_length=MAX_FEED, default="", db_default="", blank=True, help_text="That it follows; empty: not said."
    )
    relays = models.PositiveSmallIntegerField(null=True, help_text="Between it and a web process; NULL: not said.")

    def __str__(self) -> str:
        return f"{self.node} at generation {self.generation}"


class NodeStanding(models.Model):
    """What a node last said of whom it trusts, what it refused and what orders have switched off there."""

    node = models.OneToOneField(EdgeNode, on_delete=models.CASCADE, related_name="standing")
    latency_sequence = models.BigIntegerField(help_text="Of the latency map that it uses.")
    trust_version = models.BigIntegerField(help_text="Of the statement of trust that it follows; 0: none.")
    refusals = models.JSONField(help_text="Counts by reason since the edge started (edge.trust.refusal.Reason).")
    last_refusal = models.TextField(blank=True)
    orders = models.JSONField(help_text="Targets of break-glass orders that are off, such as 'endpoint fra-1'.")
    switched_off = models.JSONField(help_text="Ids of the endpoints that these orders are about.")

    def __str__(self) -> str:
        return f"{self.node} trusting {self.trust_version}"


class BeaconWindow(models.Model):
    """Round trips from one client prefix to one endpoint, measured within one window: a telemetry.rum.sketch.Sketch."""

    pk = models.CompositePrimaryKey("start", "prefix", "endpoint_id")
    start = models.DateTimeField(help_text="Of the window: a bucket of telemetry.buckets.")
    prefix = models.GenericIPAddressField(help_text="First address of a /24 or /48.")
    endpoint_id = models.IntegerField(help_text="A plain number: measurements outlive what they measured.")
    count = models.IntegerField()
    log_sum = models.BigIntegerField()
    log_square_sum = models.BigIntegerField()
    bins_1 = models.BigIntegerField(help_text="Counts of the first eight bins, an octet each.")
    bins_2 = models.BigIntegerField()
    bins_3 = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(  # no bin grows into the next
                condition=Q(count__gte=1, count__lte=MOST_IN_WORDS), name="beaconwindow_count_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} from {network_of(self.prefix)} at {self.start}"


class CountedBeacon(models.Model):
    """A beacon that is counted: it is remembered for as long as a copy of it could be believed."""

    pk = models.CompositePrimaryKey("seen", "identity")
    seen = models.DateTimeField(help_text="A moment that copies have as well; the row is of no use some time after.")
    identity = models.BigIntegerField(help_text="Digest of what names it (telemetry.rum.judging).")

    def __str__(self) -> str:
        return f"{self.identity:x}"


class UnlearnedBeacons(models.Model):
    """What a batch has added to windows (telemetry.rum.gains). Who learns from it deletes it with that."""

    added = models.DateTimeField()
    gains = models.BinaryField()

    class Meta:
        verbose_name_plural = "unlearned beacons"

    def __str__(self) -> str:
        return f"gains of {self.added}"


class RefusedBeacons(models.Model):
    """Beacons that came within one bucket and did not count, by the reason."""

    bucket = models.DateTimeField(help_text="Start of the bucket (telemetry.buckets).")
    reason = models.CharField(max_length=20, help_text="telemetry.rum.judging.Reason.")
    count = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "refused beacons"
        constraints = [models.UniqueConstraint(fields=["bucket", "reason"], name="refusedbeacons_once")]

    def __str__(self) -> str:
        return f"{self.count} {self.reason} at {self.bucket}"

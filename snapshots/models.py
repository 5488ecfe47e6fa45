"""Published snapshots: numbered manifests over content-addressed chunks."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from zones.models import Zone


class ChunkKind(models.TextChoices):
    ZONE = "zone"
    ZONES = "zones", "Zone list"
    POLICIES = "policies"
    GEO = "geo"


class Chunk(models.Model):
    """Immutable bytes under their own SHA-256, shared by every generation that names them."""

    digest = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=8, choices=ChunkKind)
    content = models.BinaryField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="chunk_digest_valid"),
            models.CheckConstraint(condition=Q(kind__in=ChunkKind.values), name="chunk_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"


class Snapshot(models.Model):
    """One generation. `manifest` is the exact text edges verify; `changes` says what it changed, for people."""

    generation = models.BigIntegerField(primary_key=True)
    manifest = models.TextField()
    changes = models.JSONField(help_text="Sentences such as 'zone demo.test. serial 7'.")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-generation"]
        constraints = [models.CheckConstraint(condition=Q(generation__gte=1), name="snapshot_generation_positive")]

    def __str__(self) -> str:
        return f"generation {self.generation}"


class CompiledZone(models.Model):
    """Which chunk a zone's serial was compiled to: only zones whose serial has risen since are compiled again."""

    zone = models.OneToOneField(Zone, on_delete=models.CASCADE, related_name="compiled")
    serial = models.BigIntegerField()
    chunk = models.ForeignKey(Chunk, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.zone} serial {self.serial}"


class Refusal(models.Model):
    """A declared part that edges do not get because it cannot be served (P3); they keep its last good form, if any.

    Gone as soon as the part is good again. `candidate` is the fingerprint of the contents that were tried, so that the
    same ones are not tried again.
    """

    part = models.CharField(max_length=300, unique=True, help_text="Such as 'zone demo.test.' or 'policies'.")
    reason = models.TextField()
    candidate = models.CharField(max_length=64)
    since = models.DateTimeField()

    class Meta:
        ordering = ["part"]

    def __str__(self) -> str:
        return f"{self.part}: {self.reason}"


class FlattenedName(models.Model):
    """The addresses of a name outside our zones, looked up for ALIAS and for host names at an apex (S13)."""

    name = models.CharField(max_length=254, unique=True)
    ipv4 = ArrayField(models.GenericIPAddressField(protocol="IPv4"), default=list)
    ipv6 = ArrayField(models.GenericIPAddressField(protocol="IPv6"), default=list)
    ttl_s = models.PositiveIntegerField(default=60)
    resolved = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

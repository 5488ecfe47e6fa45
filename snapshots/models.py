"""Published snapshots: numbered manifests over content-addressed chunks."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from edge.trust.statements import Purpose
from regions.models import EdgeNode
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


class Installation(models.Model):
    """One row: which installation this is. Whatever is signed names it, so that nothing passes for another's."""

    singleton = models.BooleanField(primary_key=True, default=True)
    uuid = models.UUIDField(default=uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(singleton=True), name="installation_single_row")]

    def __str__(self) -> str:
        return str(self.uuid)


class SigningKey(models.Model):
    """The public half of a key that edges trust. The private one is in a file of who publishes (snapshots.key_files).

    announced ── overlap ──► signs ── a newer one signs ──► still trusted ── retire ──► retired
    """

    fingerprint = models.CharField(max_length=64, primary_key=True)
    public = models.CharField(max_length=44, help_text="32 octets in base64.")
    purpose = models.CharField(max_length=11, choices=[(purpose.value, purpose.value) for purpose in Purpose])
    created = models.DateTimeField()
    signs_from = models.DateTimeField(null=True, help_text="Manifests; null: orders alone.")
    retired = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created", "fingerprint"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fingerprint__regex=r"^[0-9a-f]{64}$"), name="signingkey_fingerprint_valid"
            ),
            models.CheckConstraint(
                condition=Q(purpose=Purpose.PUBLISH.value, signs_from__isnull=False)
                | Q(purpose=Purpose.BREAK_GLASS.value, signs_from__isnull=True),
                name="signingkey_publishers_sign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} key {self.fingerprint[:12]}"


class TrustStatement(models.Model):
    """Which keys edges trust from here on, signed by keys of the statement before (edge.trust.statements)."""

    version = models.BigIntegerField(primary_key=True)
    document = models.TextField(help_text="To the octet as it is signed.")
    signatures = models.JSONField(help_text="In base64, by the fingerprints of their keys.")
    created = models.DateTimeField()

    class Meta:
        ordering = ["version"]
        constraints = [models.CheckConstraint(condition=Q(version__gte=1), name="truststatement_version_positive")]

    def __str__(self) -> str:
        return f"statement of trust {self.version}"


class Enrolment(models.Model):
    """A node that is about to be enrolled. Its token is shown once and used once; only the SHA-256 is kept."""

    node = models.OneToOneField(EdgeNode, on_delete=models.CASCADE, related_name="enrolment")
    digest = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return f"enrolment of {self.node}"


class Snapshot(models.Model):
    """One generation. `manifest` is the exact text edges verify; `changes` says what it changed, for people."""

    generation = models.BigIntegerField(primary_key=True)
    manifest = models.TextField()
    signature = models.TextField(
        default="", db_default="", help_text="As the feed's header has it (edge.trust.manifests); empty: not signed."
    )
    changes = models.JSONField(help_text="Sentences such as 'zone demo.test. serial 7'.")
    created = models.DateTimeField(auto_now_add=True)
    fetched_octets = models.BigIntegerField(
        null=True, help_text="What an edge has to fetch that has the generation before; NULL: not noted then."
    )
    horizon = models.TextField(
        default="", db_default="", help_text="What it has seen of the journal (accounts.audit.horizon); empty: unknown."
    )

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
    held = models.CharField(
        max_length=64, blank=True, db_default="", help_text="What the brake holds (P4); empty: it cannot be served."
    )
    since = models.DateTimeField()

    class Meta:
        ordering = ["part"]

    def __str__(self) -> str:
        return f"{self.part}: {self.reason}"

    @property
    def is_held(self) -> bool:
        """By the brake: it can be released with a reason (P4)."""
        return bool(self.held)


class BrakeRelease(models.Model):
    """Someone's word that what the brake held is meant (P4). Never deleted."""

    part = models.CharField(max_length=300, help_text="As the refusal's.")
    key = models.CharField(max_length=64, help_text="As `held` of the refusal: no other change is released.")
    reason = models.CharField(max_length=500)
    author = models.CharField(max_length=150, help_text="Name of the user: it outlives the account.")
    at = models.DateTimeField()
    generation = models.BigIntegerField(null=True, help_text="That it was published with; NULL: not yet.")

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["part", "key"], condition=Q(generation=None), name="brakerelease_once_a_change"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="brakerelease_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.part} released by {self.author}: {self.reason}"


class FlattenedName(models.Model):
    """The addresses of a name outside our zones, looked up for ALIAS and for host names at an apex (S13)."""

    name = models.CharField(max_length=254, unique=True)
    ipv4 = ArrayField(models.GenericIPAddressField(protocol="IPv4"), default=list)
    ipv6 = ArrayField(models.GenericIPAddressField(protocol="IPv6"), default=list)
    ttl_s = models.PositiveIntegerField(default=60)
    resolved = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

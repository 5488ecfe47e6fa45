"""Zones and their record sets, with the rules of the DNS held by the database."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Collate

from accounts.models import Team
from zones import grant_models  # noqa: F401 - Django looks for tables here

ORIGIN_PATTERN = r"^(\.|([^.[:space:][:upper:]]{1,63}\.)+)$"
RELATIVE_NAME_PATTERN = r"^(@|[^[:space:][:upper:]]*[^.[:space:][:upper:]])$"
MAX_TTL_S = 2**31 - 1  # RFC 2181 section 8
MAX_SERIAL = 2**32 - 1  # RFC 1982
UNDONE = "Undone: "
"""What the summary of an edit that took back another begins with."""


class Zone(models.Model):
    """A zone we are authoritative for. `serial` rises with every change of what the zone answers (zones.services)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="zones")
    origin = models.CharField(max_length=254, unique=True, help_text="Lower case, with its final dot.")
    serial = models.BigIntegerField(default=1, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["origin"]
        constraints = [
            models.CheckConstraint(
                condition=Q(origin__regex=ORIGIN_PATTERN),
                name="zone_origin_valid",
                violation_error_message="An origin is a lower-case domain name with its final dot.",
            ),
            models.CheckConstraint(condition=Q(serial__gte=1, serial__lte=MAX_SERIAL), name="zone_serial_in_range"),
        ]

    def __str__(self) -> str:
        return self.origin


class RecordSet(models.Model):
    """All records of one name and type.

    `rdatas` is what people read, `wire` the same records in uncompressed wire format: compiling a snapshot copies
    bytes and parses nothing. A steered record set has no records of its own: a policy is bound to it
    (steering.Binding). The SOA record is written anew with each serial, so that it always says the zone's own.
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="record_sets")
    name = models.CharField(max_length=254, help_text="Relative to the origin, lower case; @ is the apex.")
    type = models.CharField(max_length=10, help_text="A mnemonic, or TYPE and a number (RFC 3597).")
    ttl_s = models.PositiveIntegerField("TTL", validators=[MaxValueValidator(MAX_TTL_S)])
    rdatas = ArrayField(models.TextField(), default=list)
    wire = ArrayField(models.BinaryField(), default=list, editable=False)
    steered = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["name", "type"]
        # What search asks: names that begin so, in their order by octets, and names that contain it.
        indexes = [
            models.Index(Collate("name", "C"), "zone", name="recordset_name_begins"),
            GinIndex(fields=["name"], name="recordset_name_contains", opclasses=["gin_trgm_ops"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "name", "type"],
                name="recordset_once",
                violation_error_message="There is a record set of this name and type already.",
            ),
            ExclusionConstraint(
                name="recordset_cname_alone",
                expressions=[
                    ("zone", RangeOperators.EQUAL),
                    ("name", RangeOperators.EQUAL),
                    (
                        Case(When(type="CNAME", then=Value(1)), default=Value(0), output_field=IntegerField()),
                        RangeOperators.NOT_EQUAL,
                    ),
                ],
                violation_error_message="A CNAME stands alone at its name (RFC 2181 section 10.1).",
            ),
            models.CheckConstraint(
                condition=Q(name__regex=RELATIVE_NAME_PATTERN),
                name="recordset_name_valid",
                violation_error_message="A name is relative to the origin, lower case, or @ for the apex.",
            ),
            models.CheckConstraint(
                condition=~Q(type="SOA") | Q(name="@"),
                name="recordset_soa_at_apex",
                violation_error_message="A SOA record stands at the apex.",
            ),
            models.CheckConstraint(
                condition=~Q(type="SOA") | Q(rdatas__len=1),
                name="recordset_soa_single",
                violation_error_message="A zone has one SOA record.",
            ),
            models.CheckConstraint(
                condition=~Q(type="CNAME") | Q(rdatas__len=1),
                name="recordset_cname_single",
                violation_error_message="A CNAME has one target.",
            ),
            models.CheckConstraint(
                condition=~Q(type="CNAME", name="@"),
                name="recordset_no_cname_at_apex",
                violation_error_message="A CNAME cannot stand at the apex: use ALIAS.",
            ),
            models.CheckConstraint(condition=Q(ttl_s__lte=MAX_TTL_S), name="recordset_ttl_in_range"),
            models.CheckConstraint(
                condition=Q(steered=False, rdatas__len__gte=1) | Q(steered=True, rdatas__len=0, type__in=["A", "AAAA"]),
                name="recordset_steered_or_static",
            ),
            models.CheckConstraint(condition=Q(rdatas__len=models.F("wire__len")), name="recordset_wire_complete"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


class ZoneEdit(models.Model):
    """What someone did to a zone, so that they can take it back (zones.edits). Only the newest of a zone are kept.

    `before` and `after` hold the record sets that differ, each as [name, type, TTL in seconds, [records]].
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="edits")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    summary = models.CharField(max_length=400)
    before = models.JSONField(default=list)
    after = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["zone", "person", "-id"], name="zoneedit_of_person")]

    def __str__(self) -> str:
        return self.summary

    @property
    def is_undoing(self) -> bool:
        """Whether taking it back does again what was undone."""
        return self.summary.startswith(UNDONE)


class ImportDraft(models.Model):
    """A zone file that someone looks at before it becomes a zone (zones.imports). Kept for an hour.

    `serial` is the zone's when the difference was shown; a draft for a zone that is new has neither.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, null=True, related_name="import_drafts")
    origin = models.CharField(max_length=254)
    serial = models.BigIntegerField(null=True)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(zone__isnull=True, serial__isnull=True) | Q(zone__isnull=False, serial__isnull=False),
                name="importdraft_serial_of_its_zone",
            )
        ]

    def __str__(self) -> str:
        return self.origin

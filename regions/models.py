"""Where things are: regions with endpoints, sites with edge nodes."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.lookups import Exact

from accounts.models import Owned

HOSTNAME_PATTERN = r"^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+$"
"""An absolute, lower-case host name in presentation format."""


def latitude_field() -> models.FloatField[float, float]:
    return models.FloatField(validators=[MinValueValidator(-90), MaxValueValidator(90)], help_text="Degrees north.")


def longitude_field() -> models.FloatField[float, float]:
    return models.FloatField(validators=[MinValueValidator(-180), MaxValueValidator(180)], help_text="Degrees east.")


def coordinate_constraints() -> list[models.BaseConstraint]:
    return [
        models.CheckConstraint(
            condition=Q(latitude__gte=-90, latitude__lte=90),
            name="%(class)s_latitude_in_range",
            violation_error_message="Latitude is between -90 and 90.",
        ),
        models.CheckConstraint(
            condition=Q(longitude__gte=-180, longitude__lte=180),
            name="%(class)s_longitude_in_range",
            violation_error_message="Longitude is between -180 and 180.",
        ),
    ]


def metadata_constraints() -> list[models.BaseConstraint]:
    """Bounds of steering metadata wherever it may be said; NULL means "not said here"."""
    return [
        models.CheckConstraint(
            condition=Q(bias__gte=-99, bias__lte=99),
            name="%(class)s_bias_in_range",
            violation_error_message="Bias is between -99 and 99.",
        ),
        models.CheckConstraint(
            condition=Q(cost__gte=0, cost__lt=float("inf")),
            name="%(class)s_cost_in_range",
            violation_error_message="A cost is a number from 0 on.",
        ),
    ]


class SteeringMetadata(models.Model):
    """What steering steps read of an endpoint, a pool's member or a pool: the most specific value said wins."""

    weight = models.PositiveIntegerField(null=True, blank=True, help_text="Share of the traffic; 0 is the last resort.")
    priority = models.PositiveIntegerField(null=True, blank=True, help_text="Tier; lower is served first.")
    bias = models.SmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(-99), MaxValueValidator(99)],
        help_text="Draws clients from farther away (1 to 99) or repels them (-99 to -1).",
    )
    cost = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What serving from here costs, in whatever you count; the cheapest is served first.",
    )

    class Meta:
        abstract = True


class Region(Owned):
    """Where endpoints live, and where a worker probes from."""

    id = models.AutoField(primary_key=True)
    latitude = latitude_field()
    longitude = longitude_field()
    is_vantage = models.BooleanField(default=True, help_text="A worker of this region probes endpoints.")

    class Meta(Owned.Meta):
        constraints = [*Owned.Meta.constraints, *coordinate_constraints()]


class Site(Owned):
    """A place with edge nodes."""

    latitude = latitude_field()
    longitude = longitude_field()
    region = models.ForeignKey(
        Region,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sites",
        help_text="Whose endpoints stand here too: what edges see of the way to clients counts for it.",
    )

    class Meta(Owned.Meta):
        constraints = [*Owned.Meta.constraints, *coordinate_constraints()]

    def clean(self) -> None:
        super().clean()
        if self.region is not None and self.region.team_id != self.team_id:
            raise ValidationError({"region": "The region is another team's."})


class EdgeNode(Owned):
    """One edge machine. Its token is shown once; only the SHA-256 is kept."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="nodes")
    token_digest = models.CharField(max_length=64, unique=True, editable=False)


class AdminState(models.TextChoices):
    ENABLED = "enabled"
    DRAINING = "draining"
    DISABLED = "disabled"


class Endpoint(Owned, SteeringMetadata):  # noqa: DJ008 - Owned has it
    """An address or name that serves users."""

    id = models.AutoField(primary_key=True)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="endpoints")
    ipv4 = models.GenericIPAddressField("IPv4 address", protocol="IPv4", null=True, blank=True)
    ipv6 = models.GenericIPAddressField("IPv6 address", protocol="IPv6", null=True, blank=True)
    hostname = models.CharField(
        "host name", max_length=254, null=True, blank=True, help_text="Instead of addresses: a name with its final dot."
    )
    port = models.PositiveIntegerField(
        default=443,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="Where checks connect unless the check names a port.",
    )
    capacity = models.PositiveIntegerField(null=True, blank=True, help_text="Requests per second it can take.")
    labels = models.JSONField(
        default=dict, blank=True, help_text='For fences and label steps, such as {"tier": "gpu"}.'
    )
    admin_state = models.CharField(max_length=8, choices=AdminState, default=AdminState.ENABLED)

    class Meta(Owned.Meta):
        constraints = [
            *Owned.Meta.constraints,
            *metadata_constraints(),
            models.CheckConstraint(
                condition=Q(hostname__isnull=True, ipv4__isnull=False)
                | Q(hostname__isnull=True, ipv6__isnull=False)
                | Q(hostname__isnull=False, ipv4__isnull=True, ipv6__isnull=True),
                name="endpoint_addresses_or_hostname",
                violation_error_message="Give an IPv4 or IPv6 address, or instead of both a host name.",
            ),
            models.CheckConstraint(
                condition=Q(hostname__isnull=True) | Q(hostname__regex=HOSTNAME_PATTERN),
                name="endpoint_hostname_valid",
                violation_error_message="A host name is lower case and ends with a dot.",
            ),
            models.CheckConstraint(
                condition=Q(port__gte=1, port__lte=65535),
                name="endpoint_port_in_range",
                violation_error_message="A port is between 1 and 65535.",
            ),
            models.CheckConstraint(condition=Q(admin_state__in=AdminState.values), name="endpoint_admin_state_known"),
            models.CheckConstraint(
                condition=Exact(
                    Func("labels", function="jsonb_typeof", output_field=models.TextField()), Value("object")
                ),
                name="endpoint_labels_object",
                violation_error_message="Labels are an object of names and values.",
            ),
            models.CheckConstraint(
                condition=Exact(
                    Func(
                        "labels",
                        Value('$.* ? (@.type() != "string")'),
                        function="jsonb_path_exists",
                        output_field=models.BooleanField(),
                    ),
                    Value(False),
                ),
                name="endpoint_labels_text",
                violation_error_message='Values of labels are texts, such as {"tier": "gpu"}.',
            ),
        ]

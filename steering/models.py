"""What decides an answer: pools of endpoints, policies with their chain of steps, bindings to names, and shadows."""

from __future__ import annotations

import secrets

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.models import Owned
from regions.models import Endpoint, Region, SteeringMetadata, metadata_constraints
from zones.models import MAX_TTL_S, RecordSet


def new_salt() -> str:
    return secrets.token_hex(8)


class OnMassFailure(models.TextChoices):
    """What edges are told when most of a pool goes down at once (healthchecks.brake)."""

    HOLD = "hold", "Hold, and call someone"
    FOLLOW = "follow", "Tell, and call someone"


class Pool(Owned, SteeringMetadata):
    """Endpoints that can stand in for each other."""

    id = models.AutoField(primary_key=True)
    endpoints = models.ManyToManyField(Endpoint, through="PoolMember", related_name="pools")
    on_mass_failure = models.CharField(
        max_length=6, choices=OnMassFailure, default=OnMassFailure.HOLD, db_default=OnMassFailure.HOLD
    )
    max_down_percent = models.PositiveSmallIntegerField(
        default=50,
        db_default=50,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="More than this share of the members going down at once is a mass failure; 100: nothing is.",
    )
    brake_window_s = models.PositiveIntegerField(
        default=60,
        db_default=60,
        validators=[MinValueValidator(1), MaxValueValidator(3600)],
        help_text="What at once is.",
    )
    brake_hold_s = models.PositiveIntegerField(
        default=300,
        db_default=300,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Then what was held is told, unless someone acknowledges the mass failure before.",
    )

    class Meta(Owned.Meta):
        constraints = [
            *Owned.Meta.constraints,
            *metadata_constraints(),
            models.CheckConstraint(
                condition=Q(on_mass_failure__in=OnMassFailure.values), name="pool_on_mass_failure_known"
            ),
            models.CheckConstraint(
                condition=Q(max_down_percent__gte=1, max_down_percent__lte=100),
                name="pool_max_down_percent_in_range",
                violation_error_message="The share is between 1 and 100 percent.",
            ),
            models.CheckConstraint(
                condition=Q(brake_window_s__gte=1, brake_window_s__lte=3600),
                name="pool_brake_window_in_range",
                violation_error_message="The window is between a second and an hour.",
            ),
            models.CheckConstraint(
                condition=Q(brake_hold_s__gte=1, brake_hold_s__lte=86_400),
                name="pool_brake_hold_in_range",
                violation_error_message="It is held between a second and a day.",
            ),
        ]


class PoolMember(SteeringMetadata):
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="members")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="memberships")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["pool", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "endpoint"],
                name="poolmember_once",
                violation_error_message="The endpoint is in this pool already.",
            ),
            models.UniqueConstraint(
                fields=["pool", "position"], name="poolmember_position", deferrable=models.Deferrable.DEFERRED
            ),
            *metadata_constraints(),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} in {self.pool}"


class SubnetUse(models.TextChoices):
    """What a policy makes of the client subnet (E4)."""

    ALWAYS = "always"
    NEVER = "never"
    GEO_ONLY = "geo-only"


class Policy(Owned):
    """A named chain of steps over the endpoints of its pools."""

    id = models.AutoField(primary_key=True)
    pools = models.ManyToManyField(Pool, through="PolicyPool", related_name="policies")
    ttl_s = models.PositiveIntegerField("TTL", default=30, validators=[MaxValueValidator(MAX_TTL_S)])
    ttl_min_s = models.PositiveIntegerField("lowest TTL", default=5)
    ecs = models.CharField("client subnet", max_length=8, choices=SubnetUse, default=SubnetUse.ALWAYS)
    salt = models.CharField(max_length=64, default=new_salt, editable=False)

    class Meta(Owned.Meta):
        verbose_name_plural = "policies"
        constraints = [
            *Owned.Meta.constraints,
            models.CheckConstraint(condition=Q(ttl_s__lte=MAX_TTL_S), name="policy_ttl_in_range"),
            models.CheckConstraint(
                condition=Q(ttl_min_s__lte=models.F("ttl_s")),
                name="policy_ttl_min_below_ttl",
                violation_error_message="The lowest TTL is not above the TTL.",
            ),
            models.CheckConstraint(condition=Q(ecs__in=SubnetUse.values), name="policy_ecs_known"),
        ]


class PolicyPool(models.Model):
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="policy_pools")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="policy_pools")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["policy", "position"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "pool"], name="policypool_once"),
            models.UniqueConstraint(
                fields=["policy", "position"], name="policypool_position", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool} of {self.policy}"


class PolicyStep(models.Model):
    """One step of a chain. `options` are those of docs/snapshot-format.md; what they refer to is in `references`."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    options = models.JSONField(default=dict)

    class Meta:
        ordering = ["policy", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "position"], name="policystep_position", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.policy}"


class StepReference(models.Model):
    """Keeps what a step's options name from being deleted: options are JSON, which no foreign key guards."""

    step = models.ForeignKey(PolicyStep, on_delete=models.CASCADE, related_name="references")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, related_name="+")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, related_name="+")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(region__isnull=False, pool__isnull=True, policy__isnull=True)
                | Q(region__isnull=True, pool__isnull=False, policy__isnull=True)
                | Q(region__isnull=True, pool__isnull=True, policy__isnull=False),
                name="stepreference_one_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} names {self.region or self.pool or self.policy}"


class Binding(models.Model):
    """A policy answers this record set: the record set's name and type are the binding's."""

    record_set = models.OneToOneField(RecordSet, on_delete=models.CASCADE, related_name="binding")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="bindings")

    def __str__(self) -> str:
        return f"{self.record_set} by {self.policy}"


class Shadow(models.Model):
    """A policy as it might be, tried beside it on a share of its clients: what it would answer is only counted."""

    id = models.AutoField(primary_key=True)
    policy = models.OneToOneField(Policy, on_delete=models.CASCADE, related_name="shadow")
    pools = models.ManyToManyField(Pool, through="ShadowPool", related_name="shadows")
    steps = models.JSONField(
        default=list, blank=True, help_text="As in the policy chunk; what they refer to is in `references`."
    )
    percent = models.FloatField(help_text="Of the clients.")
    started = models.DateTimeField()
    until = models.DateTimeField(help_text="From then on it is over.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lte=100), name="shadow_percent_in_range"),
            models.CheckConstraint(condition=Q(until__gt=models.F("started")), name="shadow_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"shadow of {self.policy}"


class ShadowPool(models.Model):
    shadow = models.ForeignKey(Shadow, on_delete=models.CASCADE, related_name="shadow_pools")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["shadow", "position"]
        constraints = [
            models.UniqueConstraint(fields=["shadow", "pool"], name="shadowpool_once"),
            models.UniqueConstraint(fields=["shadow", "position"], name="shadowpool_position"),
        ]

    def __str__(self) -> str:
        return f"{self.pool} of the {self.shadow}"


class ShadowReference(models.Model):
    """Keeps what a shadow's steps name from being deleted, as StepReference does for those of policies."""

    shadow = models.ForeignKey(Shadow, on_delete=models.CASCADE, related_name="references")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, related_name="+")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, related_name="+")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(region__isnull=False, pool__isnull=True, policy__isnull=True)
                | Q(region__isnull=True, pool__isnull=False, policy__isnull=True)
                | Q(region__isnull=True, pool__isnull=True, policy__isnull=False),
                name="shadowreference_one_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shadow} names {self.region or self.pool or self.policy}"

"""How endpoints are probed and what is believed of them.

Observations live in the worker that made them; a table is written only when a belief changes:

    probe ──► hysteresis (worker) ──► VantageState ──► quorum ──► Verdict ──► EndpointHealth, Transition ──► edges
      └─────► SeenCertificate, when it is another one             │
    push, API ──► Lease ──────────────────────────────────────────┘
    API ────► EndpointLoad ──────────────────────────────────────────────────────────────────────────────► edges
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact

from accounts.models import Owned
from healthchecks import (
    derived_models,  # noqa: F401 - Django looks for tables here
    guard_models,  # noqa: F401 - Django looks for tables here
    standing_models,  # noqa: F401 - Django looks for tables here
)
from healthchecks.damping import Damping, Penalty
from healthchecks.family import Family as Family  # noqa: PLC0414 - it is a word of this module
from healthchecks.kinds import read_options
from healthchecks.metrics import Format
from healthchecks.options import OptionsError
from healthchecks.state import State
from regions.models import Endpoint, Region

FORMATS = [format_.value for format_ in Format]
STATES = [state.value for state in State]
STATE_CHOICES = [(state, state.capitalize()) for state in STATES]


class ReachedBy(models.TextChoices):
    """What an endpoint is reached by."""

    ANY = "any", "address or host name"
    ADDRESSES = "addresses", "IPv4 or IPv6 address"
    NAME = "name", "host name"


class Check(Owned):
    """How endpoints are probed. An endpoint is down while any enabled check of it is (quorum.endpoint_state)."""

    kind = models.CharField(max_length=16, help_text="A kind in healthchecks.kinds.")
    options = models.JSONField(default=dict, blank=True, help_text="Of the kind: method, path, expected codes.")
    port = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="Instead of the endpoint's own.",
    )
    interval_ms = models.PositiveIntegerField(
        default=5000, validators=[MinValueValidator(250), MaxValueValidator(3_600_000)]
    )
    timeout_ms = models.PositiveIntegerField(default=2000, validators=[MinValueValidator(10)])
    rise = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1), MaxValueValidator(100)])
    fall = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1), MaxValueValidator(100)])
    quorum = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many vantages must say down; empty: more than half.",
    )
    vantages = models.ManyToManyField(Region, blank=True, related_name="+", help_text="None chosen: every vantage.")
    endpoints = models.ManyToManyField(Endpoint, through="Assignment", related_name="checks")
    enabled = models.BooleanField(default=True, help_text="A disabled check counts as up.")
    damping_half_life_s = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="In which the penalty for going down halves; empty: flapping is not damped.",
    )
    damping_suppress = models.FloatField(
        default=3.0, db_default=3.0, help_text="A penalty above it, one for each time down, keeps an endpoint down."
    )
    damping_reuse = models.FloatField(
        default=1.0, db_default=1.0, help_text="Once the penalty has decayed to it, the endpoint may be up again."
    )
    damping_max_s = models.PositiveIntegerField(
        default=3600,
        db_default=3600,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="No endpoint is kept down for longer after it was last seen going down.",
    )

    class Meta(Owned.Meta):
        constraints = [
            *Owned.Meta.constraints,
            models.CheckConstraint(
                condition=Q(damping_half_life_s__isnull=True) | Q(damping_half_life_s__gte=1),
                name="check_damping_half_life_positive",
                violation_error_message="The half-life is at least a second.",
            ),
            models.CheckConstraint(
                condition=Q(damping_suppress__lte=1000, damping_reuse__gt=0, damping_reuse__lt=F("damping_suppress")),
                name="check_damping_reuse_below_suppress",
                violation_error_message="Suppress is 1000 at most, and reuse above 0 and below it.",
            ),
            models.CheckConstraint(
                condition=Q(damping_max_s__gte=1, damping_max_s__lte=86_400),
                name="check_damping_max_in_range",
                violation_error_message="The longest time is between a second and a day.",
            ),
            models.CheckConstraint(
                condition=Q(interval_ms__gte=250, interval_ms__lte=3_600_000),
                name="check_interval_in_range",
                violation_error_message="The interval is between 250 ms and an hour.",
            ),
            models.CheckConstraint(
                condition=Q(timeout_ms__gte=10, timeout_ms__lte=F("interval_ms")),
                name="check_timeout_within_interval",
                violation_error_message="The timeout is at least 10 ms and not longer than the interval.",
            ),
            models.CheckConstraint(
                condition=Q(rise__gte=1, rise__lte=100, fall__gte=1, fall__lte=100),
                name="check_rise_and_fall_in_range",
                violation_error_message="Rise and fall are between 1 and 100.",
            ),
            models.CheckConstraint(
                condition=Q(port__isnull=True) | Q(port__gte=1, port__lte=65535),
                name="check_port_in_range",
                violation_error_message="A port is between 1 and 65535.",
            ),
            models.CheckConstraint(
                condition=Q(quorum__isnull=True) | Q(quorum__gte=1),
                name="check_quorum_positive",
                violation_error_message="A quorum is at least 1.",
            ),
        ]

    def clean(self) -> None:
        """Refuse an unknown kind and options that the kind does not take, naming them."""
        try:
            read_options(self.kind, self.options)
        except OptionsError as problem:
            raise ValidationError({problem.field: problem.messages}) from problem
        damping = self.damping
        if damping and damping.reuse > 0 and damping.ceiling <= damping.suppress:
            message = f"A penalty comes to {damping.ceiling:.3g} at most within it, never above suppress."
            raise ValidationError({"damping_max_s": [message]})

    @property
    def damping(self) -> Damping | None:
        """How much flapping is borne; None: any."""
        if not self.damping_half_life_s:
            return None
        return Damping(self.damping_half_life_s, self.damping_suppress, self.damping_reuse, self.damping_max_s)


class Assignment(models.Model):
    check_definition = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="assignments")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="assignments")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["check_definition", "endpoint"], name="assignment_once")]

    def __str__(self) -> str:
        return f"{self.check_definition} of {self.endpoint}"


class VantageState(models.Model):
    """What one vantage believes of one family of an endpoint; written when the belief changes (H2)."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="vantage_states")
    family = models.PositiveSmallIntegerField(choices=Family)
    vantage = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=7, choices=STATE_CHOICES)
    cause = models.CharField(max_length=200, help_text="What the deciding probe saw.")
    since = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["assignment", "family"], condition=Q(state=State.DOWN.value), name="vantagestate_down")
        ]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "family", "vantage"], name="vantagestate_once"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="vantagestate_state_known"),
            models.CheckConstraint(condition=Q(family__in=Family.values), name="vantagestate_family_known"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} over {self.get_family_display()} from {self.vantage}: {self.state}"


class SeenCertificate(models.Model):
    """What one vantage was shown by one family of an endpoint last; written when it is another one than before."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="certificates")
    family = models.PositiveSmallIntegerField(choices=Family)
    vantage = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    not_after = models.DateTimeField(help_text="Until then it is valid.")
    problem = models.CharField(max_length=200, blank=True, help_text="Why it does not verify; empty: it does.")
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "family", "vantage"], name="seencertificate_once"),
            models.CheckConstraint(condition=Q(family__in=Family.values), name="seencertificate_family_known"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} over {self.get_family_display()} from {self.vantage}: until {self.not_after}"


class CheckTemplate(models.Model):
    """A check with one attaches itself to new endpoints of its team that match (healthchecks.templates)."""

    check_definition = models.OneToOneField(Check, on_delete=models.CASCADE, primary_key=True, related_name="template")
    reached_by = models.CharField(
        max_length=9, choices=ReachedBy, default=ReachedBy.ANY, help_text="Which endpoints it attaches itself to."
    )
    port = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="That the endpoint must have; empty: any.",
    )
    labels = models.JSONField(default=dict, blank=True, help_text="That the endpoint must have, with these values.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reached_by__in=ReachedBy.values), name="checktemplate_reached_by_known"),
            models.CheckConstraint(
                condition=Q(port__isnull=True) | Q(port__gte=1, port__lte=65535), name="checktemplate_port_in_range"
            ),
            models.CheckConstraint(
                condition=Exact(
                    Func("labels", function="jsonb_typeof", output_field=models.TextField()), Value("object")
                ),
                name="checktemplate_labels_object",
            ),
        ]

    def __str__(self) -> str:
        return f"template {self.check_definition}"


class UncheckedEndpoint(models.Model):
    """An endpoint that is not checked on purpose: someone chose so."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, primary_key=True, related_name="unchecked")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.endpoint} is not checked, on purpose"


class Verdict(models.Model):
    """What the quorum of vantages believes (H3), and the penalty for having gone down so often (H5)."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="verdicts")
    family = models.PositiveSmallIntegerField(choices=Family)
    state = models.CharField(max_length=7, choices=STATE_CHOICES)
    since = models.DateTimeField()
    penalty = models.FloatField(default=0.0, db_default=0.0, help_text="At `penalty_at`; it decays.")
    penalty_at = models.DateTimeField(null=True)
    reuse_at = models.DateTimeField(null=True, help_text="Until then it counts as down; NULL: it is not suppressed.")

    class Meta:
        indexes = [models.Index(fields=["reuse_at"], condition=Q(reuse_at__isnull=False), name="verdict_suppressed")]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "family"], name="verdict_once"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="verdict_state_known"),
            models.CheckConstraint(condition=Q(family__in=Family.values), name="verdict_family_known"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} over {self.get_family_display()}: {self.state}"

    @property
    def damped(self) -> Penalty:
        return Penalty(self.penalty, self.penalty_at, self.reuse_at)


class EndpointHealth(models.Model):
    """What edges have been told of one family of an endpoint. No row: nothing yet, which they take for unknown."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="health")
    family = models.PositiveSmallIntegerField(choices=Family)
    state = models.CharField(max_length=7, choices=STATE_CHOICES)
    since = models.DateTimeField()
    believed = models.CharField(
        max_length=7, null=True, choices=STATE_CHOICES, help_text="What its checks say; NULL: no more than `state`."
    )
    believed_since = models.DateTimeField(null=True)
    failing = models.BooleanField(
        default=False, db_default=False, help_text="Up, but some vantages say down: it may change soon (S14)."
    )
    views = models.JSONField(
        default=list,
        db_default=[],
        help_text="Of vantages that disagree: the id of each one's region, and whether it is up from there (H4).",
    )
    failing_sequence = models.BigIntegerField(
        null=True, unique=True, help_text="From HealthSequence, when `failing` or `views` changed last."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "family"], name="endpointhealth_once"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="endpointhealth_state_known"),
            models.CheckConstraint(
                condition=Q(believed__isnull=True) | Q(believed__in=STATES), name="endpointhealth_believed_known"
            ),
            models.CheckConstraint(condition=Q(family__in=Family.values), name="endpointhealth_family_known"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} over {self.get_family_display()}: {self.state}"


class Transition(models.Model):
    """One change of an endpoint's health: the history people read and the delta edges apply (H8).

    Either the verdict of one check changed or, with an empty `check_name`, which checks there are. `sequence` is taken
    from HealthSequence in the same transaction, so it has no gaps and becomes visible in order.
    """

    sequence = models.BigIntegerField(primary_key=True)
    endpoint_id = models.IntegerField(db_index=True, help_text="No foreign key: history outlives the endpoint.")
    endpoint_name = models.CharField(max_length=63)
    family = models.PositiveSmallIntegerField(choices=Family)
    check_name = models.CharField(max_length=63, blank=True, help_text="Empty: the checks themselves were changed.")
    from_state = models.CharField(max_length=7, choices=STATE_CHOICES)
    to_state = models.CharField(max_length=7, choices=STATE_CHOICES)
    endpoint_state = models.CharField(
        max_length=7, choices=STATE_CHOICES, help_text="Of the endpoint with all its checks: what edges are told."
    )
    votes = models.JSONField(help_text="Vantage name to state.")
    cause = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-sequence"]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.endpoint_name} {self.from_state} to {self.to_state}"


class EndpointLoad(models.Model):
    """What an endpoint last said of how loaded it is (S5). `sequence` is from HealthSequence, like a transition's.

    A row whose `share` is NULL is what edges have been told to forget.
    """

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, primary_key=True, related_name="load")
    sequence = models.BigIntegerField(unique=True)
    current = models.FloatField(help_text="What it has to do, in whatever it counts.")
    target = models.FloatField(null=True, help_text="What it would rather not go beyond.")
    capacity = models.FloatField(null=True, help_text="What it can do; NULL: only the target is known.")
    share = models.FloatField(null=True, help_text="Of its capacity: what edges are told. NULL: forgotten.")
    max_age_s = models.PositiveIntegerField(help_text="Older than this, it counts as unknown.")
    measured = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(share__isnull=True) | Q(share__gte=0, share__lt=float("inf")),
                name="endpointload_share_in_range",
            ),
            models.CheckConstraint(
                condition=Q(max_age_s__gte=1, max_age_s__lte=86_400), name="endpointload_max_age_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.share}"


class LoadSource(models.Model):
    """Where the load of an endpoint is read if it does not say it itself (healthchecks.load_sources)."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, primary_key=True, related_name="load_source")
    url = models.CharField("URL", max_length=2048, help_text="Of metrics that the endpoint publishes.")
    format = models.CharField(max_length=10, choices=[(format_, format_) for format_ in FORMATS])
    current = models.CharField(max_length=200, help_text="A sample of Prometheus, or a JSON pointer.")
    target = models.CharField(max_length=200, blank=True, help_text="Likewise; empty: none.")
    capacity = models.CharField(max_length=200, blank=True, help_text="Likewise; empty: the endpoint's own.")
    interval_s = models.PositiveIntegerField(
        default=15, validators=[MinValueValidator(5), MaxValueValidator(3600)], help_text="How often it is read."
    )
    max_age_s = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(1), MaxValueValidator(86_400)], help_text="Then a load is unknown."
    )
    read = models.DateTimeField(null=True, editable=False, help_text="When it was read last, well or not.")
    error = models.CharField(
        max_length=200, blank=True, editable=False, help_text="Why that failed; empty: it did not."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(format__in=FORMATS), name="loadsource_format_known"),
            models.CheckConstraint(
                condition=Q(interval_s__gte=5, interval_s__lte=3600),
                name="loadsource_interval_in_range",
                violation_error_message="The interval is between 5 seconds and an hour.",
            ),
            models.CheckConstraint(
                condition=Q(max_age_s__gte=1, max_age_s__lte=86_400),
                name="loadsource_max_age_in_range",
                violation_error_message="The maximal age is between a second and a day.",
            ),
            models.CheckConstraint(
                condition=Q(interval_s__lte=F("max_age_s")),
                name="loadsource_interval_within_max_age",
                violation_error_message="It is read at least once within the maximal age.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} at {self.url}"


class SlowedAddress(models.Model):
    """An address that the worker of some region probes less often than checks say: it is over its budget (H9)."""

    region_name = models.CharField(max_length=63, help_text="One worker probes for every team's region of this name.")
    address = models.CharField(max_length=254, help_text="Or a host name, without its final dot.")
    wanted_per_s = models.FloatField(help_text="Probes that checks ask for.")
    granted_per_s = models.FloatField(help_text="Probes that it gets.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region_name", "address"], name="slowedaddress_once"),
            models.CheckConstraint(
                condition=Q(granted_per_s__gt=0, wanted_per_s__gt=F("granted_per_s")), name="slowedaddress_is_slowed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} from {self.region_name}"


class HealthSequence(models.Model):
    """One row: the last sequence number given. Its row lock, held until commit, puts what is told to edges in order."""

    singleton = models.BooleanField(primary_key=True, default=True)
    value = models.BigIntegerField(default=0)
    pruned = models.BigIntegerField(default=0, db_default=0, help_text="Up to here transitions may be gone.")
    settled_for = models.TextField(
        default="", help_text="The version of the configuration and the wellness that was reconciled last."
    )
    held_for = models.TextField(
        default="", db_default="", help_text="The version of mass failures and their pools that was settled last."
    )

    watched = models.DateTimeField(null=True, help_text="When someone looked after heartbeats last.")
    watched_since = models.DateTimeField(null=True, help_text="Since when that has been done without a pause.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(singleton=True), name="healthsequence_single_row")]

    def __str__(self) -> str:
        return str(self.value)

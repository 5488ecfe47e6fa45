"""Who owns and who may: users, teams, API tokens.

Every named object of the domain belongs to a team; `Owned` carries that rule into each table.
"""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts import remembered_models  # noqa: F401 - Django looks for tables here
from accounts.permissions import Role, Scope
from accounts.subjects import SUBJECTS

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
"""Names of objects: one DNS label, lower case, so that they can be typed, sorted and put in URLs."""

ROLE_CHOICES = [(role.value, role.value) for role in Role]
SCOPE_CHOICES = [(scope.value, scope.value) for scope in Scope]
MOST_NETWORKS = 32


class Team(models.Model):
    name = models.CharField(max_length=63, unique=True)
    approvals_required = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="By how many others a change is approved before it is published."
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(name__regex=NAME_PATTERN), name="team_name_valid")]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    teams = models.ManyToManyField(Team, through="Membership", related_name="users")
    second_factor_required = models.BooleanField(
        default=False, db_default=False, help_text="Nothing can be opened before a second factor is set up."
    )

    chosen_team_id: int | None = None
    """Which of their teams a signed-in user acts for at present. No column: the session knows, and its door sets it."""


class Membership(models.Model):
    """Who is what in a team. Rows of releases that knew no roles are those of admins: everybody was one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=ROLE_CHOICES, default=Role.VIEWER.value, db_default=Role.ADMIN.value)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "team"],
                name="membership_once",
                violation_error_message="They are in the team already: change their role instead.",
            ),
            models.CheckConstraint(condition=Q(role__in=[role.value for role in Role]), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


def require_network(text: str) -> None:
    """Raises ValidationError for what is no address block."""
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        message = f"{text} is no address block: write it like 192.0.2.0/24 or 2001:db8::/32."
        raise ValidationError(message) from error


def require_subject(text: str) -> None:
    """Raises ValidationError for what no token can be limited to."""
    if text not in SUBJECTS:
        raise ValidationError(f"There is no {text} to limit a token to. Known are: {', '.join(SUBJECTS)}.")


class ApiToken(models.Model):
    """A bearer secret for automation. Only its SHA-256 is kept: 256 random bits need no salt.

    A token never may more than its user at present. Tokens of releases that knew no scopes may all that, for ever.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=63)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    start = models.CharField(max_length=16, default="", db_default="", blank=True, editable=False)
    """The first characters of the secret, by which a leaked one is told from others."""

    scope = models.CharField(
        max_length=16, choices=SCOPE_CHOICES, default=Scope.READ.value, db_default=Scope.ADMINISTER.value
    )
    only = ArrayField(
        models.CharField(max_length=40, validators=[require_subject]), default=list, db_default=[], blank=True
    )
    """What it is limited to; empty: nothing in particular."""

    networks = ArrayField(
        models.CharField(max_length=43, validators=[require_network]),
        size=MOST_NETWORKS,
        default=list,
        db_default=[],
        blank=True,
    )
    """Where it may be used from; empty: anywhere."""

    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, editable=False)
    last_address = models.GenericIPAddressField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "token"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"],
                name="apitoken_name_per_team",
                violation_error_message="The team has a token of this name already.",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=[scope.value for scope in Scope]), name="apitoken_scope_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SignInAttempts(models.Model):
    """When the next attempt is due for an account or a network (accounts.login.throttle). `key`: a keyed digest."""

    key = models.CharField(max_length=64, primary_key=True)
    due = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.due}"


class Owned(models.Model):
    """Something with a name that belongs to a team: the name is unique there and one DNS label long."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=63, help_text="Lower-case letters, digits and hyphens.")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"],
                name="%(class)s_name_per_team",
                violation_error_message="This name is taken.",
            ),
            models.CheckConstraint(
                condition=Q(name__regex=NAME_PATTERN),
                name="%(class)s_name_valid",
                violation_error_message="Use lower-case letters, digits and hyphens, at most 63.",
                violation_error_code="name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

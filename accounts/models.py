"""Who owns and who may: users, teams, API tokens.

Every named object of the domain belongs to a team; `Owned` carries that rule into each table.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
"""Names of objects: one DNS label, lower case, so that they can be typed, sorted and put in URLs."""


class Team(models.Model):
    name = models.CharField(max_length=63, unique=True)
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


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class ApiToken(models.Model):
    """A bearer secret for automation. Only its SHA-256 is kept: 256 random bits need no salt."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=63)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="apitoken_name_per_team")]

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

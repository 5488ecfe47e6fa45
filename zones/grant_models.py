"""Who may do what with one zone, beside what they may in its team."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import ROLE_CHOICES, Team
from accounts.permissions import Role


class ZoneGrant(models.Model):
    """A role for one zone, of a user or of all members of a team. It only ever adds to what they may."""

    zone = models.ForeignKey("zones.Zone", on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="zone_grants"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="zone_grants")
    role = models.CharField(max_length=16, choices=ROLE_CHOICES)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(team__isnull=True),
                name="zonegrant_user_or_team",
                violation_error_message="A grant is for a user or for a team, and not for both.",
            ),
            models.CheckConstraint(condition=Q(role__in=[role.value for role in Role]), name="zonegrant_role_known"),
            models.UniqueConstraint(
                fields=["zone", "user"],
                name="zonegrant_user_once",
                violation_error_message="They have a role for this zone already: remove it first.",
            ),
            models.UniqueConstraint(
                fields=["zone", "team"],
                name="zonegrant_team_once",
                violation_error_message="The team has a role for this zone already: remove it first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grantee}: {self.role}"

    @property
    def grantee(self) -> str:
        """Whom it is for: a user's name, or `team` and its name."""
        return f"team {self.team}" if self.team_id is not None else str(self.user)

"""Whose objects are: what one set of files declares, no other one changes or deletes."""

from __future__ import annotations

from django.db import models

from accounts.models import NAME_PATTERN, Team


class Claim(models.Model):
    """That an object belongs to an owner: the name that a set of files gives itself. It outlives the object."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="claims")
    owner = models.CharField(max_length=63)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=2100)
    row = models.BigIntegerField(
        null=True, help_text="Primary key of the object, which it keeps under any name; NULL: there was none."
    )
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "key"]
        constraints = [
            models.UniqueConstraint(fields=["team", "kind", "key"], name="claim_of_one_owner"),
            models.CheckConstraint(
                condition=models.Q(owner__regex=NAME_PATTERN),
                name="claim_owner_valid",
                violation_error_message="Use lower-case letters, digits and hyphens, at most 63.",
            ),
        ]
        indexes = [models.Index(fields=["team", "owner"], name="claims_of_owner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} of {self.owner}"


class DeclaredChange(models.Model):
    """That a change was made of an owner's files: once it is published, what it edits is the owner's."""

    change = models.OneToOneField("changes.Change", on_delete=models.CASCADE, related_name="declaration")
    owner = models.CharField(max_length=63)

    class Meta:
        indexes = [models.Index(fields=["owner"], name="declared_change_of_owner")]

    def __str__(self) -> str:
        return f"{self.change} of {self.owner}"

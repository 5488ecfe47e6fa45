"""Changes with their edits, comments and approvals.

                 ┌────────────────── reopen, reject ──────────────────┐
                 ▼                                                    │
    open ─► draft ── propose ─► proposed ── approve ─► approved ── schedule ─► scheduled ── refused ─► failed
              │                    │                      │                        │
              └─ publish, where ───┴─ nobody is asked ────┴── publish ─────────────┴─► published

Each but a published one can be withdrawn, which is the end of it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Team
from changes import claim_models  # noqa: F401 - Django looks for tables here


class State(models.TextChoices):
    """Where a change stands. Only a draft is edited: what was proposed or approved is what will be published."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


OPEN_STATES = (State.DRAFT, State.PROPOSED, State.APPROVED, State.SCHEDULED, State.FAILED)


class Change(models.Model):
    """What one team is about to do, or did."""

    number = models.BigAutoField(primary_key=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="changes")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=10_000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=150, help_text="It outlives the account.")
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    scheduled_for = models.DateTimeField(null=True)
    published = models.DateTimeField(null=True)
    publisher_name = models.CharField(max_length=150, blank=True)
    transaction = models.BigIntegerField(null=True, help_text="Number of the transaction that published it.")
    generation = models.BigIntegerField(null=True, help_text="The first made of what it declared; NULL: none yet.")
    reason = models.TextField(blank=True, help_text="Why it failed.")
    reverts = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="reverted_by")
    rolls_back_to = models.BigIntegerField(null=True, help_text="The generation that it goes back to.")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="change_state_known"),
            models.CheckConstraint(condition=~Q(title=""), name="change_has_title"),
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(scheduled_for__isnull=False), name="change_scheduled_has_time"
            ),
            models.CheckConstraint(
                condition=Q(state="published", published__isnull=False, transaction__isnull=False)
                | ~Q(state="published") & Q(published__isnull=True, transaction__isnull=True),
                name="change_published_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-number"], name="change_of_team"),
            models.Index(fields=["scheduled_for"], condition=Q(state="scheduled"), name="change_due"),
            models.Index(
                fields=["number"], condition=Q(state="published", generation=None), name="change_without_generation"
            ),
        ]

    def __str__(self) -> str:
        return f"change {self.number}: {self.title}"

    @property
    def is_open(self) -> bool:
        """Whether it can still be published."""
        return self.state in OPEN_STATES


class Edit(models.Model):
    """What a change makes of one object. `base` is what its author saw: nothing else is overwritten."""

    class Action(models.TextChoices):
        PUT = "put", "replace"
        PATCH = "patch", "change fields"
        DELETE = "delete", "delete"

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="edits")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=2100)
    action = models.CharField(max_length=6, choices=Action)
    document = models.JSONField(null=True, help_text="NULL: the object goes.")
    base = models.JSONField(null=True, help_text="The object as its author saw it; NULL: there was none.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=150)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["change", "kind", "key"], name="edit_once_an_object"),
            models.UniqueConstraint(fields=["change", "position"], name="edit_has_its_place"),
            models.CheckConstraint(
                condition=Q(action__in=["put", "patch"], document__isnull=False)
                | Q(action="delete", document__isnull=True),
                name="edit_has_what_its_action_needs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.key}"


class Comment(models.Model):
    """What someone said of a change."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=150)
    text = models.TextField(max_length=10_000)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comment_says_something")]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text[:60]}"


class Approval(models.Model):
    """That someone else than its authors has looked at a change as it was proposed, and agrees."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="approvals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    user_name = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["change", "user_name"], name="approval_once_a_person")]

    def __str__(self) -> str:
        return f"{self.change} approved by {self.user_name}"

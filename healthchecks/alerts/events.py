"""What people and publishers do that rules can tell of: named by the journal's words."""

from __future__ import annotations

from django.db.models import TextChoices


class EventKind(TextChoices):
    """The label is what is said of the object: `change 12` is drafted."""

    CHANGE_CREATE = "change.create", "drafted"
    CHANGE_PROPOSE = "change.propose", "proposed"
    CHANGE_APPROVE = "change.approve", "approved"
    CHANGE_REJECT = "change.reject", "rejected"
    CHANGE_REOPEN = "change.reopen", "reopened"
    CHANGE_SCHEDULE = "change.schedule", "scheduled"
    CHANGE_UNSCHEDULE = "change.unschedule", "unscheduled"
    CHANGE_PUBLISH = "change.publish", "published"
    CHANGE_FAIL = "change.fail", "failed"
    CHANGE_WITHDRAW = "change.withdraw", "withdrawn"
    CHANGE_DELETE = "change.delete", "deleted"
    CHANGE_COMMENT = "change.comment", "commented on"
    GENERATION_PUBLISH = "generation.publish", "published"

    @property
    def noun(self) -> str:
        """What it happens to."""
        return self.value.partition(".")[0]

    @property
    def words(self) -> str:
        """As a choice of a form."""
        return f"{self.noun.capitalize()} {self.label}"


PAGES = {"change": "/changes/{}/", "generation": "/snapshots/{}/"}
"""Of what something happens to, by its number."""


def page_of(event: str, key: str, public_url: str) -> str | None:
    """Where people look at what it happened to. None: it is not known where browsers reach us."""
    return public_url.rstrip("/") + PAGES[EventKind(event).noun].format(key) if public_url else None

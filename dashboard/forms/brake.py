"""The form that says why a change that is held is meant."""

from __future__ import annotations

from datetime import datetime

from django import forms

from accounts.models import User
from dashboard.forms.base import StoredForm
from snapshots.models import BrakeRelease, Refusal
from snapshots.services import release_brake


class ReleaseForm(StoredForm):
    """Shown at a refusal that is held."""

    reason = forms.CharField(
        max_length=500,
        label="Why is this meant?",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why this is meant: it is kept with the change."},
    )

    def store(self, refusal: Refusal, user: User, now: datetime) -> BrakeRelease:
        """Have the change published. Raises ValidationError, PermissionDenied."""
        return release_brake(refusal.part, self.cleaned_data["reason"], user, now)

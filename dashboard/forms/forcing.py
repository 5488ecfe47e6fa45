"""The form that forces what edges are told of an endpoint."""

from __future__ import annotations

from datetime import timedelta

from django import forms

from common.clock import database_time
from dashboard.forms.base import StoredForm
from healthchecks.guard_models import ForcedState
from healthchecks.services import force
from regions.models import Endpoint

STATES = [
    (ForcedState.State.DRAIN, "Drained"),
    (ForcedState.State.DOWN, "Down"),
    (ForcedState.State.UP, "Up"),
]
A_YEAR_MIN = 366 * 24 * 60


class ForcingForm(StoredForm):
    state = forms.ChoiceField(
        label="It is",
        choices=STATES,
        help_text="Drained, policies with an admin step leave it out. Down and up beat its checks everywhere.",
    )
    reason = forms.CharField(max_length=120, help_text="Colleagues read it, and so does who looks at the history.")
    minutes = forms.IntegerField(
        label="Ends after (minutes)",
        min_value=1,
        max_value=A_YEAR_MIN,
        required=False,
        help_text="Empty: when someone ends it.",
    )

    def __init__(self, *args: object, endpoint: Endpoint, author: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # forms take many
        self.endpoint = endpoint
        self.author = author

    def store(self) -> ForcedState:
        """Force it. Raises ValidationError."""
        now, minutes = database_time(), self.cleaned_data["minutes"]
        until = now + timedelta(minutes=minutes) if minutes else None
        said = self.cleaned_data
        return force(self.endpoint, said["state"], said["reason"], self.author, now, until)

"""The form that proposes a version of what learning goes by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import NAME_PATTERN, User
from dashboard.forms.base import StoredForm
from latency.models import LatencyDecision
from latency.parameters import BadParameterError
from latency.versions import propose

EXAMPLE = {"switching": {"switch_ms": 6}, "model": {"network": {"spread_ms": 9}}}


class ProposalForm(StoredForm):
    """A version with what is to be other than the release has it."""

    name = forms.RegexField(
        NAME_PATTERN,
        max_length=63,
        help_text="Lower-case letters, digits and hyphens.",
        error_messages={"invalid": "Use lower-case letters, digits and hyphens, at most 63."},
    )
    note = forms.CharField(max_length=200, required=False, help_text="What it is meant to make better.")
    parameters = forms.JSONField(
        initial=dict,
        help_text=f"A JSON object of those that are to be others than the release has, such as {json.dumps(EXAMPLE)}.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "code"}),
        error_messages={"invalid": "This is not JSON."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_parameters(self) -> Mapping[str, Any]:
        """Named, at least; what they may be is the proposal's to say."""
        given = self.cleaned_data["parameters"]
        if not isinstance(given, Mapping):
            raise ValidationError("Say an object with parameters by name.")
        return given

    def store(self, now: datetime) -> LatencyDecision:
        """Propose it. Raises ValidationError."""
        said = self.cleaned_data
        try:
            return propose(said["name"], said["parameters"], said["note"], self.user, now)
        except BadParameterError as error:
            raise ValidationError({"parameters": str(error)}) from error

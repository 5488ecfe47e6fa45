"""The form of a new API token."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib.postgres.forms import SimpleArrayField
from django.core.validators import RegexValidator

from accounts.models import NAME_PATTERN, ApiToken, Team, User, require_network
from accounts.permissions import Scope
from accounts.services import create_token, lifetime_end
from accounts.subjects import SUBJECTS
from common.clock import database_time
from dashboard.forms.base import StoredForm

SCOPES = [
    (Scope.READ.value, "read: see what the team owns"),
    (Scope.DRAFT.value, "draft: and draft changes"),
    (Scope.PUBLISH.value, "publish: and change what edges answer, drain, report loads"),
    (Scope.ADMINISTER.value, "administer: all that you may"),
]
USUAL_DAYS = 365


class TokenForm(StoredForm):
    name = forms.CharField(
        max_length=63,
        validators=[RegexValidator(NAME_PATTERN, "Use lower-case letters, digits and hyphens, at most 63.")],
        help_text="What it is for, such as deploy-pipeline.",
    )
    scope = forms.ChoiceField(choices=SCOPES, help_text="It never may more than you may at present.")
    days = forms.IntegerField(label="Good for (days)", min_value=1)
    networks = SimpleArrayField(
        forms.CharField(max_length=43, validators=[require_network]),
        required=False,
        help_text="Address blocks it may be used from, with commas between them. Empty: anywhere.",
    )
    only = forms.MultipleChoiceField(
        label="Limited to",
        required=False,
        choices=[(subject, subject) for subject in SUBJECTS],
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: nothing in particular.",
    )

    def __init__(self, *args: object, team: Team, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # forms take many
        self.team, self.user = team, user
        days = self.fields["days"]
        days.initial = min(USUAL_DAYS, settings.TOKEN_MAX_DAYS)
        days.help_text = f"At most {settings.TOKEN_MAX_DAYS}."

    def store(self) -> tuple[ApiToken, str]:
        """The token and its secret. Raises ValidationError."""
        said, now = self.cleaned_data, database_time()
        return create_token(
            self.user,
            self.team,
            said["name"],
            scope=Scope(said["scope"]),
            only=said["only"],
            networks=said["networks"],
            expires=lifetime_end(now + timedelta(days=said["days"]), now, settings.TOKEN_MAX_DAYS),
        )

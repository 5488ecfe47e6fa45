"""Forms that make a team, and change its settings."""

from __future__ import annotations

from django import forms

from accounts.audit.journal import Event
from accounts.models import Team
from accounts.teams import MOST_APPROVALS, change_team, create_team, created
from dashboard.forms.base import StoredForm


class TeamForm(StoredForm):
    """The settings of a team."""

    name = forms.CharField(
        max_length=63, help_text="Lower-case letters, digits and hyphens. Programs and single sign-on know it by this."
    )
    approvals_required = forms.IntegerField(
        label="Approvals that a change needs",
        min_value=0,
        max_value=MOST_APPROVALS,
        initial=0,
        help_text="By how many others it is approved before it is published. 0: nobody is asked.",
    )

    def store_in(self, team: Team) -> Event:
        """Change the team. Returns what the journal says of it. Raises ValidationError."""
        return change_team(team, **self.cleaned_data)


class NewTeamForm(TeamForm):
    """A team to be made."""

    admin = forms.CharField(
        label="First admin",
        max_length=254,
        required=False,
        help_text="A user name or an e-mail address of an account. Admins let others in.",
    )

    def store(self) -> tuple[Team, Event]:
        """Make the team. Returns it, and what the journal says of it. Raises ValidationError."""
        team = create_team(**self.cleaned_data)
        return team, created(team)

"""Forms that let someone into a team, or give them a role for one zone."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from accounts.members import add_member
from accounts.models import Membership, Team
from accounts.permissions import Role
from dashboard.forms.base import StoredForm
from zones.grant_models import ZoneGrant
from zones.grants import grant
from zones.models import Zone

ROLES = [(role.value, role.value) for role in Role]
USER, TEAM = "user", "team"


class MemberForm(StoredForm):
    user = forms.CharField(max_length=254, help_text="A user name or an e-mail address of an account.")
    role = forms.ChoiceField(choices=ROLES)

    def __init__(self, *args: object, team: Team, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # forms take many
        self.team = team

    def store(self) -> Membership:
        """Let them in. Raises ValidationError."""
        return add_member(self.team, self.cleaned_data["user"], Role(self.cleaned_data["role"]))


class GrantForm(StoredForm):
    grantee = forms.ChoiceField(
        label="For", choices=[(USER, "a user"), (TEAM, "all members of a team, as far as their own roles go")]
    )
    name = forms.CharField(max_length=150, help_text="The user name, or the name of the team.")
    role = forms.ChoiceField(choices=ROLES)

    def __init__(self, *args: object, zone: Zone, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # forms take many
        self.zone = zone

    def store(self) -> ZoneGrant:
        """Give the role. Raises ValidationError."""
        said = self.cleaned_data
        try:
            return grant(self.zone, Role(said["role"]), **{said["grantee"]: said["name"]})
        except ValidationError as problem:
            raise ValidationError({"name": problem.messages}) from problem

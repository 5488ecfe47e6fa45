"""Teams: made, named, and how many of them agree before a change is published."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.audit.journal import Event
from accounts.members import add_member
from accounts.models import NAME_PATTERN, Team
from accounts.permissions import Role

MOST_APPROVALS = 20
"""Beyond it a number is a slip of the pen, after which the team could publish no change."""

TAKEN = "Another team has this name."
NAME_HELP = "Use lower-case letters, digits and hyphens, at most 63."


@transaction.atomic
def create_team(name: str, *, approvals_required: int = 0, admin: str = "") -> Team:
    """A new team. `admin`: who is its first, by user name or e-mail address; empty: nobody is in it yet.

    Raises ValidationError naming the field.
    """
    team = Team(name=name, approvals_required=approvals_required)
    _require_sound(team)
    _save(team)
    if admin:
        try:
            add_member(team, admin, Role.ADMIN)
        except ValidationError as problem:
            raise ValidationError({"admin": problem.messages}) from problem
    return team


@transaction.atomic
def change_team(team: Team, *, name: str | None = None, approvals_required: int | None = None) -> Event:
    """Give a team another name or number of approvals; None: as it is. Raises ValidationError naming the field.

    What is approved already is judged by the new number when it is published.
    """
    held = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    before = document_of(held)
    team.name = held.name if name is None else name
    team.approvals_required = held.approvals_required if approvals_required is None else approvals_required
    _require_sound(team)
    _save(team)
    return Event.of_write("teams", held.name, before, document_of(team))


def created(team: Team) -> Event:
    """For the journal: a team that is new."""
    return Event.of_write("teams", team.name, None, document_of(team))


def document_of(team: Team) -> dict[str, Any]:
    """What is said of a team."""
    return {"name": team.name, "approvals_required": team.approvals_required}


def _require_sound(team: Team) -> None:
    errors: dict[str, list[str]] = {}
    if not 0 <= team.approvals_required <= MOST_APPROVALS:
        errors["approvals_required"] = [f"Give a number from 0 to {MOST_APPROVALS}."]
    if not re.fullmatch(NAME_PATTERN, team.name):
        errors["name"] = [NAME_HELP]
    elif Team.objects.filter(name=team.name).exclude(pk=team.pk).exists():
        errors["name"] = [TAKEN]
    if errors:
        raise ValidationError(errors)


def _save(team: Team) -> None:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:  # someone else has just taken the name
        raise ValidationError({"name": [TAKEN]}) from error

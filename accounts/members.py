"""Who is in a team and as what. A team always keeps an admin, so that someone can let others in."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from accounts.audit.journal import Event
from accounts.models import Membership, Team, User
from accounts.permissions import Role

LAST_ADMIN = "This is the only admin of the team: make someone else admin first."


@transaction.atomic
def add_member(team: Team, login: str, role: Role) -> Membership:
    """Let a user into the team. `login`: a user name or an e-mail address. Raises ValidationError naming the field."""
    membership = Membership(team=team, user=_find_user(login), role=role.value)
    try:
        membership.validate_constraints()
    except ValidationError as problem:
        raise ValidationError({"user": problem.messages}) from problem
    membership.save()
    return membership


@transaction.atomic
def change_role(membership: Membership, role: Role) -> Membership:
    """Make a member something else in their team. Raises ValidationError for the last admin."""
    _hold(membership.team)
    membership.refresh_from_db()
    if role != Role.ADMIN:
        _require_another_admin(membership)
    membership.role = role.value
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def remove_member(membership: Membership) -> None:
    """Let a member go, with the tokens they have in the team. Raises ValidationError for the last admin."""
    _hold(membership.team)
    membership.refresh_from_db()
    _require_another_admin(membership)
    membership.user.api_tokens.filter(team=membership.team).delete()
    membership.delete()


def event_of(membership: Membership, before: str | None, after: str | None) -> Event:
    """For the journal: the role that a member had and has; None: they were, or are, no member."""
    documents = [None if role is None else {"role": role} for role in (before, after)]
    return Event.of_write("members", membership.user.get_username(), *documents)


def _find_user(login: str) -> User:
    found = list(User.objects.filter(Q(username=login) | Q(email__iexact=login), is_active=True)[:2])
    if not found:
        raise ValidationError({"user": f"There is no account {login}. Whoever it is for has to sign in once first."})
    if len(found) > 1:
        raise ValidationError({"user": f"Several accounts have the address {login}: give the user name."})
    return found[0]


def _hold(team: Team) -> None:
    """Two admins who remove each other at once wait here for one another."""
    Team.objects.select_for_update().get(pk=team.pk)


def _require_another_admin(membership: Membership) -> None:
    others = Membership.objects.filter(team=membership.team, role=Role.ADMIN, user__is_active=True)
    if membership.role == Role.ADMIN and not others.exclude(pk=membership.pk).exists():
        raise ValidationError({"role": LAST_ADMIN})

"""What a role may do, and what a token may do for whom it stands.

    action        viewer  operator  publisher  approver  admin  administrator of the installation
    view          yes     yes       yes        yes       yes    yes
    draft                 yes       yes        yes       yes    yes
    operate               yes       yes        yes       yes    yes
    publish                         yes        yes       yes    yes
    approve                                    yes       yes    yes
    administer                                           yes    yes
    install                                                     yes

A role is held in a team. A grant holds for one zone and only ever adds to that. A token narrows what its user may at
present: by its scope, and to one team. Nothing here asks a database, a clock or a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What is asked of someone. Every door says which of these it needs."""

    VIEW = "view"
    DRAFT = "draft"
    OPERATE = "operate"
    PUBLISH = "publish"
    APPROVE = "approve"
    ADMINISTER = "administer"
    INSTALL = "install"


class Role(StrEnum):
    """What someone is in a team or for a zone, the least first."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    PUBLISHER = "publisher"
    APPROVER = "approver"
    ADMIN = "admin"


class Scope(StrEnum):
    """How much of what its user may a token may, the least first."""

    READ = "read"
    DRAFT = "draft"
    PUBLISH = "publish"
    ADMINISTER = "administer"


ACTION_WORDS: Mapping[Action, str] = {
    Action.VIEW: "see what the team owns",
    Action.DRAFT: "draft changes",
    Action.OPERATE: "drain and force endpoints, report load and state, mute and acknowledge alerts",
    Action.PUBLISH: "change what edges answer",
    Action.APPROVE: "approve changes of others",
    Action.ADMINISTER: "add members, give roles, make tokens",
    Action.INSTALL: "change what all teams share",
}
"""Each completes "this is needed to …"."""

_OPERATOR = frozenset({Action.VIEW, Action.DRAFT, Action.OPERATE})
_PUBLISHER = _OPERATOR | {Action.PUBLISH}
_APPROVER = _PUBLISHER | {Action.APPROVE}
_ADMIN = _APPROVER | {Action.ADMINISTER}

MAY: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.VIEW}),
    Role.OPERATOR: _OPERATOR,
    Role.PUBLISHER: _PUBLISHER,
    Role.APPROVER: _APPROVER,
    Role.ADMIN: _ADMIN,
}
EVERYTHING = frozenset(Action)

SCOPE_ALLOWS: Mapping[Scope, frozenset[Action]] = {
    Scope.READ: frozenset({Action.VIEW}),
    Scope.DRAFT: frozenset({Action.VIEW, Action.DRAFT}),
    Scope.PUBLISH: _PUBLISHER,
    Scope.ADMINISTER: EVERYTHING,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who asks: what they are in teams, what they were granted for zones, and what their token leaves of it."""

    roles: Mapping[int, Role] = field(default_factory=dict)
    """By the id of the team."""

    granted: Mapping[int, frozenset[Action]] = field(default_factory=dict)
    """By the id of the zone."""

    runs_installation: bool = False
    scope: Scope | None = None
    """Of the token; None: no token stands between."""


def allowed(actor: Actor, action: Action, team: int, zone: int | None = None) -> bool:
    """Whether `actor` may do that with what the team of this id owns, or with its zone of that id."""
    if actor.scope is not None and action not in SCOPE_ALLOWS[actor.scope]:
        return False
    if actor.runs_installation:
        return True
    role = actor.roles.get(team)
    if role is not None and action in MAY[role]:
        return True
    return zone is not None and action in actor.granted.get(zone, frozenset())


def roles_that_may(action: Action) -> list[Role]:
    """The roles that allow it, the least first; none where only the installation's administrators may."""
    return [role for role in Role if action in MAY[role]]


def scopes_that_allow(action: Action) -> list[Scope]:
    """The scopes of tokens that allow it, the least first."""
    return [scope for scope in Scope if action in SCOPE_ALLOWS[scope]]

"""What each page needs. A route that is not here answers nobody: see dashboard.guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accounts.permissions import Action


@dataclass(frozen=True, slots=True)
class Needs:
    """What is needed to read a page and to send its form. None: a login, and no role."""

    read: Action | None
    write: Action | None
    zone: str = ""
    """The part of the URL that names a zone: what was granted for that zone counts too."""

    granted: bool = False
    """Whether it is enough to have been granted anything for some zone."""

    drafts: bool = False
    """Whether its form can be put into a change instead, which who may only draft may do too."""


VIEW = Needs(Action.VIEW, Action.VIEW)
OPERATE = Needs(Action.OPERATE, Action.OPERATE)
PUBLISH = Needs(Action.PUBLISH, Action.PUBLISH)
ADMINISTER = Needs(Action.ADMINISTER, Action.ADMINISTER)
INSTALL = Needs(Action.INSTALL, Action.INSTALL)
DRAFT = Needs(Action.DRAFT, Action.DRAFT)
DECLARE = Needs(Action.DRAFT, Action.PUBLISH, drafts=True)
RECORDS = Needs(Action.DRAFT, Action.PUBLISH, zone="origin", drafts=True)
ANYBODY = Needs(None, None)


def of_section(slug: str, *, write: Needs = DECLARE, editable: bool = True) -> Iterator[tuple[str, Needs]]:
    """The pages that every kind of object has."""
    yield slug, VIEW
    yield f"{slug}-show", VIEW
    for page in ("new", "delete", *(["edit"] if editable else [])):
        yield f"{slug}-{page}", write


PAGES: Mapping[str, Needs] = {
    "overview": VIEW,
    "live": VIEW,
    "explain": VIEW,
    "news": VIEW,
    "search": VIEW,
    "preferences": ANYBODY,
    "audit": VIEW,
    "audit-show": VIEW,
    "changes": Needs(Action.VIEW, Action.VIEW, granted=True),
    "changes-new": DRAFT,
    "changes-show": Needs(Action.VIEW, Action.VIEW, granted=True),
    "changes-plan": Needs(Action.VIEW, Action.VIEW, granted=True),
    "changes-act": Needs(Action.DRAFT, Action.DRAFT, granted=True),  # judged by the zones it touches, and by the step
    "snapshots-roll-back": DRAFT,
    "capacity": VIEW,
    "fleet": VIEW,
    "health": VIEW,
    "health-acknowledge": OPERATE,
    "snapshots": VIEW,
    "snapshots-show": VIEW,
    "snapshots-release": PUBLISH,
    "deliveries": VIEW,
    "deliveries-show": VIEW,
    "deliveries-resend": OPERATE,
    "latency": VIEW,
    "latency-propose": INSTALL,
    "latency-ask": INSTALL,
    "latency-promote": INSTALL,
    "latency-return": INSTALL,
    "team-choose": ANYBODY,
}
TEAM: Mapping[str, Needs] = {
    "members": Needs(Action.VIEW, Action.ADMINISTER),
    "members-role": ADMINISTER,
    "members-remove": ADMINISTER,
    "teams": INSTALL,
    "team-settings": ADMINISTER,
    **dict(of_section("tokens", write=ADMINISTER, editable=False)),
    "tokens": ADMINISTER,
    "tokens-show": ADMINISTER,
}
OBJECTS: Mapping[str, Needs] = {
    **dict(of_section("regions")),
    **dict(of_section("sites")),
    **dict(of_section("nodes", write=ADMINISTER)),  # a node fetches what every team has published
    "nodes-token": ADMINISTER,
    "nodes-enrolment": ADMINISTER,
    **dict(of_section("endpoints")),
    "endpoints-history": VIEW,
    "endpoints-load": PUBLISH,
    "endpoints-load-delete": PUBLISH,
    "endpoints-force": OPERATE,
    "endpoints-force-delete": OPERATE,
    **dict(of_section("pools")),
    **dict(of_section("checks")),
    "checks-history": VIEW,
    "checks-push-url": PUBLISH,
    **dict(of_section("policies")),
    "policies-bind": PUBLISH,
    "policies-unbind": PUBLISH,
    "policies-preview": DRAFT,
    "policies-preview-new": DRAFT,
    "policies-simulate": VIEW,
    "policies-shadow": PUBLISH,
    "policies-shadow-stop": PUBLISH,
    **dict(of_section("channels", write=PUBLISH)),  # where they send to is secret, and changes are read by everybody
    "channels-test": OPERATE,
    **dict(of_section("alert-rules")),
    "alert-rules-mute": OPERATE,
}
ZONES: Mapping[str, Needs] = {
    **dict(of_section("zones", editable=False)),
    "zones": Needs(Action.VIEW, Action.VIEW, granted=True),
    "zones-show": Needs(Action.VIEW, Action.VIEW, zone="key"),
    "zones-delete": Needs(Action.DRAFT, Action.PUBLISH, zone="key", drafts=True),
    "zones-import": Needs(Action.DRAFT, Action.DRAFT, zone="origin"),  # what is sent is looked at; to take it asks more
    "zones-export": Needs(Action.VIEW, Action.VIEW, zone="key"),
    "grants": Needs(Action.ADMINISTER, Action.ADMINISTER, zone="origin"),
    "grants-remove": Needs(Action.ADMINISTER, Action.ADMINISTER, zone="origin"),
    "zones-undo": Needs(Action.PUBLISH, Action.PUBLISH, zone="origin"),
    "zones-delegation": Needs(Action.VIEW, Action.VIEW, zone="origin"),
    "zones-import-new": DRAFT,
    "imports-draft": Needs(Action.VIEW, Action.VIEW, granted=True),  # one's own; taking it asks for more
    "imports-difference": Needs(Action.VIEW, Action.VIEW, granted=True),
    "records-row": Needs(Action.VIEW, Action.PUBLISH, zone="origin", drafts=True),
    "records-row-delete": Needs(Action.PUBLISH, Action.PUBLISH, zone="origin"),
    "records-bulk": Needs(Action.DRAFT, Action.DRAFT, zone="origin"),  # carrying it out asks for more
    "records-new": RECORDS,
    "records-edit": RECORDS,
    "records-delete": RECORDS,
}
NEEDS: Mapping[str, Needs] = {**PAGES, **TEAM, **OBJECTS, **ZONES}
"""By the name of the route."""

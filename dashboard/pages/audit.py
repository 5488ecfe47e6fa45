"""The journal: who did what, when and from where, and what each write changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse

from accounts.audit.models import AuditEntry
from accounts.services import team_of
from changes.planning import differences
from dashboard.access import signed_in
from dashboard.section import ROWS_A_PAGE
from documents.kinds import KINDS, RECORD_SETS, ZONES

FILTERS = ("kind", "action", "actor", "change", "since", "until")


@login_required
def index(request: HttpRequest) -> HttpResponseBase:
    """Entries, the newest first, searched and narrowed down; older ones by the number of the last one seen."""
    asked = {name: request.GET.get(name, "").strip() for name in ("q", *FILTERS)}
    matching = _matching(_visible(request), asked)
    before = request.GET.get("before", "")
    if before.isdecimal():
        matching = matching.filter(pk__lt=int(before))
    found = list(matching[: ROWS_A_PAGE + 1])
    shown = found[:ROWS_A_PAGE]
    context = {
        "entries": [(entry, len(differences(entry.before, entry.after))) for entry in shown],
        "older": shown[-1].pk if len(found) > len(shown) else None,
        "searched": asked["q"],
        "asked": asked,
        "is_narrowed": any(asked.values()) or bool(before),
        "kinds": [*KINDS, "changes", "forced", "grants", "members", "tokens"],
        "actions": ["create", "update", "delete"],
    }
    return render(request, "dashboard/audit/index.html", context)


@login_required
def show(request: HttpRequest, key: int) -> HttpResponseBase:
    """One entry: what was before, what is after, and in which fields they differ."""
    entry = get_object_or_404(_visible(request), pk=key)
    context = {
        "entry": entry,
        "differences": differences(entry.before, entry.after),
        "link": _link(entry),
        "others": _visible(request).filter(kind=entry.kind, key=entry.key).exclude(pk=entry.pk)[:10],
    }
    return render(request, "dashboard/audit/show.html", context)


def _visible(request: HttpRequest) -> QuerySet[AuditEntry]:
    """A team's entries; an administrator sees all, and what concerns every team."""
    user = signed_in(request)
    entries = AuditEntry.objects.all()
    return entries if user.is_superuser else entries.filter(team=team_of(user), team__isnull=False)


def _matching(entries: QuerySet[AuditEntry], asked: dict[str, str]) -> QuerySet[AuditEntry]:
    if asked["q"]:
        match = Q()
        for column in ("key", "kind", "action", "actor", "token"):
            match |= Q(**{f"{column}__icontains": asked["q"]})
        entries = entries.filter(match)
    for name in ("kind", "action", "actor"):
        if asked[name]:
            entries = entries.filter(**{name: asked[name]})
    if asked["change"].isdecimal():
        entries = entries.filter(change=int(asked["change"]))
    for name, lookup in (("since", "at__gte"), ("until", "at__lt")):
        if (moment := _moment(asked[name])) is not None:
            entries = entries.filter(**{lookup: moment})
    return entries


def _moment(text: str) -> datetime | None:
    """As a browser sends it; in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _link(entry: AuditEntry) -> str | None:
    """Where the object is now, if it still is."""
    kind: Any = KINDS.get(entry.kind)
    if kind is None or entry.team is None:
        return None
    try:
        row = kind.find(entry.team, kind.key_in(entry.after or {}, entry.key))
    except ValueError:
        return None
    if row is None:
        return None
    if kind is ZONES or kind is RECORD_SETS:
        return reverse("zones-show", args=[row.origin if kind is ZONES else row.zone.origin])
    return reverse(f"{kind.plural}-show", args=[row.pk])


urlpatterns: list[URLPattern] = [
    path("audit/", index, name="audit"),
    path("audit/<int:key>/", show, name="audit-show"),
]

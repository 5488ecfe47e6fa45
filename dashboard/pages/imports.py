"""Zone files: sent, mended, looked at as a difference, taken.

file ──► lines to mend ◄──┐
  └──► draft ──► difference ──► taken, if the zone is still as it was, or put into a change
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.datastructures import MultiValueDict

from accounts.models import Team
from accounts.permissions import Action
from dashboard.access import signed_in, team_for_writing
from dashboard.drafting import put, tried, tried_in_zone
from dashboard.forms.imports import NewZoneFileForm, ZoneFileForm
from dashboard.guard import may_with_zone, require
from dashboard.noting import actor_of
from dashboard.writing import declare, is_drafted, sent
from dashboard.zone_access import author_of, zone_of
from documents.journal import writing
from documents.kinds import ZONES
from zones.differences import Difference
from zones.edits import MOST_RECORD_SETS, ChangedSinceError
from zones.imports import Imported, preview, take
from zones.models import ImportDraft

MOST_SHOWN = 200


@login_required
def import_new(request: HttpRequest) -> HttpResponseBase:
    """A file that becomes a new zone."""
    team_for_writing(signed_in(request))
    return _send(request, NewZoneFileForm(_typed(request), _files(request), zone=None, author=author_of(request)))


@login_required
def import_file(request: HttpRequest, origin: str) -> HttpResponseBase:
    """A file that its zone becomes."""
    zone = zone_of(request, origin)
    return _send(request, ZoneFileForm(_typed(request), _files(request), zone=zone, author=author_of(request)))


@login_required
def draft(request: HttpRequest, key: int) -> HttpResponseBase:
    """The difference that a file makes, and the button that takes it."""
    looked_at = _draft(request, key)
    searched = request.GET.get("q", "").strip()
    try:
        if request.method == "POST":
            return _put(request, looked_at) if is_drafted(request) else _take(request, looked_at)
        found = preview(looked_at)
    except ChangedSinceError:
        return _refresh(request, looked_at)
    matching = [difference for difference in found if searched.lower() in _line(difference).lower()]
    context = {
        "draft": looked_at,
        "counts": Counter(difference.kind for difference in found),
        "count": len(found),
        "matching": len(matching),
        "differences": matching[:MOST_SHOWN],
        "searched": searched,
        "may_take": may_with_zone(request, Action.PUBLISH, looked_at.zone),
        "is_final": len(found) > MOST_RECORD_SETS and looked_at.zone is not None,
    }
    return render(request, "dashboard/zones/draft.html", context)


@login_required
def draft_difference(request: HttpRequest, key: int) -> HttpResponseBase:
    """The whole difference as a text."""
    looked_at = _draft(request, key)
    try:
        found = preview(looked_at)
    except ChangedSinceError:
        return redirect("imports-draft", looked_at.pk)
    response = HttpResponse("".join(_as_text(found)), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{looked_at.origin}diff"'
    return response


def _send(request: HttpRequest, form: ZoneFileForm) -> HttpResponse:
    if form.is_bound and form.is_valid():
        return redirect("imports-draft", form.store().pk)
    context = {"object": form.zone, "form": form}
    return render(request, "dashboard/zones/import.html", context, status=422 if form.is_bound else 200)


def _take(request: HttpRequest, looked_at: ImportDraft) -> HttpResponseBase:
    require(request, Action.PUBLISH, looked_at.zone)
    author = author_of(request)
    team = looked_at.zone.team if looked_at.zone else team_for_writing(signed_in(request))
    write = partial(take, looked_at, author, team)
    try:
        imported = declare(write if looked_at.zone else partial(_made, request, team, write))
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return redirect("imports-draft", looked_at.pk)
    result = imported.result
    told = f"{result.added} record sets added, {result.changed} changed, {result.removed} removed."
    messages.success(request, f"Zone file imported: {told}")
    return redirect("zones-show", imported.zone.origin)


def _put(request: HttpRequest, looked_at: ImportDraft) -> HttpResponseBase:
    """Put what the file does into a change. The file stays, to be looked at again."""
    zone, key = looked_at.zone, looked_at.pk  # the trial deletes the file, and takes that back
    require(request, Action.DRAFT, zone)
    team = zone.team if zone else team_for_writing(signed_in(request))
    try:
        if zone:
            events = tried_in_zone(request, lambda author: take(looked_at, author, team))
        else:
            author = author_of(request)
            events = tried(request, team, ZONES, None, lambda: take(looked_at, author, team).zone)
        title = f"Import the zone file of {zone}" if zone else f"New zone {looked_at.origin}"
        change = put(request, team, events, title)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return redirect("imports-draft", key)
    messages.success(request, f"It is in change {change.number}. Nothing happens before that is published.")
    return redirect("changes-show", change.number)


def _made(request: HttpRequest, team: Team, write: Callable[[], Imported]) -> Imported:
    """A new zone, with its record sets, written down."""
    with writing(actor_of(request), team, ZONES, None) as going_on:
        imported = write()
        going_on.made = imported.zone
    return imported


def _refresh(request: HttpRequest, looked_at: ImportDraft) -> HttpResponse:
    """The zone has changed since the difference was shown: judge the file again, against what there is now."""
    messages.warning(request, "The zone changed since the difference was shown. This is the difference now.")
    zone = zone_of(request, looked_at.origin)
    form = ZoneFileForm({"text": looked_at.text}, zone=zone, author=author_of(request))
    return _send(request, form)


def _draft(request: HttpRequest, key: int) -> ImportDraft:
    """Their own, and if it is for a zone, one they may see."""
    found = get_object_or_404(ImportDraft.objects.select_related("zone"), person=signed_in(request), pk=key)
    if found.zone is not None:
        found.zone = zone_of(request, found.zone.origin)
    return found


def _line(difference: Difference) -> str:
    return " ".join([*difference.key, difference.kind, *(line for _, line in difference.lines)])


def _as_text(found: list[Difference]) -> Iterator[str]:
    for difference in found:
        name, type_ = difference.key
        yield from (f"{sign} {name} {type_} {line}\n" for sign, line in difference.lines)


def _typed(request: HttpRequest) -> dict[str, Any] | None:
    given = sent(request)
    return None if given is None else given.dict()


def _files(request: HttpRequest) -> MultiValueDict[str, UploadedFile[bytes]] | None:
    return request.FILES if request.method == "POST" else None


urlpatterns: list[URLPattern] = [
    path("zones/import/", import_new, name="zones-import-new"),
    path("zones/<str:origin>/import/", import_file, name="zones-import"),
    path("imports/<int:key>/", draft, name="imports-draft"),
    path("imports/<int:key>/difference/", draft_difference, name="imports-difference"),
]

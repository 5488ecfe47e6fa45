"""Record sets of a zone: the forms behind the zone's table."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from accounts.audit.models import Action
from changes.models import Change
from dashboard.drafting import draft, put
from dashboard.forms.zones import RecordSetForm
from dashboard.guard import require_to_write
from dashboard.writing import declare, field_asked, field_problems, is_drafted, sent
from dashboard.zone_access import author_of, zone_of
from documents.kinds import RECORD_SETS
from zones.edits import ChangedSinceError, remove_record_set, undo, undoable
from zones.models import RecordSet, Zone, ZoneEdit
from zones.names import InvalidNameError, parse_owner
from zones.versions import version_of


@login_required
def create(request: HttpRequest, origin: str) -> HttpResponseBase:
    """The form for a new record set."""
    return _write(request, zone_of(request, origin), None)


@login_required
def edit(request: HttpRequest, origin: str, key: int) -> HttpResponseBase:
    """The form for a record set of fixed data."""
    zone = zone_of(request, origin)
    return _write(request, zone, get_object_or_404(zone.record_sets.filter(steered=False), pk=key))


@login_required
def delete(request: HttpRequest, origin: str, key: int) -> HttpResponseBase:
    """Ask, then delete a record set."""
    zone = zone_of(request, origin)
    doomed = get_object_or_404(zone.record_sets.filter(steered=False), pk=key)
    problems: list[str] = []
    if request.method == "POST" and is_drafted(request):
        declared = RECORD_SETS.declared(zone.team, doomed)
        gone = Event(RECORD_SETS.plural, RECORD_SETS.key_of(doomed), Action.DELETE, declared, None)
        return _drafted(request, put(request, zone.team, [gone], f"Delete {doomed} of {zone}"))
    if request.method == "POST":
        require_to_write(request)
        problems = _removed(request, zone, (doomed.name, doomed.type), request.POST.get("seen", ""))
        if not problems:
            return redirect("zones-show", zone.origin)
    context = {"object": doomed, "problems": problems, "seen": version_of(doomed.type, doomed.ttl_s, doomed.rdatas)}
    return _render(request, "delete", zone, context)


@login_required
def row(request: HttpRequest, origin: str) -> HttpResponseBase:
    """One row of the table: to read, to edit in place, or to add. Empty for one that has gone."""
    zone = zone_of(request, origin)
    shown = _asked_for(request, zone)
    if request.method == "POST":
        return _save_row(request, zone, shown)
    if "new" in request.GET or (shown and "edit" in request.GET):
        form = RecordSetForm(zone=zone, author=author_of(request), edited=shown)
        return _render(request, "row_form", zone, {"form": form, "record_set": shown})
    return _render(request, "row", zone, {"record_set": shown}) if shown else HttpResponse()


@login_required
@require_POST
def remove_row(request: HttpRequest, origin: str) -> HttpResponseBase:
    """Delete the record set of a row. No question is asked: it can be undone."""
    zone = zone_of(request, origin)
    shown = _asked_for(request, zone)
    if shown is None:
        return _render(request, "row_gone", zone, last_edit(request, zone))
    key, seen = (shown.name, shown.type), request.POST.get("seen", "")
    form = RecordSetForm(request.POST, zone=zone, author=author_of(request), edited=shown)
    try:
        declare(lambda: remove_record_set(zone, form.author, key, seen=seen))
    except ChangedSinceError as conflict:
        form.confront(conflict)
    except ValidationError as problem:
        form.refuse(problem)
    else:
        return _render(request, "row_gone", zone, last_edit(request, zone))
    return _render(request, "row_form", zone, {"form": form, "record_set": shown}, 422)


@login_required
@require_POST
def undo_edit(request: HttpRequest, origin: str) -> HttpResponseBase:
    """Take back what the user did to the zone."""
    zone, number = zone_of(request, origin), request.POST.get("edit", "")
    try:
        undone = declare(lambda: undo(zone, author_of(request), int(number) if number.isdecimal() else 0))
    except ZoneEdit.DoesNotExist:
        messages.error(request, "There is nothing to undo: it was undone already, or is more than a day old.")
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    else:
        messages.success(request, f"{undone or 'Undone'}, and being published.")
    return redirect("zones-show", zone.origin)


def last_edit(request: HttpRequest, zone: Zone) -> dict[str, Any]:
    """What the user did to the zone last, if they can take it back."""
    return {"edit": undoable(zone, author_of(request)).only("id", "summary", "at", "zone_id").first()}


def _save_row(request: HttpRequest, zone: Zone, shown: RecordSet | None) -> HttpResponseBase:
    form = RecordSetForm(request.POST, zone=zone, author=author_of(request), edited=shown)
    if is_drafted(request) and (change := _draft(request, form)) is not None:
        return _render(request, "row_drafted", zone, {"key": form.key, "record_set": shown, "drafted": change})
    if is_drafted(request) or not _written(request, form):
        return _render(request, "row_form", zone, {"form": form, "record_set": shown}, 422)
    name, type_ = form.key
    stored = zone.record_sets.filter(name=name, type=type_).first()
    return _render(request, "row", zone, {"record_set": stored, "is_saved": True} | last_edit(request, zone))


def _asked_for(request: HttpRequest, zone: Zone) -> RecordSet | None:
    """The static record set of the query's name and type."""
    try:
        name = parse_owner(request.GET.get("name", ""), zone.origin)
    except InvalidNameError:
        return None
    return zone.record_sets.filter(steered=False, name=name, type=request.GET.get("type", "")).first()


def _write(request: HttpRequest, zone: Zone, edited: RecordSet | None) -> HttpResponseBase:
    form = RecordSetForm(sent(request), zone=zone, author=author_of(request), edited=edited)
    if field := field_asked(request):
        return field_problems(request, form, field)
    if form.is_bound and is_drafted(request):
        if (change := _draft(request, form)) is not None:
            return _drafted(request, change)
    elif form.is_bound and _written(request, form):
        messages.success(request, f"{' '.join(form.key)} is saved and being published.")
        return redirect("zones-show", zone.origin)
    return _render(request, "form", zone, {"form": form, "object": edited}, 422 if form.is_bound else 200)


def _draft(request: HttpRequest, form: RecordSetForm) -> Change | None:
    """The change that holds what the form says; None: the form says why there is none."""
    if not form.is_valid():
        return None
    zone, (name, type_) = form.zone, form.key
    present = zone.record_sets.filter(name=name, type=type_).first()

    def write() -> RecordSet:
        form.store()
        return zone.record_sets.get(name=name, type=type_)

    title = f"{'Edit' if present else 'New'} record set {name} {type_} of {zone}"
    try:
        return draft(request, zone.team, RECORD_SETS, present, write, title)
    except ChangedSinceError as conflict:
        form.confront(conflict)
    except ValidationError as problem:
        form.refuse(problem)
    return None


def _drafted(request: HttpRequest, change: Change) -> HttpResponseBase:
    messages.success(request, f"It is in change {change.number}. Nothing happens before that is published.")
    return redirect("changes-show", change.number)


def _written(request: HttpRequest, form: RecordSetForm) -> bool:
    require_to_write(request)
    return _stored(form)


def _stored(form: RecordSetForm) -> bool:
    """Whether what the form says is written; if not, it says why."""
    if not form.is_valid():
        return False
    try:
        declare(form.store)
    except ChangedSinceError as conflict:
        form.confront(conflict)
    except ValidationError as problem:
        form.refuse(problem)
    else:
        return True
    return False


def _removed(request: HttpRequest, zone: Zone, key: tuple[str, str], seen: str) -> list[str]:
    """Why a record set could not be deleted; nothing if it was."""
    try:
        declare(lambda: remove_record_set(zone, author_of(request), key, seen=seen))
    except ChangedSinceError as conflict:
        return [f"{conflict} Look at what is there now, and try again."]
    except ValidationError as problem:
        return problem.messages
    messages.success(request, f"{' '.join(key)} is deleted.")
    return []


def _render(
    request: HttpRequest, page: str, zone: Zone, context: dict[str, Any], status: int = 200
) -> HttpResponseBase:
    return render(request, f"dashboard/records/{page}.html", {"zone": zone} | context, status=status)


urlpatterns: list[URLPattern] = [
    path("zones/<str:origin>/records/new/", create, name="records-new"),
    path("zones/<str:origin>/records/row/", row, name="records-row"),
    path("zones/<str:origin>/records/row/delete/", remove_row, name="records-row-delete"),
    path("zones/<str:origin>/records/<int:key>/", edit, name="records-edit"),
    path("zones/<str:origin>/records/<int:key>/delete/", delete, name="records-delete"),
    path("zones/<str:origin>/undo/", undo_edit, name="zones-undo"),
]

"""Record sets of a zone: the forms behind the zone's table."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path

from accounts.audit.journal import Event
from accounts.audit.models import Action
from changes.models import Change
from dashboard.access import signed_in, visible
from dashboard.drafting import draft, is_drafted, put
from dashboard.forms.zones import RecordSetForm
from dashboard.noting import noted
from dashboard.writing import declare, field_asked, field_problems, sent
from documents.kind import Document
from documents.kinds import RECORD_SETS
from zones.models import RecordSet, Zone
from zones.services import delete_record_set


@login_required
def create(request: HttpRequest, origin: str) -> HttpResponseBase:
    """The form for a new record set."""
    return _write(request, _zone(request, origin), None)


@login_required
def edit(request: HttpRequest, origin: str, key: int) -> HttpResponseBase:
    """The form for a record set of fixed data."""
    zone = _zone(request, origin)
    return _write(request, zone, get_object_or_404(zone.record_sets.filter(steered=False), pk=key))


@login_required
def delete(request: HttpRequest, origin: str, key: int) -> HttpResponseBase:
    """Ask, then delete a record set."""
    zone = _zone(request, origin)
    doomed = get_object_or_404(zone.record_sets.filter(steered=False), pk=key)
    problems: list[str] = []
    if request.method == "POST":
        if is_drafted(request):
            gone = Event(RECORD_SETS.plural, RECORD_SETS.key_of(doomed), Action.DELETE, _declared(zone, doomed), None)
            return _drafted(request, put(request, zone.team, [gone], f"Delete {doomed} of {zone}"))
        try:
            removal = partial(delete_record_set, zone, doomed.name, doomed.type)
            declare(noted(request, zone.team, RECORD_SETS, doomed, removal))
        except ValidationError as problem:
            problems = problem.messages
        else:
            messages.success(request, f"{doomed} is deleted.")
            return redirect("zones-show", zone.origin)
    return _render(request, "delete", zone, {"object": doomed, "problems": problems})


def _write(request: HttpRequest, zone: Zone, edited: RecordSet | None) -> HttpResponseBase:
    form = RecordSetForm(sent(request), zone=zone, edited=edited)
    if field := field_asked(request):
        return field_problems(request, form, field)
    if form.is_bound and form.is_valid():
        key = {"name": form.cleaned_data["name"], "type": form.cleaned_data["type"]}
        present = edited or zone.record_sets.filter(**key).first()
        try:
            if is_drafted(request):
                title = f"{'Edit' if present else 'New'} record set {key['name']} {key['type']} of {zone}"
                return _drafted(request, draft(request, zone.team, RECORD_SETS, present, form.store, title))
            stored = declare(noted(request, zone.team, RECORD_SETS, present, form.store))
        except ValidationError as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"{stored} is saved and being published.")
            return redirect("zones-show", zone.origin)
    return _render(request, "form", zone, {"form": form, "object": edited}, 422 if form.is_bound else 200)


def _drafted(request: HttpRequest, change: Change) -> HttpResponseBase:
    messages.success(request, f"It is in change {change.number}. Nothing happens before that is published.")
    return redirect("changes-show", change.number)


def _declared(zone: Zone, record_set: RecordSet) -> Document:
    return RECORD_SETS.declared(zone.team, record_set)


def _zone(request: HttpRequest, origin: str) -> Zone:
    return get_object_or_404(visible(Zone.objects.all(), signed_in(request)), origin=origin)


def _render(
    request: HttpRequest, page: str, zone: Zone, context: dict[str, Any], status: int = 200
) -> HttpResponseBase:
    return render(request, f"dashboard/records/{page}.html", {"zone": zone} | context, status=status)


urlpatterns: list[URLPattern] = [
    path("zones/<str:origin>/records/new/", create, name="records-new"),
    path("zones/<str:origin>/records/<int:key>/", edit, name="records-edit"),
    path("zones/<str:origin>/records/<int:key>/delete/", delete, name="records-delete"),
]

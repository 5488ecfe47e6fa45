"""Who may do what with one zone, beside what they may in its team."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from dashboard.access import signed_in, visible
from dashboard.forms.members import GrantForm
from dashboard.noting import tell
from dashboard.section import ROWS_A_PAGE
from dashboard.writing import field_asked, field_problems, sent
from zones.grants import event_of
from zones.models import Zone


def index(request: HttpRequest, origin: str) -> HttpResponseBase:
    """The roles that were given for the zone, and the form that gives another one."""
    zone = _zone(request, origin)
    form = GrantForm(sent(request), zone=zone)
    if field := field_asked(request):
        return field_problems(request, form, field)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                made = form.store()
                tell(request, zone.team, event_of(made))
        except ValidationError as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"{made.grantee} is {made.role} for {zone} now.")
            return redirect("grants", zone.origin)
    grants = zone.grants.select_related("user", "team")
    page = Paginator(grants, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {"zone": zone, "form": form, "page": page}
    return render(request, "dashboard/grants/index.html", context, status=422 if form.is_bound else 200)


@require_POST
def remove(request: HttpRequest, origin: str, key: int) -> HttpResponseBase:
    """Take a role for the zone away."""
    zone = _zone(request, origin)
    given = get_object_or_404(zone.grants.select_related("user", "team"), pk=key)
    with transaction.atomic():
        tell(request, zone.team, event_of(given, is_taken=True))
        given.delete()
    messages.success(request, f"{given.grantee} has no role for {zone} any more.")
    return redirect("grants", zone.origin)


def _zone(request: HttpRequest, origin: str) -> Zone:
    return get_object_or_404(visible(Zone.objects.select_related("team"), signed_in(request)), origin=origin)


urlpatterns = [
    path("zones/<str:origin>/access/", index, name="grants"),
    path("zones/<str:origin>/access/<int:key>/remove/", remove, name="grants-remove"),
]

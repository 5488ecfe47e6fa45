"""Whether the world finds a zone: what to enter at the registrar, and what its name servers say."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path

from dashboard.zone_access import zone_of
from zones.delegation import for_registrar
from zones.delegation_report import declared, report


@login_required
def delegation(request: HttpRequest, origin: str) -> HttpResponseBase:
    """The page says what the delegation should be; a post asks what it is."""
    zone = zone_of(request, origin)
    said = declared(zone)
    context = {"object": zone, "registrar": for_registrar(said), "report": None}
    if request.method == "POST":
        context["report"] = report(said, allow_private=settings.PROBE_PRIVATE_ADDRESSES)
    return render(request, "dashboard/zones/delegation.html", context)


urlpatterns: list[URLPattern] = [path("zones/<str:origin>/delegation/", delegation, name="zones-delegation")]

"""Search: a page of its own, and the part of it that the palette shows while someone types."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.vary import vary_on_headers

from dashboard.access import signed_in
from dashboard.search import count, search
from dashboard.section import Section

IN_PALETTE = 5
ON_PAGE = 25
MOST_TYPED = 254
"""Letters: a name is no longer."""


@login_required
@vary_on_headers("HX-Request")
def search_page(request: HttpRequest, sections: list[Section[Any]]) -> HttpResponseBase:
    """What matches, by kind."""
    asked = request.GET.get("q", "")[:MOST_TYPED]
    in_palette = request.headers.get("HX-Request") == "true"
    groups = search(sections, signed_in(request), asked, IN_PALETTE if in_palette else ON_PAGE)
    page = "found" if in_palette else "index"
    context = {"asked": asked.strip(), "groups": groups, "count": count(groups)}
    return render(request, f"dashboard/search/{page}.html", context)

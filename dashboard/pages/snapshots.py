"""Published generations, what each changed, and what is held back."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import islice

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accounts.audit.journal import Event
from accounts.services import team_of
from dashboard.access import signed_in, visible
from dashboard.exports import exported, format_asked, stored
from dashboard.forms.brake import ReleaseForm
from dashboard.generations import refusals_for, told_to, zones_told
from dashboard.noting import tell
from dashboard.section import ROWS_A_PAGE
from dashboard.tables import Column, heads_of, ordered
from dashboard.writing import sent
from regions.models import EdgeNode
from snapshots.fleet import edges_of, published_generation
from snapshots.models import Snapshot
from snapshots.services import contents_of

MOST_ZONES = 200
"""Listed of what a generation is made of."""

COLUMNS = (
    Column("generation", "Generation", lambda snapshot: snapshot.generation, ("generation",)),
    Column("published", "Published", lambda snapshot: snapshot.created, ("created",)),
    Column("changes", "What changed", lambda snapshot: snapshot.changes),
    Column("fetched_octets", "To fetch", lambda snapshot: snapshot.fetched_octets, shown=False),
)


@login_required
def index(request: HttpRequest) -> HttpResponseBase:
    """The generations, newest first; or all of them as a file."""
    user = signed_in(request)
    generations = ordered(Snapshot.objects.defer("manifest"), COLUMNS, request.GET.get("sort", ""))
    if file_format := format_asked(request):
        return exported("snapshots", COLUMNS, stored(generations, partial(told_to, user)), file_format)
    nodes = visible(EdgeNode.objects.all(), user)
    page = Paginator(generations, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "generations": told_to(user, page),
        "heads": heads_of(COLUMNS, request.GET),
        "refusals": refusals_for(user),
        "newest": published_generation(),
        "edges": edges_of(nodes, datetime.now(UTC)),
    }
    return render(request, "dashboard/snapshots/index.html", context)


@login_required
def release(request: HttpRequest, key: int) -> HttpResponseBase:
    """Say why a change is meant that deletes or moves much, and have it published."""
    refusal = next((one for one in refusals_for(signed_in(request)) if one.pk == key and one.is_held), None)
    if refusal is None:
        raise Http404
    form = ReleaseForm(sent(request))
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                released = form.store(refusal, signed_in(request), datetime.now(UTC))
                said = {"reason": released.reason}
                tell(request, team_of(signed_in(request)), Event("releases", released.part, "release", after=said))
        except ValidationError as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"{released.part} is published in a moment.")
            return redirect("snapshots")
    context = {"refusal": refusal, "form": form}
    return render(request, "dashboard/snapshots/release.html", context, status=422 if form.is_bound else 200)


@login_required
def show(request: HttpRequest, generation: int) -> HttpResponseBase:
    """One generation: what it changed and what it is made of."""
    user = signed_in(request)
    [snapshot] = told_to(user, [get_object_or_404(Snapshot, generation=generation)])
    contents = contents_of(snapshot)
    zones = zones_told(user, dict(contents.zones))
    context = {
        "snapshot": snapshot,
        "contents": contents,
        "zones": dict(islice(zones.items(), MOST_ZONES)),
        "more_zones": max(0, len(zones) - MOST_ZONES),
    }
    return render(request, "dashboard/snapshots/show.html", context)

"""Published generations, what each changed, and what is held back."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accounts.audit.journal import Event
from accounts.services import team_of
from dashboard.access import signed_in, visible
from dashboard.exports import exported, format_asked, stored
from dashboard.forms.brake import ReleaseForm
from dashboard.noting import tell
from dashboard.section import ROWS_A_PAGE
from dashboard.tables import Column, heads_of, ordered
from dashboard.writing import sent
from regions.models import EdgeNode
from snapshots.fleet import edges_of, published_generation
from snapshots.models import Refusal, Snapshot
from snapshots.services import contents_of

COLUMNS = (
    Column("generation", "Generation", lambda snapshot: snapshot.generation, ("generation",)),
    Column("published", "Published", lambda snapshot: snapshot.created, ("created",)),
    Column("changes", "What changed", lambda snapshot: snapshot.changes),
    Column("fetched_octets", "To fetch", lambda snapshot: snapshot.fetched_octets, shown=False),
)


@login_required
def index(request: HttpRequest) -> HttpResponseBase:
    """The generations, newest first; or all of them as a file."""
    generations = ordered(Snapshot.objects.defer("manifest"), COLUMNS, request.GET.get("sort", ""))
    if file_format := format_asked(request):
        return exported("snapshots", COLUMNS, stored(generations), file_format)
    nodes = visible(EdgeNode.objects.all(), signed_in(request))
    context = {
        "page": Paginator(generations, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "heads": heads_of(COLUMNS, request.GET),
        "refusals": Refusal.objects.all(),
        "newest": published_generation(),
        "edges": edges_of(nodes, datetime.now(UTC)),
    }
    return render(request, "dashboard/snapshots/index.html", context)


@login_required
def release(request: HttpRequest, key: int) -> HttpResponseBase:
    """Say why a change is meant that deletes or moves much, and have it published."""
    refusal = get_object_or_404(Refusal.objects.exclude(held=""), pk=key)
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
    snapshot = get_object_or_404(Snapshot, generation=generation)
    context = {"snapshot": snapshot, "contents": contents_of(snapshot)}
    return render(request, "dashboard/snapshots/show.html", context)

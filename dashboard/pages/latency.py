"""How good what was learned is, and by which version of the model it is learned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from accounts.audit.models import Action
from accounts.models import User
from dashboard.access import signed_in
from dashboard.forms.latency_models import ProposalForm
from dashboard.latency import parameters_in_service, read_latency
from dashboard.noting import tell
from dashboard.writing import field_asked, field_problems, sent
from latency.models import LatencyModel, LatencyPromotion
from latency.versions import NotPromotedError, ask, promote, return_to

MODELS = "latency-models"
"""In the journal."""

Serve = Callable[[LatencyModel, User | None, datetime], LatencyPromotion]


@login_required
def latency_page(request: HttpRequest) -> HttpResponseBase:
    """What was learned, whether predictions come true, and model versions with what the gate found."""
    page = read_latency(signed_in(request), datetime.now(UTC))
    return render(request, "dashboard/latency/index.html", {"latency": page})


@login_required
def latency_propose(request: HttpRequest) -> HttpResponseBase:
    """The form that proposes a version."""
    now = datetime.now(UTC)
    form = ProposalForm(sent(request), user=signed_in(request))
    if field := field_asked(request):
        return field_problems(request, form, field)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                decision = form.store(now)
                tell(request, None, Event(MODELS, decision.candidate.name, Action.CREATE))
        except ValidationError as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"{decision.candidate} is proposed. The gate decides within a minute or so.")
            return redirect("latency")
    context = {"form": form, "parameters": parameters_in_service(now)}
    return render(request, "dashboard/latency/propose.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def latency_ask(request: HttpRequest, key: int) -> HttpResponseBase:
    """Have the gate decide on a version once more."""
    model = get_object_or_404(LatencyModel, pk=key)
    with transaction.atomic():
        ask(model, datetime.now(UTC))
        tell(request, None, Event(MODELS, model.name, "ask"))
    messages.success(request, f"The gate decides on {model} within a minute or so.")
    return redirect("latency")


@login_required
@require_POST
def latency_promote(request: HttpRequest, key: int) -> HttpResponseBase:
    """Have learning go by a version that has passed the gate."""
    return _serve(request, key, promote)


@login_required
@require_POST
def latency_return(request: HttpRequest, key: int) -> HttpResponseBase:
    """Have learning go by a version again that was in service before."""
    return _serve(request, key, return_to)


def _serve(request: HttpRequest, key: int, how: Serve) -> HttpResponseBase:
    user = signed_in(request)
    model = get_object_or_404(LatencyModel, pk=key)
    try:
        with transaction.atomic():
            how(model, user, datetime.now(UTC))
            tell(request, None, Event(MODELS, model.name, how.__name__))
    except NotPromotedError as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"{model} is in service from the next turn on.")
    return redirect("latency")


urlpatterns: list[URLPattern] = [
    path("latency/", latency_page, name="latency"),
    path("latency/models/new/", latency_propose, name="latency-propose"),
    path("latency/models/<int:key>/ask/", latency_ask, name="latency-ask"),
    path("latency/models/<int:key>/promote/", latency_promote, name="latency-promote"),
    path("latency/models/<int:key>/return/", latency_return, name="latency-return"),
]

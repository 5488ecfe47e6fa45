"""Why a client gets its answer, step by step. The question is in the URL, so that it can be passed on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.fates import fates
from dashboard.forms.explain import SECONDS, ExplainForm
from snapshots.opening import kept_since
from snapshots.services import NothingPublishedError


@login_required
def explain_page(request: HttpRequest) -> HttpResponseBase:
    """The form and, once it is sent, the explanation below it."""
    is_asked = {"qname", "client"} <= request.GET.keys()
    form = ExplainForm(request.GET if is_asked else None, initial=request.GET.dict())
    explained = _explained(form) if form.is_bound and form.is_valid() else None
    status = 422 if form.is_bound and explained is None else 200
    context: dict[str, Any] = {"form": form, "explained": explained, "kept_since": kept_since()}
    if explained:
        context |= {
            "at": datetime.fromtimestamp(explained["at"], UTC),
            "is_past": form.cleaned_data["at"] is not None,
            "link": request.build_absolute_uri(f"?{_pinned(request, explained)}"),
            "fates": {policy["id"]: fates(policy) for policy in explained["policies"]},
        }
    return render(request, "dashboard/explain.html", context, status=status)


def _pinned(request: HttpRequest, explained: Mapping[str, Any]) -> str:
    """The question at the moment that it was answered for, so that whoever follows the link sees the same."""
    query = request.GET.copy()
    query["at"] = datetime.fromtimestamp(explained["at"], UTC).strftime(SECONDS)
    return query.urlencode()


def _explained(form: ExplainForm) -> dict[str, Any] | None:
    try:
        return form.store()
    except ValidationError as problem:
        form.refuse(problem)
    except NothingPublishedError as problem:
        form.refuse(ValidationError(str(problem)))
    return None

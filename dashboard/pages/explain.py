"""Why a client gets its answer, step by step. The question is in the URL, so that it can be passed on."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.forms.explain import ExplainForm
from snapshots.services import NothingPublishedError


@login_required
def explain_page(request: HttpRequest) -> HttpResponseBase:
    """The form and, once it is sent, the explanation below it."""
    form = ExplainForm(request.GET if "qname" in request.GET else None)
    explained = _explained(form) if form.is_bound and form.is_valid() else None
    status = 422 if form.is_bound and explained is None else 200
    return render(request, "dashboard/explain.html", {"form": form, "explained": explained}, status=status)


def _explained(form: ExplainForm) -> dict[str, Any] | None:
    try:
        return form.store()
    except ValidationError as problem:
        form.refuse(problem)
    except NothingPublishedError as problem:
        form.refuse(ValidationError(str(problem)))
    return None

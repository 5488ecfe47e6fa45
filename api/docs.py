"""The description of the API for people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, rendered by Swagger UI. Requests that it sends are those of who is signed in."""
    return render(request, "api/docs.html")

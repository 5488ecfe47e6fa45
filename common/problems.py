"""Errors over HTTP as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from django.http import JsonResponse

CONTENT_TYPE = "application/problem+json"


def problem_response(status: HTTPStatus, detail: str, **members: object) -> JsonResponse:
    """A problem of the general type: its title is the status' own phrase. `members` extend it."""
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **members}
    return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)

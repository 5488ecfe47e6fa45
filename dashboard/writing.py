"""One declaring write: in one transaction with the request to publish it, its refusals shown by the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from snapshots.services import request_publish

T = TypeVar("T")
FIELD, VALUE = "into", "change"
"""Of the button that says: not now, but with a change."""
TAKEN = "Someone else has just written the same. Look at what is there now, and try again."


class Judged(Protocol):
    """A form that knows what is wrong at each of its inputs."""

    def problems_at(self, html_name: str) -> list[str]: ...


def declare(write: Callable[[], T], *consequences: Callable[[], Any]) -> T:
    """Call `write`, then its consequences, and have it published; all or nothing. Raises ValidationError."""
    try:
        with transaction.atomic():
            written = write()
            for consequence in consequences:
                consequence()
            request_publish()
    except IntegrityError as error:
        raise ValidationError(TAKEN) from error
    return written


def is_drafted(request: HttpRequest) -> bool:
    """Whether a form is sent to become a part of a change."""
    return request.POST.get(FIELD) == VALUE


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: nothing until it is sent."""
    return request.POST if request.method == "POST" else None


def field_asked(request: HttpRequest) -> str | None:
    """The input whose validation a page asks for while someone is typing, if that is what this request is about."""
    return request.GET.get("field") if request.method == "POST" else None


def field_problems(request: HttpRequest, form: Judged, field: str) -> HttpResponse:
    """What is wrong with one input."""
    return render(request, "dashboard/forms/problems.html", {"problems": form.problems_at(field)})

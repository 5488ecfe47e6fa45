"""Every error of the API as a problem (RFC 9457).

{"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "latitude: …",
 "errors": [{"field": "latitude", "message": "Latitude is between -90 and 90."}]}
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError, OperationalError
from django.db.models import Model, ProtectedError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as NotPermitted
from rest_framework.settings import api_settings

from changes.refusals import (
    ChangeError,
    ConflictError,
    NoSuchChangeError,
    NotYoursError,
    RefusedError,
    UnknownEditError,
)
from common.problems import problem_response
from latency.versions import NotPromotedError
from snapshots.services import NothingPublishedError
from telemetry.rum.stream import StreamError
from zones.zonefile import ZoneFileError

MAX_NAMED_USERS = 5
OUT_OF_RANGE = "A number or a moment in the request is beyond what can be kept: choose one nearer to now or to 0."

log = logging.getLogger(__name__)

FieldError = dict[str, object]


def handle_exception(error: Exception, _context: Mapping[str, Any]) -> HttpResponseBase:
    """REST framework's exception handler."""
    for kinds, answer in ANSWERS:
        if isinstance(error, kinds):
            return answer(error)
    log.error("a request failed", exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed; the server's log says why.")


@csrf_exempt
def unknown_url(request: HttpRequest) -> HttpResponseBase:
    """The answer to every URL under the API that is none of its own."""
    return problem_response(HTTPStatus.NOT_FOUND, f"There is nothing at {request.path}: see /api/schema/.")


def field_errors(detail: Any, path: Sequence[object] = ()) -> Iterator[FieldError]:
    """Nested details of REST framework as a flat list: lists and objects inside a field become part of its path."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            whole = key in {NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY}
            yield from field_errors(value, path if whole else (*path, key))
    elif isinstance(detail, list):
        for index, item in enumerate(detail):
            yield from field_errors(item, path if isinstance(item, str) else (*path, index))
    else:
        yield {"field": ".".join(map(str, path)), "message": str(detail)}


def _bad_request(errors: Sequence[FieldError]) -> HttpResponseBase:
    detail = " ".join(_sentence(error) for error in errors)
    return problem_response(HTTPStatus.BAD_REQUEST, detail, errors=errors)


def _conflict(detail: str) -> HttpResponseBase:
    return problem_response(HTTPStatus.CONFLICT, detail)


def _sentence(error: FieldError) -> str:
    place = f"line {error['line']}" if "line" in error else error["field"]
    return f"{place}: {error['message']}" if place else str(error["message"])


def _by_field(error: DjangoValidationError) -> Mapping[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}


def _api_problem(error: APIException) -> HttpResponseBase:
    response = problem_response(HTTPStatus(error.status_code), str(error.detail))
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    wait_s = getattr(error, "wait", None)  # of Throttled
    if wait_s is not None:
        response["Retry-After"] = str(math.ceil(wait_s))
    return response


def _named(objects: Iterable[Model]) -> str:
    """The first few objects, by kind and name."""
    names = sorted({f"{row._meta.verbose_name} {row}" for row in objects})
    shown = ", ".join(names[:MAX_NAMED_USERS])
    return f"{shown} and {len(names) - MAX_NAMED_USERS} more" if len(names) > MAX_NAMED_USERS else shown


def _conflict_message(error: IntegrityError) -> str:
    """What the violated constraint says of itself; requests that race are told by it alone."""
    diagnostics = getattr(error.__cause__, "diag", None)
    name = getattr(diagnostics, "constraint_name", None)
    constraints = (constraint for model in apps.get_models() for constraint in model._meta.constraints)
    message = next((constraint.violation_error_message for constraint in constraints if constraint.name == name), None)
    return str(message or "Another request has just changed what this one is about. Try again.")


def _database_lost(error: OperationalError) -> HttpResponseBase:
    log.error("the database cannot be used: %s", error)
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be used now. Try again.")


def _gone(error: ObjectDoesNotExist) -> HttpResponseBase:
    log.warning("what a request is about was deleted meanwhile: %s", error, exc_info=error)
    return problem_response(HTTPStatus.NOT_FOUND, "Another request has just deleted what this one is about.")


def _stream_lost(error: StreamError) -> HttpResponseBase:
    log.error("the stream of measurements cannot be used: %s", error)
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "Measurements cannot be taken now. Send them again.")


def _clash(error: ConflictError) -> HttpResponseBase:
    """Of each object, what its editor saw, what they make of it, and what it is now."""
    return problem_response(HTTPStatus.CONFLICT, str(error), conflicts=[asdict(one) for one in error.conflicts])


def _not_taken(error: RefusedError) -> HttpResponseBase:
    errors = [{"object": f"{one.kind} {one.key}", "field": one.field, "message": one.message} for one in error.refusals]
    return problem_response(HTTPStatus.BAD_REQUEST, str(error), errors=errors)


ANSWERS: list[tuple[type[Exception], Callable[[Any], HttpResponseBase]]] = [
    (ValidationError, lambda error: _bad_request(list(field_errors(error.detail)))),
    (DjangoValidationError, lambda error: _bad_request(list(field_errors(_by_field(error))))),
    (ZoneFileError, lambda error: _bad_request([{"field": "", "line": error.line, "message": error.reason}])),
    (Http404, lambda _error: _api_problem(NotFound())),
    (PermissionDenied, lambda error: _api_problem(NotPermitted(str(error) or None))),
    (APIException, _api_problem),
    (ProtectedError, lambda error: _conflict(f"It is in use: {_named(error.protected_objects)}.")),
    (IntegrityError, lambda error: _conflict(_conflict_message(error))),
    (ConflictError, _clash),
    (RefusedError, _not_taken),
    (NotYoursError, lambda error: problem_response(HTTPStatus.FORBIDDEN, str(error))),
    (UnknownEditError, lambda error: _bad_request([{"field": error.field, "message": str(error)}])),
    (NoSuchChangeError, lambda error: problem_response(HTTPStatus.NOT_FOUND, str(error))),
    (ChangeError, lambda error: _conflict(str(error))),
    (NotPromotedError, lambda error: _conflict(str(error))),
    (NothingPublishedError, lambda error: problem_response(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}.")),
    (ObjectDoesNotExist, _gone),
    (DataError, lambda _error: problem_response(HTTPStatus.BAD_REQUEST, OUT_OF_RANGE)),
    (OperationalError, _database_lost),
    (StreamError, _stream_lost),
]
"""How each kind of error is answered; of several that fit, the first."""

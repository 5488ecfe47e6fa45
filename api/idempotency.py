"""`Idempotency-Key`: a request that is sent again is answered again, and done once.

POST /api/v1/zones  Idempotency-Key: "9a1b…"  ─►  201
POST /api/v1/zones  Idempotency-Key: "9a1b…"  ─►  201, the same answer, with Idempotency-Replayed: true

The view looks each time whether the caller is let in: who is not any more is not told again either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from accounts.idempotency import Answer, Claim, InProgressError, OtherRequestError, fingerprint, keep, take
from accounts.services import CHOSEN_TEAM
from api.limits import count_again
from common.problems import problem_response

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r'"?([!#-~]{1,255}?)"?')
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT_HEADERS = ("Content-Type", "ETag", "Location", "Deprecation", "Sunset")
NOT_KEPT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
"""Says nothing about the request, but about who sent it, or when."""

RETRY_S = 1
KNOWN = "_known_answer"
"""Of a request: what was said when it was sent before."""


def answer_once(request: HttpRequest, answer: Callable[[], HttpResponseBase], writes: bool) -> HttpResponseBase:
    """What `answer` says to the request, or said when the same was sent before. One that writes nothing, or whose
    method is not offered at this URL, takes no key: it can be done again."""
    said = request.headers.get(HEADER)
    if said is None or not writes or request.method not in METHODS:
        return answer()
    key = KEY.fullmatch(said)
    if key is None:
        detail = f"{HEADER} has 1 to 255 visible characters of ASCII: make one up for each request, such as a UUID."
        return problem_response(HTTPStatus.BAD_REQUEST, detail)
    try:
        return _once(request, _claim(request, key.group(1)), answer)
    except OtherRequestError:
        detail = f"This {HEADER} was used for another request: take a new one for each."
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    except InProgressError:
        busy = problem_response(HTTPStatus.CONFLICT, "The same request is still being done. Ask again for its answer.")
        busy["Retry-After"] = str(RETRY_S)
        return busy


def known_answer(request: HttpRequest) -> HttpResponseBase | None:
    """What was said when the request was sent before: said again to a caller who is let in, and nothing is done."""
    known: HttpResponseBase | None = getattr(request, KNOWN, None)
    return known


def _once(request: HttpRequest, claim: Claim, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    with transaction.atomic():
        known = take(claim, timezone.now())
        if known is not None:
            setattr(request, KNOWN, _replayed(known))
            return answer()
        response = answer()
        if hasattr(response, "render"):
            response.render()
        if _is_kept(response):
            keep(claim, _answer_of(response))
            return response
        transaction.set_rollback(True)
    count_again(request)
    return response


def _is_kept(response: HttpResponseBase) -> bool:
    lost = response.status_code in NOT_KEPT or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(response, HttpResponse) and not lost and not transaction.get_connection().needs_rollback


def _answer_of(response: HttpResponseBase) -> Answer:
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    return Answer(response.status_code, headers, bytes(getattr(response, "content", b"")).decode())


def _replayed(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body.encode(), status=answer.status)
    del response["Content-Type"]
    for name, value in {**answer.headers, REPLAYED: "true"}.items():
        response[name] = value
    return response


def _claim(request: HttpRequest, key: str) -> Claim:
    """Keys belong to who sends them: the holder of a token, or of a session, with the team it acts for.

    Both count: an `Authorization` that many send, such as one for a proxy, tells nobody apart.
    """
    secret = "\n".join(
        [request.headers.get("Authorization", ""), request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")]
    )
    team = str(request.session.get(CHOSEN_TEAM, ""))
    parts = [str(request.method), request.get_full_path(), request.headers.get("If-Match", ""), team]
    parts += [said for said in [request.headers.get("If-None-Match")] if said is not None]  # new: old ones keep theirs
    return Claim(secret.encode(), key, fingerprint(*(part.encode() for part in parts), request.body))

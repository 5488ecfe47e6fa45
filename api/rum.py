"""The doors of real user measurements: what to measure and how, and what was measured (docs/rum.md).

They are open to every page on the web: nothing here reads or sets a cookie, and who asks not to be tracked is not.
"""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac
from django.utils.http import quote_etag
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException

from accounts.actors import actor_of, why_not
from accounts.models import ApiToken
from accounts.permissions import Action, allowed
from api.acting import require_subject
from api.authentication import SCHEME, caller_address, token_shown
from api.measurements import outcome_body
from api.metrics import note
from api.problems import handle_exception
from common.problems import problem_response
from common.proxies import address_behind
from healthchecks.services import drained
from regions.models import AdminState, Endpoint
from simulation.services import explain
from snapshots.services import NothingPublishedError
from telemetry.rum import beacon
from telemetry.rum.choosing import Candidate, choose
from telemetry.rum.clients import ClientError, network_of, prefix_of
from telemetry.rum.judging import Judged, judge_own, judge_signed
from telemetry.rum.services import take_in
from telemetry.rum.stream import StreamError
from telemetry.rum.token import LIFETIME_S, NONCE_OCTETS, Token

EXPECTED = (ValidationError, PermissionDenied, APIException, NothingPublishedError, OperationalError, StreamError)
URL_LABEL = "rum-url"
"""Label of an endpoint that says what browsers fetch to measure it."""
SCRIPT_MAX_AGE_S = 3600
TO_EVERYONE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

View = Callable[[HttpRequest], HttpResponseBase]


def open_to_all(method: str) -> Callable[[View], View]:
    """Make a door that every origin may use (CORS) with one method. Errors are problems (RFC 9457)."""

    def decorate(view: View) -> View:
        @csrf_exempt  # there is no session to ride on
        @functools.wraps(view)
        def door(request: HttpRequest) -> HttpResponseBase:
            response = _answer(view, method, request)
            for name, value in TO_EVERYONE.items():
                response.headers[name] = value
            response.headers["Access-Control-Allow-Methods"] = method
            return response

        return door

    return decorate


def _answer(view: View, method: str, request: HttpRequest) -> HttpResponseBase:
    if request.method == "OPTIONS":
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    if request.method != method:
        response = problem_response(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {method}.")
        response.headers["Allow"] = method
        return response
    try:
        return view(request)
    except RefusedError as error:
        return error.response
    except EXPECTED as error:
        return handle_exception(error, {})


class RefusedError(Exception):
    """A request that is answered with a problem and nothing else."""

    def __init__(self, status: HTTPStatus, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.response = problem_response(status, detail, **members)


@open_to_all("GET")
def script(request: HttpRequest) -> HttpResponseBase:
    """beacon.js, with the share of page views that it measures."""
    text = script_text(settings.RUM_SHARE)
    response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={SCRIPT_MAX_AGE_S}"
    response.headers["ETag"] = quote_etag(hashlib.sha256(text.encode()).hexdigest())
    return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response


@cache
def script_text(share: float) -> str:
    """What browsers load: the source without its comments and indentation."""
    source = (settings.BASE_DIR / "static" / "rum" / "beacon.js").read_text()
    lines = (line.strip() for line in COMMENT.sub("", source).splitlines())
    return "\n".join(line for line in lines if line).replace("SHARE", repr(share))


@open_to_all("GET")
def candidates(request: HttpRequest) -> HttpResponseBase:
    """What this client shall measure: URLs of up to two endpoints, and a token to tell about them with."""
    if _opted_out(request):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    prefix = _client_prefix(request)
    served, chosen = _asked_of(request.GET.get("name", ""), request.GET.get("endpoint"), prefix, secrets.randbits(32))
    endpoint_ids = [candidate.endpoint_id for candidate in chosen] + ([served] if served else [])
    token = Token(int(time.time()) + LIFETIME_S, secrets.token_bytes(NONCE_OCTETS), tuple(endpoint_ids))
    body = {
        "token": token.signed(token_key(), prefix),
        "expires_s": token.expires_s,
        "served": served,
        "candidates": [{"endpoint": candidate.endpoint_id, "url": candidate.url} for candidate in chosen],
    }
    return JsonResponse(body, headers={"Cache-Control": "no-store"})


def _asked_of(name: str, served_by: str | None, prefix: str, draw: int) -> tuple[int | None, list[Candidate]]:
    """The endpoint that the page was served by, if it says so and the policy has it, and what is to be measured.

    Raises RefusedError, ValidationError, NothingPublishedError.
    """
    policy = _policy_ran(name, prefix)
    if policy is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, "No policy answers this name: give `name` one that is steered.")
    ids = [candidate["endpoint"] for candidate in policy["candidates"]]
    endpoints = Endpoint.objects.filter(pk__in=ids)
    served = endpoints.filter(name=served_by).values_list("pk", flat=True).first() if served_by else None
    open_ = endpoints.filter(admin_state=AdminState.ENABLED).exclude(pk__in=drained())
    rows = open_.filter(labels__has_key=URL_LABEL).order_by("pk")
    measurable = [Candidate(pk, labels[URL_LABEL]) for pk, labels in rows.values_list("pk", "labels") if pk != served]
    if not measurable and not served:
        raise RefusedError(
            HTTPStatus.NOT_FOUND, f"No endpoint of this name can be measured: label one {URL_LABEL}, with an https URL."
        )
    return served, choose(policy["chosen"], measurable, draw)


def _policy_ran(name: str, prefix: str) -> dict[str, Any] | None:
    """The last policy that ran for a client of `prefix`: over its own family, else over the other."""
    for qtype in ("AAAA", "A") if ":" in prefix else ("A", "AAAA"):
        explained = explain(name, qtype, prefix, network_of(prefix))
        if explained["policies"]:
            return dict(explained["policies"][-1])
    return None


@open_to_all("POST")
def beacons(request: HttpRequest) -> HttpResponseBase:
    """Take beacons: of a browser by their tokens, or of an application by its API token. Answered once they count."""
    now = datetime.now(UTC)
    if "Authorization" in request.headers:
        judged = _judge_own(request, now)
    elif _opted_out(request):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    else:
        judged = _judge_signed(request, now)
    outcome = take_in(judged, now, settings.RUM_STREAM)
    note(outcome)
    return JsonResponse(outcome_body(outcome, judged))


def _judge_signed(request: HttpRequest, now: datetime) -> Judged:
    with _naming_what_is_malformed():
        sent = beacon.read_signed(_body(request, beacon.MAX_BROWSER_OCTETS))
    return judge_signed(sent, token_key(), _client_prefix(request), now.timestamp())


def _judge_own(request: HttpRequest, now: datetime) -> Judged:
    token = _api_token(request)
    with _naming_what_is_malformed():
        sent = beacon.read_own(_body(request, beacon.MAX_BATCH_OCTETS))
    endpoint_ids = dict(Endpoint.objects.filter(team=token.team).values_list("name", "pk"))
    return judge_own(sent, token.team.pk, endpoint_ids, now.timestamp())


@contextmanager
def _naming_what_is_malformed() -> Iterator[None]:
    try:
        yield
    except beacon.MalformedError as error:
        detail = "Nothing of the batch counts: mend what `errors` names and send it again."
        raise RefusedError(HTTPStatus.BAD_REQUEST, detail, errors=error.errors) from error


def _body(request: HttpRequest, limit: int) -> bytes:
    body: bytes = request.read(limit + 1)
    if len(body) > limit:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {limit:,} octets: send fewer at once."
        )
    return body


def _api_token(request: HttpRequest) -> ApiToken:
    """The token that an application sends measurements with, which has to allow that."""
    scheme, _, secret = request.headers["Authorization"].partition(" ")
    token = token_shown(secret.strip(), caller_address(request)) if scheme.lower() == SCHEME.lower() else None
    if token is None:
        error = RefusedError(
            HTTPStatus.UNAUTHORIZED, "Send `Authorization: Token SECRET` with the secret of an API token."
        )
        error.response.headers["WWW-Authenticate"] = f'{SCHEME} realm="trafficmgr"'
        raise error
    require_subject(token, "measurements")
    actor = actor_of(token.user, token)
    if not allowed(actor, Action.OPERATE, token.team_id):
        raise PermissionDenied(why_not(actor, Action.OPERATE, token.team))
    return token


def _client_prefix(request: HttpRequest) -> str:
    """Whose measurement it is. Of the address itself nothing is kept."""
    peer, forwarded_for = request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    try:
        return prefix_of(address_behind(peer, forwarded_for, settings.TRUSTED_PROXIES))
    except ClientError as error:
        detail = "The proxies before this server do not say who asks: have them set X-Forwarded-For."
        raise RefusedError(HTTPStatus.BAD_REQUEST, detail) from error


def _opted_out(request: HttpRequest) -> bool:
    return request.headers.get("DNT") == "1" or request.headers.get("Sec-GPC") == "1"


def token_key() -> bytes:
    """What measurement tokens are signed with: made from the secret key of the installation."""
    return salted_hmac("telemetry.rum.token", "", algorithm="sha256").digest()


VIEWS = {"beacon.js": script, "candidates": candidates, "beacons": beacons}
"""By their path under /rum/v1/."""

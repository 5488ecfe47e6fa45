"""Every role and every scope at every URL of the API: the URLs come from the URL map, so that none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.http import HttpRequest
from django.urls import get_resolver
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import SCOPE_ALLOWS, Action, Role, Scope, roles_that_may
from accounts.services import create_token
from accounts.subjects import SUBJECTS
from api.problems import unknown_url
from tests.api.conftest import client_with, member_of
from zones.services import create_zone

ORIGIN = "ops.test."
SAMPLES = {"origin": ORIGIN, "type": "A", "pk": "4711", "id": "4711", "number": "4711"}
GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")
METHODS = ("get", "post", "put", "patch", "delete")

LEAST = {
    "GET /regions": "viewer",
    "POST /regions": "publisher",
    "GET /regions/x": "viewer",
    "PUT /regions/x": "publisher",
    "PATCH /regions/x": "publisher",
    "DELETE /regions/x": "publisher",
    "POST /nodes": "admin",
    "POST /nodes/x/token": "admin",
    "POST /nodes/x/enrolment": "admin",
    "PUT /policies/x": "publisher",
    "PUT /policies/x/shadow": "publisher",
    "POST /explain": "viewer",
    "POST /simulate": "viewer",
    "POST /preview": "viewer",
    "PUT /endpoints/x/forced": "operator",
    "PUT /endpoints/x/load": "operator",
    "PUT /endpoints/x/load/source": "publisher",
    "GET /checks/x/endpoints/x/state": "operator",
    "POST /alarms/4711/acknowledge": "operator",
    "POST /channels/x/test": "operator",
    "PUT /channels/x": "publisher",
    "POST /measurements": "operator",
    "POST /refusals/release": "publisher",
    "GET /zones": "viewer",
    "POST /zones": "publisher",
    "PUT /zones/ops.test./zonefile": "publisher",
    "PUT /zones/ops.test./rrsets/x/A": "publisher",
    "GET /zones/ops.test./grants": "viewer",
    "POST /zones/ops.test./grants": "admin",
    "GET /teams": "viewer",
    "POST /teams": "nobody",
    "PATCH /teams/x": "admin",
    "GET /members": "viewer",
    "POST /members": "admin",
    "DELETE /members/x": "admin",
    "GET /tokens": "admin",
    "POST /tokens": "admin",
    "POST /changes": "operator",
    "POST /changes/4711/publish": "publisher",
    "POST /changes/4711/approve": "approver",
    "PUT /declarations/x": "operator",
    "GET /audit": "viewer",
    "PUT /nodes": "admin",
    "GET /status": "viewer",
    "POST /latency/models": "nobody",
}
"""Written by hand: the least role for what matters most."""


class Endpoint(NamedTuple):
    method: str
    url: str
    action: Action


def endpoints() -> Iterator[Endpoint]:
    for pattern in get_resolver("api.urls").url_patterns:
        if pattern.callback is unknown_url:
            continue
        view = pattern.callback.cls
        actions = getattr(pattern.callback, "actions", None)
        methods = actions or {method: None for method in METHODS if hasattr(view, method)}
        path = GROUP.sub(lambda group: SAMPLES.get(group[1], "x"), str(pattern.pattern))
        for method, name in list(methods.items()):  # asking adds HEAD
            if method in METHODS:
                url = "/api/v1/" + path.strip("^$").removesuffix("/?")
                yield Endpoint(method.upper(), url, view.needed(method.upper(), name))


def ask(client: APIClient, method: str, url: str) -> int:
    return client.generic(method, url, "{}", content_type="application/json").status_code


@pytest.fixture(autouse=True)
def zone(ops):
    return create_zone(ops, ORIGIN)


def judged(client: APIClient) -> dict[tuple[str, str], bool]:
    """Which requests are let in: what comes of them then is none of this test's business."""
    found = {}
    for method, url, _action in endpoints():
        status = ask(client, method, url)
        assert status != 401, (method, url)
        found[method, url] = status != 403
    return found


@pytest.mark.parametrize("role", Role)
def test_every_url_lets_in_the_roles_that_may(ops, role: Role):
    client = client_with(create_token(member_of(ops, "carol", role), ops, "all")[1])
    member_of(ops, "dave")

    expected = {(method, url): role in roles_that_may(action) for method, url, action in endpoints()}
    assert judged(client) == expected


@pytest.mark.parametrize("scope", Scope)
def test_every_url_lets_in_the_scopes_that_allow_it(ops, scope: Scope):
    root = User.objects.create_superuser("root")
    client = client_with(create_token(root, ops, "some", scope=scope)[1])

    expected = {(method, url): action in SCOPE_ALLOWS[scope] for method, url, action in endpoints()}
    assert judged(client) == expected


def test_no_url_answers_a_stranger(db):
    for method, url, _action in endpoints():
        assert ask(APIClient(), method, url) == 401, (method, url)


@pytest.mark.parametrize("role", Role)
def test_what_matters_most_is_as_written_by_hand(ops, role: Role):
    client = client_with(create_token(member_of(ops, "carol", role), ops, "all")[1])
    member_of(ops, "dave")
    ranks = [*(each.value for each in Role), "nobody"]

    for line, least in LEAST.items():
        method, path = line.split()
        is_let_in = ask(client, method, f"/api/v1{path}") != 403
        assert is_let_in == (ranks.index(role) >= ranks.index(least)), line


def test_everything_written_by_hand_is_in_the_url_map():
    known = {f"{method} {url.removeprefix('/api/v1')}" for method, url, _action in endpoints()}

    assert set(LEAST) <= known


def test_a_token_can_be_limited_to_every_collection_that_there_is():
    collections = {url.removeprefix("/api/v1/").split("/")[0] for _method, url, _action in endpoints()}

    assert collections | {"metrics"} == {subject.split(":")[0] for subject in SUBJECTS}


def test_a_token_can_be_limited_to_every_part_that_a_view_names():
    patterns = get_resolver("api.urls").url_patterns
    named = {pattern.callback.cls.part for pattern in patterns if pattern.callback is not unknown_url}

    assert named - {""} == {subject.split(":")[1] for subject in SUBJECTS if ":" in subject}


class Forgetful(APIView):
    """A view that does not say what it needs."""

    def get(self, request: HttpRequest) -> Response:
        return Response("secret")


def test_a_view_that_does_not_say_what_it_needs_answers_nobody(db):
    request = APIRequestFactory().get("/api/v1/forgotten")
    force_authenticate(request, User.objects.create_superuser("root"))

    assert Forgetful.as_view()(request).status_code == 403

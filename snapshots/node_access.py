"""Who may use the edge feed: nodes, by the bearer token that was shown once when the node was made (RFC 6750)."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from common.problems import problem_response
from regions.models import EdgeNode
from regions.services import find_node

log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]
NodeView = Callable[Concatenate[HttpRequest, EdgeNode, Arguments], HttpResponseBase]


def for_nodes(method: str) -> Callable[[NodeView[Arguments]], View[Arguments]]:
    """Make a view of one that also takes the node that asks. Everyone else gets a problem (RFC 9457)."""

    def decorate(view: NodeView[Arguments]) -> View[Arguments]:
        @csrf_exempt  # nodes have no cookies
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
            if request.method != method:
                return wrong_method(method)
            try:
                node = node_of(request)
                return view(request, node, *args, **kwargs) if node else unknown_node()
            except DatabaseError as error:
                log.warning("a node asked while the database does not answer: %s", str(error).strip())
                return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer; serve on.")

        return guarded

    return decorate


def node_of(request: HttpRequest) -> EdgeNode | None:
    """The node that asks; None: it does not say who it is, or its token is unknown."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return find_node(secret.strip()) if scheme.lower() == "bearer" else None


def unknown_node() -> HttpResponseBase:
    """The answer to who is not a node."""
    response = problem_response(
        HTTPStatus.UNAUTHORIZED, "The feed needs the token of an edge node: Authorization: Bearer TOKEN."
    )
    response["WWW-Authenticate"] = 'Bearer realm="edge feed"'
    return response


def wrong_method(allowed: str) -> HttpResponseBase:
    """The answer to a method that a resource does not have."""
    response = problem_response(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {allowed}.")
    response["Allow"] = allowed
    return response

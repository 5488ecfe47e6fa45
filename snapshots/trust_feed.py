"""The part of the edge feed that says whose word to take: enrolment, and statements of trust."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from common.problems import problem_response
from regions.models import EdgeNode
from snapshots.enrolment import EnrolmentError, admit
from snapshots.node_access import for_nodes, wrong_method
from snapshots.numbers_asked import NumberError, number_asked
from snapshots.signing import statements_since


class Enrol(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


@for_nodes("GET")
def trust(request: HttpRequest, node: EdgeNode) -> HttpResponseBase:
    """Who the node is, and the statements of trust behind the one `since`; from 0 the newest alone."""
    try:
        since = number_asked(request, "since", "It is the number of the node's statement of trust, 0 if it has none.")
    except NumberError as error:
        return error.response
    return JsonResponse(_said(node, since), headers={"Cache-Control": "no-store"})


@csrf_exempt  # nodes have no cookies
def enrol(request: HttpRequest) -> HttpResponseBase:
    """A node token for an enrolment token, which is used up by it."""
    if request.method != "POST":
        return wrong_method("POST")
    try:
        read = Enrol.model_validate_json(request.body)
        admission = admit(read.token, datetime.now(UTC))
    except ValidationError as error:
        errors = [{"field": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in error.errors()]
        return problem_response(HTTPStatus.BAD_REQUEST, "The enrolment is malformed.", errors=errors)
    except EnrolmentError as error:
        return problem_response(HTTPStatus.FORBIDDEN, str(error))
    except DatabaseError:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer; try again.")
    said = {"token": admission.node_token, **_said(admission.node, 0)}
    return JsonResponse(said, headers={"Cache-Control": "no-store"})


def _said(node: EdgeNode, since: int) -> dict[str, object]:
    statements = [statement.model_dump() for statement in statements_since(since)]
    return {"node": node.name, "site": node.site.name, "statements": statements}

"""OpenAPI of `/push/v1/`: its view is none of REST framework's, so that it costs less (api.lean)."""

from __future__ import annotations

from typing import Any

from api.push import EVENT, TOKEN
from common.problems import CONTENT_TYPE

Schema = dict[str, Any]
PROBLEM: Schema = {"description": "", "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
TAKEN: Schema = {"description": "Heard.", "content": {"text/plain": {"schema": {"type": "string"}}}}
REASON: Schema = {"content": {"text/plain": {"schema": {"type": "string", "description": "Why it failed."}}}}
EVENTS = "`start`, `fail`, or the exit status of a job: 0 is a success."


def with_heartbeats(result: Schema, **_of_the_generator: object) -> Schema:
    """Adds the push door to the document: a hook of drf-spectacular."""
    alone = [_part("token", "Of a push check and an endpoint.", TOKEN.pattern)]
    with_event = [*alone, _part("event", EVENTS, EVENT.pattern.removeprefix("|"))]
    result["paths"] |= {
        "/push/v1/{token}": _door("push_v1", "Say that all is well: docs/healthchecks.md.", alone),
        "/push/v1/{token}/{event}": _door("push_v1_event", "Say what has happened.", with_event),
    }
    return result


def _door(name: str, text: str, parameters: list[Schema]) -> Schema:
    """GET, HEAD and POST do the same; what a POST carries is shown."""
    answers = {"200": TAKEN, "404": PROBLEM, "429": PROBLEM, "503": PROBLEM}
    operation = {"description": text, "tags": ["push"], "security": [{}], "parameters": parameters}
    return {
        "get": operation | {"operationId": f"{name}_get", "responses": answers},
        "post": operation | {"operationId": f"{name}_post", "responses": answers, "requestBody": REASON},
    }


def _part(name: str, text: str, pattern: str) -> Schema:
    schema = {"type": "string", "pattern": f"^({pattern})$"}
    return {"in": "path", "name": name, "required": True, "schema": schema, "description": text}

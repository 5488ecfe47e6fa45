"""OpenAPI of `/rum/v1/`: its views are none of REST framework's, so that they cost less (api.lean)."""

from __future__ import annotations

from typing import Any

from common.problems import CONTENT_TYPE
from telemetry.rum.beacon import MAX_BATCH, MAX_BROWSER_BATCH, OWN, SIGNED

Schema = dict[str, Any]
PROBLEM = {"$ref": "#/components/schemas/Problem"}
OUTCOME = {"$ref": "#/components/schemas/Outcome"}
WHOLE: Schema = {"type": "integer"}
CANDIDATES: Schema = {
    "type": "object",
    "required": ["token", "expires_s", "served", "candidates"],
    "properties": {
        "token": {"type": "string", "description": "To be sent with what was measured."},
        "expires_s": WHOLE | {"description": "Seconds since 1970."},
        "served": {"type": ["integer", "null"], "description": "The endpoint that the page says it was served by."},
        "candidates": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["endpoint", "url"],
                "properties": {"endpoint": WHOLE, "url": {"type": "string", "format": "uri"}},
            },
        },
    },
}
MINDED = {"description": "The visitor does not want to be tracked (DNT, Sec-GPC): nothing was looked at."}


def with_measurements(result: Schema, **_of_the_generator: object) -> Schema:
    """Adds the doors of measurements to the document: a hook of drf-spectacular."""
    result["paths"] |= {
        "/rum/v1/beacon.js": {"get": _script()},
        "/rum/v1/candidates": {"get": _candidates()},
        "/rum/v1/beacons": {"post": _beacons()},
    }
    return result


def _script() -> Schema:
    text = {"description": "The script.", "content": {"text/javascript": {"schema": {"type": "string"}}}}
    return _operation("rum_v1_beacon_js", "The script that pages carry: docs/rum.md.", {"200": text})


def _candidates() -> Schema:
    text = "What this visitor shall measure, and a token to tell about it with."
    asked = _operation("rum_v1_candidates", text, {"200": _json(CANDIDATES), "204": MINDED}, "400", "404", "503")
    name = _parameter("name", "The steered name.") | {"required": True}
    return asked | {"parameters": [name, _parameter("endpoint", "The endpoint that the page was served by.")]}


def _beacons() -> Schema:
    text = "Take beacons: of a browser by their tokens, or of an application by its API token."
    told = _operation("rum_v1_beacons", text, {"200": _json(OUTCOME), "204": MINDED}, "400", "401", "413", "503")
    signed, own = ({**kind.json_schema(ref_template="#/{model}")} for kind in (SIGNED, OWN))
    bodies = {
        "text/plain": {"schema": _inlined(signed) | {"description": f"Of a browser, at most {MAX_BROWSER_BATCH}."}},
        "application/json": {"schema": _inlined(own) | {"description": f"Of an application, at most {MAX_BATCH}."}},
    }
    return told | {"requestBody": {"required": True, "content": bodies}, "security": [{"token": []}, {}]}


def _inlined(schema: Schema) -> Schema:
    """The schema of an array with that of its items in it."""
    (items,) = schema.pop("$defs").values()
    return schema | {"items": items}


def _operation(name: str, text: str, answers: Schema, *problems: str) -> Schema:
    refused = {status: {"description": "", "content": {CONTENT_TYPE: {"schema": PROBLEM}}} for status in problems}
    return {"operationId": name, "description": text, "tags": ["rum"], "security": [{}], "responses": answers | refused}


def _json(schema: Schema) -> Schema:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, text: str) -> Schema:
    return {"in": "query", "name": name, "schema": {"type": "string"}, "description": text}

"""The OpenAPI document, and whether a JSON value is as it says."""

from __future__ import annotations

import functools
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

Schema = dict[str, Any]


@functools.cache
def document() -> Schema:
    return SchemaGenerator().get_schema(request=None, public=True)


def flaws(value: object, schema: Schema, *, closed: bool = False) -> list[str]:
    """Where a value is not as a schema of the document has it. `closed`: nor has it what the schema does not name."""
    components = document()["components"]
    whole = {**schema, "components": _closed(components) if closed else components}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def component(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(schema: Any) -> Any:
    """The same schema, with objects that have no other fields than those that it names."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _closed(part) for name, part in schema.items()}
    return {"additionalProperties": False, **inner} if isinstance(schema.get("properties"), dict) else inner

"""Examples in the OpenAPI document: requests that can be sent one after another to a new team, each with its answer.

examples.json ─► hook of drf-spectacular ─► requestBody and response of the operation
                                        └─► the same document where its own URL is read or replaced
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from common.problems import CONTENT_TYPE as PROBLEM

Schema = dict[str, Any]


class Example(TypedDict):
    """A request as `operation`, such as `PUT /api/v1/zones/{origin}`, with what stands in its URL, and its answer."""

    operation: str
    path: NotRequired[dict[str, str]]
    request: Any
    status: int
    response: Any


def read() -> list[Example]:
    examples: list[Example] = json.loads(Path(__file__).with_name("examples.json").read_text())
    return examples


def with_examples(result: Schema, **_of_the_generator: object) -> Schema:
    """Adds the examples to the document: a hook of drf-spectacular."""
    for example in read():
        method, path = example["operation"].split()
        operation = result["paths"][path][method.lower()]
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parameter["example"] = example.get("path", {})[parameter["name"]]
        answer = operation["responses"][str(example["status"])]
        _show(operation["requestBody"], example["request"])
        _show(answer, example["response"])
        if method == "POST":
            _show_alone(result["paths"], path, answer, example)
    return result


def _show(part: Schema, value: Any) -> None:
    for media_type, content in part["content"].items():
        if media_type != PROBLEM:
            content["example"] = value


def _show_alone(paths: Schema, collection: str, created: Schema, example: Example) -> None:
    """Show it where the object that was created is read, replaced and changed, as far as it looks the same there."""
    schema = _of_one(created)
    own = [operations for path, operations in paths.items() if _is_within(path, collection)]
    for method, operation in (pair for operations in own for pair in operations.items()):
        answer = operation["responses"].get("200", {})
        if "content" not in answer or _of_one(answer) != schema:
            continue
        answer["content"]["application/json"].setdefault("example", example["response"])
        if method == "put":
            operation["requestBody"]["content"]["application/json"].setdefault("example", example["request"])


def _is_within(path: str, collection: str) -> bool:
    rest = path.removeprefix(f"{collection}/")
    return rest != path and rest.startswith("{") and "/" not in rest


def _of_one(answer: Schema) -> Schema:
    """The schema of one object, of an answer that may also have many, or a plan."""
    schema: Schema = answer["content"]["application/json"]["schema"]
    while choices := schema.get("oneOf", schema.get("anyOf")):
        schema = choices[0]
    return schema

"""Steps from JSON, with every error at the path of what is wrong: `steps.2.rules.0.location`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from steering.steps import KINDS, Step

Path = tuple[int | str, ...]

MESSAGES = {
    "extra_forbidden": "There is no such option.",
    "finite_number": "Write a number.",
    "float_parsing": "Write a number.",
    "float_type": "Write a number.",
    "greater_than_equal": "It is at least {ge}.",
    "int_type": "Write a whole number.",
    "less_than_equal": "It is at most {le}.",
    "list_type": "Write a list.",
    "literal_error": "It is {expected}.",
    "model_attributes_type": "Write an object.",
    "model_type": "Write an object.",
    "string_type": "Write a text.",
    "union_tag_invalid": "There is no {tag}: it is one of {expected_tags}.",
    "union_tag_not_found": "Say which {discriminator} it is.",
}
"""By pydantic's types of error, with what it says of each."""

STEP: TypeAdapter[Step] = TypeAdapter(Annotated[Step, Field(discriminator="kind")])


class StepsError(ValueError):
    """Steps that cannot be taken. `messages` are by dotted path."""

    def __init__(self, messages: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{path}: {' '.join(said)}" for path, said in messages.items()))
        self.messages = dict(messages)


def parse_steps(steps: Sequence[object]) -> list[Step]:
    """The steps as they are meant. Raises StepsError naming everything that is wrong."""
    parsed: list[Step] = []
    messages: dict[str, list[str]] = {}
    for position, written in enumerate(steps):
        try:
            parsed.append(STEP.validate_python(written))
        except ValidationError as error:
            for path, message in _located(written, error):
                messages.setdefault(dotted("steps", position, *path), []).append(message)
    if messages:
        raise StepsError(messages)
    return parsed


def dotted(*path: int | str) -> str:
    return ".".join(map(str, path))


def _located(written: object, error: ValidationError) -> Iterator[tuple[Path, str]]:
    for details in error.errors(include_url=False):
        path = _written_path(written, details)
        yield path, _message(written, path, details)


def _written_path(written: object, details: ErrorDetails) -> Path:
    """pydantic's path without the names of union members, which nobody wrote."""
    path: list[int | str] = []
    value: Any = written
    for key in details["loc"]:
        if (isinstance(value, Mapping) and key in value) or isinstance(key, int):
            path.append(key)
            value = value[key]
    if details["type"] == "missing":
        path.append(details["loc"][-1])
    elif details["type"].startswith("union_tag"):
        path.append(details["ctx"]["discriminator"].strip("'"))
    return tuple(path)


def _message(written: object, path: Path, details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "value_error":
            return str(context["error"])
        case "missing":
            return f"This is required. {_help(written, path)}".strip()
        case type_ if type_ in MESSAGES:
            return MESSAGES[type_].format(**context)
        case _:
            return f"{details['msg']}."


def _help(written: object, path: Path) -> str:
    kind = KINDS.get(written["kind"]) if isinstance(written, Mapping) else None
    field = kind.model_fields.get(str(path[0])) if kind and len(path) == 1 else None
    return (field.description if field else None) or ""

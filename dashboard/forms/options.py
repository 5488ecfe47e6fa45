"""Inputs for options that a pydantic model describes, so that a new kind of check needs no form of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from django import forms
from django.core.exceptions import ValidationError
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails


class HeadersField(forms.CharField):
    """Lines of `Name: value` to an object."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "code"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}: {text}" for name, text in value.items()) if isinstance(value, Mapping) else value

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        headers = {}
        for line in filter(None, map(str.strip, str(value or "").splitlines())):
            name, colon, text = line.partition(":")
            if not colon:
                raise ValidationError(f'"{line}" is not a header: write Name: value.')
            headers[name.strip()] = text.strip()
        return headers


class LinesField(forms.CharField):
    """Lines to a list of texts, or to nothing if there are none."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "code"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str] | None:  # type: ignore[override]
        return list(filter(None, map(str.strip, str(value or "").splitlines()))) or None


def option_fields(options: type[BaseModel]) -> dict[str, forms.Field]:
    """An input for each option, in order."""
    return {name: _field(name, info) for name, info in options.model_fields.items()}


def given_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """What someone said: inputs left empty are left to their defaults."""
    return {name: value for name, value in values.items() if value not in ("", None, {})}


def option_message(problem: ErrorDetails) -> str:
    """What pydantic says, as a sentence."""
    message = problem["msg"].removeprefix("Value error, ")
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."


def labelled(field: forms.Field, name: str, info: FieldInfo) -> forms.Field:
    """The input with the name, help and default of its option."""
    field.label = " ".join(name.split("_")).capitalize()
    field.help_text = info.description or ""
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    field.required = info.is_required()
    field.initial = default.model_dump() if isinstance(default, BaseModel) else default
    if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("format") == "textarea":
        field.widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "code"})
    return field


def without_none(annotation: Any) -> Any:
    """What a value is of if it is said."""
    said = [kind for kind in get_args(annotation) if kind is not NoneType]
    return said[0] if NoneType in get_args(annotation) and len(said) == 1 else annotation


def _field(name: str, info: FieldInfo) -> forms.Field:
    kind = without_none(info.annotation)
    make = _choice if get_origin(kind) is Literal else MAKERS.get(get_origin(kind) or kind, _text)
    return labelled(make(kind), name, info)


def _choice(kind: Any) -> forms.Field:
    return forms.ChoiceField(choices=[(value, value) for value in get_args(kind)])


def _text(_kind: Any) -> forms.Field:
    return forms.CharField(required=False, strip=False)


MAKERS: dict[Any, Callable[[Any], forms.Field]] = {
    bool: lambda _kind: forms.BooleanField(required=False),
    int: lambda _kind: forms.IntegerField(required=False),
    dict: lambda _kind: HeadersField(required=False),
    list: lambda _kind: LinesField(required=False),
}

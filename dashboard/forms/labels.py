"""Labels of an endpoint, written one a line: `tier=gpu`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class LabelsField(forms.CharField):
    """Text of lines to an object of names and values; a name alone has an empty value."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "code"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name}={text}" if text else name for name, text in value.items())
        return value

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        labels: dict[str, str] = {}
        for number, line in enumerate(str(value or "").splitlines(), 1):
            if line.strip():
                name, _, text = (part.strip() for part in line.partition("="))
                self._require_new(name, labels, number)
                labels[name] = text
        return labels

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)

    def _require_new(self, name: str, labels: dict[str, str], number: int) -> None:
        if not name or " " in name:
            raise ValidationError(f"Line {number}: write a name without spaces, then = and its value.")
        if name in labels:
            raise ValidationError(f"Line {number}: {name} is there already.")

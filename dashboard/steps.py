"""Steps of a policy in words, for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from steering.steps import KINDS


class Described(NamedTuple):
    """A step: its kind, what that kind does, and its options as pairs of name and text."""

    kind: str
    about: str
    options: list[tuple[str, str]]


def described_steps(steps: Iterable[Mapping[str, Any]]) -> list[Described]:
    """Steps as `steps_with_names` gives them, without the defaults that go without saying."""
    return [_described(step) for step in steps]


def _described(step: Mapping[str, Any]) -> Described:
    kind = KINDS[step["kind"]]
    options = [
        (name.replace("_", " "), _text(value)) for name, value in step.items() if name != "kind" and _says(value)
    ]
    return Described(step["kind"], kind.__doc__ or "", options)


def _says(value: Any) -> bool:
    return value not in ([], 0, None, {"action": "bypass"})


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_text, value)) if any(isinstance(item, dict) for item in value) else ", ".join(value)
    if value is True:
        return "yes"
    if not isinstance(value, dict):
        return str(value)
    if "location" in value:
        return f"{value['location']} → {_members(value)}"
    if "action" in value:
        return _action(value)
    return _members(value)


def _members(value: Mapping[str, Any]) -> str:
    return ", ".join([*value.get("regions", []), *[f"pool {name}" for name in value.get("pools", [])]])


def _action(value: Mapping[str, Any]) -> str:
    targets = [f"{kind} {value[kind]}" for kind in ("pool", "policy") if value.get(kind)]
    return " ".join([value["action"], *targets])

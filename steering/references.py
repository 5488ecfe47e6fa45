"""What the options of steps refer to: regions, pools and policies, by name for people and by id for the responder.

Options keep these keys for references wherever they stand, so that a new kind of step needs no code here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

Kind = Literal["region", "pool", "policy"]
Path = tuple[int | str, ...]
Translate = Callable[[Kind, Any, Path], Any]
"""From one reference to what stands for it, given where it stands."""

REFERRING: dict[str, Kind] = {"regions": "region", "pools": "pool", "pool": "pool", "policy": "policy"}


def translated(options: Any, translate: Translate, path: Path = ()) -> Any:
    """The same options with every reference translated."""
    if isinstance(options, dict):
        return {key: _item(key, value, translate, (*path, key)) for key, value in options.items()}
    if isinstance(options, list):
        return [translated(item, translate, (*path, position)) for position, item in enumerate(options)]
    return options


def references(options: Any) -> list[tuple[Kind, Any]]:
    """Every reference of the options, in order."""
    found: list[tuple[Kind, Any]] = []
    translated(options, lambda kind, reference, _path: found.append((kind, reference)))
    return found


def _item(key: str, value: Any, translate: Translate, path: Path) -> Any:
    kind = REFERRING.get(key)
    if kind is None:
        return translated(value, translate, path)
    if isinstance(value, list):
        return [translate(kind, reference, (*path, position)) for position, reference in enumerate(value)]
    return translate(kind, value, path)

"""What can be believed of an endpoint."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"

"""Health as the feed sends it and the disk keeps it (docs/snapshot-format.md)."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from responder import Health

FamilyState = tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], Literal[0, 4, 6], Literal["up", "down", "unknown"]]


class HealthError(ValueError):
    """A health message that cannot be used."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sequence: Annotated[int, Field(ge=0)]
    full: bool
    states: list[FamilyState]


def next_health(health: Health, message: str | bytes) -> Health:
    """The health after a message. Raises HealthError if it is malformed or not the next after `health`."""
    try:
        read = _Message.model_validate_json(message)
        return Health(read.sequence, read.states) if read.full else health.apply(read.sequence, read.states)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise HealthError(f"health refused: {field}: {first['msg']}") from error
    except ValueError as error:
        raise HealthError(f"health refused: {error}") from error


def written(health: Health) -> bytes:
    """`health` as a full message."""
    return json.dumps({"sequence": health.sequence, "full": True, "states": health.states}).encode()

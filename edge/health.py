"""Health as the feed sends it and the disk keeps it (docs/snapshot-format.md)."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from responder import Health

FamilyState = tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], Literal[0, 4, 6], Literal["up", "down", "unknown"]]


LoadEntry = tuple[
    Annotated[int, Field(ge=1, le=2**31 - 1)],
    Annotated[float, Field(ge=0, allow_inf_nan=False)] | None,
    Annotated[int, Field(ge=0)],
    Annotated[int, Field(ge=0, le=2**31 - 1)],
]
"""An endpoint's id, its load as a share of its capacity, when it was measured, and how many seconds it counts."""


FailingEntry = tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], Literal[0, 4, 6], bool]


ViewsEntry = tuple[
    Annotated[int, Field(ge=1, le=2**31 - 1)],
    Literal[0, 4, 6],
    list[tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], bool]],
]
"""An endpoint's id, a family, and of each vantage by its region whether it is up from there; none: they agree."""


class HealthError(ValueError):
    """A health message that cannot be used."""


class OldHealthError(HealthError):
    """A health message from before what is known: the feed is behind, or says something twice."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sequence: Annotated[int, Field(ge=0)]
    full: bool
    states: list[FamilyState]
    loads: list[LoadEntry] = []
    failing: list[FailingEntry] = []
    views: list[ViewsEntry] = []


def next_health(health: Health, message: str | bytes) -> Health:
    """The health after a message.

    Raises HealthError if it is malformed or there is a gap before it, OldHealthError if it would lead back.
    """
    try:
        read = _Message.model_validate_json(message)
        if read.sequence < health.sequence + (not read.full):
            raise OldHealthError(f"health {read.sequence} refused: {health.sequence} is known")
        if read.full:
            return Health(read.sequence, read.states, read.loads, read.failing, read.views)
        return health.apply(read.sequence, read.states, read.loads, read.failing, read.views)
    except OldHealthError:
        raise
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise HealthError(f"health refused: {field}: {first['msg']}") from error
    except ValueError as error:
        raise HealthError(f"health refused: {error}") from error


def written(health: Health) -> bytes:
    """`health` as a full message."""
    optional = {"loads": health.loads, "failing": health.failing, "views": health.views}
    said = {name: entries for name, entries in optional.items() if entries}
    return json.dumps({"sequence": health.sequence, "full": True, "states": health.states, **said}).encode()

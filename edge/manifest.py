"""The manifest of a generation, as an edge receives it: untrusted until read here (docs/snapshot-format.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ManifestError(ValueError):
    """Not a manifest that this edge understands. The message names the field."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[1]
    generation: Annotated[int, Field(ge=1)]
    created: str
    zones: dict[str, Digest]
    policies: Digest
    geo: dict[str, Digest]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`octets` are exactly those received; `digests` those of every chunk. `created` is None if it is no time."""

    octets: bytes
    generation: int
    created: datetime | None
    digests: frozenset[str]


def read_manifest(octets: bytes) -> Manifest:
    """Raises ManifestError."""
    try:
        written = _Written.model_validate_json(octets)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise ManifestError(f"manifest refused: {field}: {first['msg']}") from error
    digests = frozenset({*written.zones.values(), written.policies, *written.geo.values()})
    return Manifest(octets, written.generation, _time(written.created), digests)


def _time(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None  # nothing is decided by it
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""The lines that `python -m latency.adapter` reads: one JSON object each, told apart by its `op` (docs/latency.md)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Name = str | int
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]  # some go on past the date line
Time = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]  # unix seconds, and not milliseconds


class Message(BaseModel):
    """Fields that are not known are left alone, so that later senders can say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RegionMessage(Message):
    """A region of `setup`."""

    id: Name
    lat: Latitude | None = None
    lon: Longitude | None = None
    capacity_qph: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class ClientMessage(Message):
    """A client of `setup`: a prefix and what is known of it."""

    key: str
    asn: Name | None = None
    country: str | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None


class Setup(Message):
    """Begins anew with these regions and clients."""

    op: Literal["setup"]
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] = 0
    regions: Annotated[list[RegionMessage], Field(min_length=1)]
    clients: list[ClientMessage] = []


class Observe(Message):
    """A round trip that a client measured."""

    op: Literal["observe"]
    t: Time
    client: str
    region: Name
    rtt_ms: Annotated[float, Field(gt=0, le=600_000, allow_inf_nan=False)]


class Choose(Message):
    """Asks for the region of a client."""

    op: Literal["choose"]
    t: Time
    client: str


class Load(Message):
    """How full regions are, 1 being all they can take; a region left out, or null, is unknown."""

    op: Literal["load"]
    t: Time
    util: dict[Name, Annotated[float, Field(ge=0, allow_inf_nan=False)] | None]


class Bye(Message):
    """Ends the conversation."""

    op: Literal["bye"]


Any = Annotated[Setup | Observe | Choose | Load | Bye, Field(discriminator="op")]
_ADAPTER: TypeAdapter[Setup | Observe | Choose | Load | Bye] = TypeAdapter(Any)


class BadFieldError(ValueError):
    """A field of a line is wrong; nothing has changed by it."""

    def __init__(self, field: str, problem: str, op: str | None = None) -> None:
        super().__init__(f"{field}: {problem}")
        self.op = op  # of the line, if that much could be read


def read(line: bytes) -> Setup | Observe | Choose | Load | Bye:
    """The message in a line, or BadFieldError for its first wrong field."""
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = [str(part) for part in first["loc"]]
        op = path.pop(0) if path else None
        field = ".".join(path) or ("op" if first["type"].startswith("union_tag") else "line")
        raise BadFieldError(field, first["msg"], op) from None

"""Beacons as they are sent: an array, or an object a line. They come from strangers: nothing is believed before it is
read here, and a batch with anything malformed in it is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic reads that of typing from Python 3.12 on

from telemetry.rum.clients import ClientError, prefix_of
from telemetry.rum.token import MAX_TOKEN

MAX_BATCH = 5_000
MAX_BATCH_OCTETS = 2**20
MAX_BROWSER_BATCH = 16
MAX_BROWSER_OCTETS = 2**14
"""A page measures a few candidates once."""
MAX_NAMED_ERRORS = 20
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Batch = TypeVar("Batch")


@with_config(STRICT)
class SignedBeacon(TypedDict):
    """What a browser tells: how long the way to one of the token's endpoints took, `age_ms` before it was sent."""

    token: Annotated[str, Field(max_length=MAX_TOKEN)]
    endpoint: int
    rtt_ms: float
    age_ms: Annotated[float, Field(ge=0)]


@with_config(STRICT)
class OwnBeacon(TypedDict):
    """What an application tells: the same, of any client, under an id that makes it count once."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    client: Annotated[str, Field(max_length=49)]
    endpoint: Annotated[str, Field(max_length=63)]
    rtt_ms: float
    measured_s: float


@with_config(STRICT)
class Imported(TypedDict):
    """What somebody else has measured: `target` is an endpoint's name, address or host name."""

    client: Annotated[str, Field(max_length=49)]
    target: Annotated[str, Field(max_length=254)]
    rtt_ms: float
    measured_s: float


@with_config(STRICT)
class ImportedBatch(TypedDict):
    measurements: Annotated[list[Imported], Field(max_length=MAX_BATCH)]


SIGNED = TypeAdapter(Annotated[list[SignedBeacon], Field(max_length=MAX_BROWSER_BATCH)])
OWN = TypeAdapter(Annotated[list[OwnBeacon], Field(max_length=MAX_BATCH)])
IMPORTED = TypeAdapter(ImportedBatch)

FieldError = dict[str, object]


class MalformedError(ValueError):
    """A batch that cannot be read. `errors` name item and field, such as `17.rtt_ms`; items count from 0."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['message']}" for error in errors))
        self.errors = errors


def read_signed(body: bytes) -> list[SignedBeacon]:
    """The beacons of a browser. Raises MalformedError."""
    return _read(SIGNED, body)


def read_own(body: bytes) -> list[OwnBeacon]:
    """The beacons of an application, with clients cut to their prefix. Raises MalformedError."""
    beacons = _read(OWN, body)
    _cut_clients(beacons)
    return beacons


def read_imported(body: object) -> list[Imported]:
    """Measurements of a file, from decoded JSON, with clients cut to their prefix. Raises MalformedError."""
    with _as_malformed():
        measurements = IMPORTED.validate_python(body)["measurements"]
    _cut_clients(measurements)
    return measurements


def _cut_clients(sent: Sequence[OwnBeacon] | Sequence[Imported]) -> None:
    errors = list[FieldError]()
    for item, measurement in enumerate(sent):
        try:
            measurement["client"] = prefix_of(measurement["client"])
        except ClientError as error:
            errors.append({"field": f"{item}.client", "message": str(error)})
    if errors:
        raise MalformedError(errors[:MAX_NAMED_ERRORS])


def _read(kind: TypeAdapter[Batch], body: bytes) -> Batch:
    with _as_malformed():
        return kind.validate_json(body if body.lstrip()[:1] == b"[" else _array_of_lines(body))


@contextmanager
def _as_malformed() -> Iterator[None]:
    try:
        yield
        return
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)
    raise MalformedError([_field_error(item["loc"], item["msg"]) for item in wrong[:MAX_NAMED_ERRORS]])


def _array_of_lines(body: bytes) -> bytes:
    return b"[" + b",".join(line for line in body.splitlines() if line.strip()) + b"]"


def _field_error(path: tuple[int | str, ...], message: str) -> FieldError:
    items = path[1:] if path[:1] == ("measurements",) and len(path) > 1 else path
    return {"field": ".".join(map(str, items)), "message": message}

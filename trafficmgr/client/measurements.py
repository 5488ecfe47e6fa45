"""Files of measurements, as `POST /api/v1/measurements` takes them.

    CSV ──────────┐
    JSON lines ───┼─► read() ─► Measurement with its line ─► batches
    RIPE Atlas ───┘            MalformedLinesError: nothing is sent

RIPE Atlas: results of ping, traceroute and sslcert (https://atlas.ripe.net/docs/apis/result-format/), an array or an
object a line. The client is the probe's `from`, cut to its /24 or /48 here already; a result without an answer, or of
another kind, is left out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from telemetry.rum.clients import ClientError, network_of, prefix_of

MAX_NAMED_LINES = 20
COLUMNS = ("client", "target", "rtt_ms", "measured_s")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one line says, as the API takes it."""

    line: int
    client: str
    target: str
    rtt_ms: float
    measured_s: float

    def body(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in COLUMNS}


class MalformedLinesError(ValueError):
    """Lines that cannot be read; `errors` name the first of them."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors[:MAX_NAMED_LINES]))
        self.errors = errors


Row = dict[str, Any]
Rows = Iterable[tuple[int, Row]]


def read(text: str, kind: str, endpoint: str | None) -> list[Measurement]:
    """What a file of one of FORMATS says, the oldest first. `endpoint`: what all of it is about, else each line says.

    Raises MalformedLinesError.
    """
    measurements, errors = list[Measurement](), list[str]()
    rows, values_of = FORMATS[kind]
    for line, row in rows(text, errors):
        try:
            values = values_of(row if endpoint is None else row | {"target": endpoint})
            if values is not None:
                measurements.append(_measurement(line, values))
        except KeyError as error:
            errors.append(f"line {line}: {error.args[0]} is missing")
        except (TypeError, ValueError) as error:
            errors.append(f"line {line}: {error}")
    if errors:
        raise MalformedLinesError(errors)
    return sorted(measurements, key=lambda measurement: measurement.measured_s)


def _measurement(line: int, values: Row) -> Measurement:
    try:
        client = network_of(prefix_of(str(values["client"])))
    except ClientError as error:
        raise ValueError(f"client: {error}") from error
    numbers = [_number(values, name) for name in ("rtt_ms", "measured_s")]
    return Measurement(line, client, str(values["target"]), *numbers)


def _number(values: Row, name: str) -> float:
    try:
        return float(values[name])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {values[name]!r} is no number") from error


def _csv_rows(text: str, errors: list[str]) -> Rows:
    reader = csv.DictReader(text.splitlines(), strict=True)
    try:
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if name in COLUMNS and value}
    except csv.Error as error:
        errors.append(f"line {reader.line_num}: {error}")


def _json_rows(text: str, errors: list[str]) -> Rows:
    """Objects a line each, or of an array: then each counts as a line."""
    for number, row in _json_values(text, errors):
        if isinstance(row, dict):
            yield number, row
        else:
            errors.append(f"line {number}: this is no object")


def _json_values(text: str, errors: list[str]) -> Iterator[tuple[int, object]]:
    is_array = text.lstrip()[:1] == "["
    for number, line in enumerate([text] if is_array else text.splitlines(), start=1):
        try:
            if is_array:
                yield from enumerate(json.loads(line), start=1)
            elif line.strip():
                yield number, json.loads(line)
        except ValueError as error:
            errors.append(f"line {number}: this is not JSON: {error}")


def _plain(row: Row) -> Row:
    return row


def _of_atlas(row: Row) -> Row | None:
    """A result of RIPE Atlas; None: nothing answered, or it is of a kind that tells no round trip."""
    rtt_ms = ATLAS_KINDS.get(row["type"], _no_round_trip)(row)
    if rtt_ms is None:
        return None
    target = row.get("target") or row.get("dst_addr") or row["dst_name"]
    return {"client": row["from"], "target": target, "rtt_ms": rtt_ms, "measured_s": row["timestamp"]}


def _no_round_trip(_row: Row) -> None:
    return None


def _of_ping(row: Row) -> float | None:
    """The shortest of its packets: the others waited somewhere."""
    return min((float(reply["rtt"]) for reply in row.get("result", []) if "rtt" in reply), default=None)


def _of_traceroute(row: Row) -> float | None:
    """The shortest of the replies of the last hop, if that is who was asked."""
    hops = row.get("result") or [{}]
    replies = [reply for reply in hops[-1].get("result", []) if reply.get("from") == row.get("dst_addr")]
    return min((float(reply["rtt"]) for reply in replies if "rtt" in reply), default=None)


def _of_sslcert(row: Row) -> float | None:
    """The time to connect: one handshake of TCP."""
    return float(row["ttc"]) if "ttc" in row else None


ATLAS_KINDS: dict[str, Callable[[Row], float | None]] = {
    "ping": _of_ping,
    "traceroute": _of_traceroute,
    "sslcert": _of_sslcert,
}
FORMATS: dict[str, tuple[Callable[[str, list[str]], Rows], Callable[[Row], Row | None]]] = {
    "csv": (_csv_rows, _plain),
    "jsonl": (_json_rows, _plain),
    "ripe-atlas": (_json_rows, _of_atlas),
}

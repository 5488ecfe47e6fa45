"""The two messages of `grpc.health.v1` on the wire: HealthCheckRequest{1: service} and HealthCheckResponse{1: status}.

Protocol buffers, https://protobuf.dev/programming-guides/encoding; framed by gRPC: compressed or not, length, message.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

FRAME = struct.Struct("!BI")
VARINT, FIXED_64, LENGTH_DELIMITED, FIXED_32 = 0, 1, 2, 5
STATUS_FIELD = 1
SERVING = 1
SERVINGS = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
STATUSES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
MOST_VARINT_OCTETS = 10


class MessageError(ValueError):
    """Octets that are not such a message."""


def health_request(service: str) -> bytes:
    """The framed request for the health of `service`; empty: of the server."""
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    return FRAME.pack(0, len(message)) + message


def health_status(framed: bytes) -> int:
    """The ServingStatus of a framed response; 0 where it says none. Raises MessageError."""
    if len(framed) < FRAME.size:
        raise MessageError("no message")
    compressed, length = FRAME.unpack_from(framed)
    message = framed[FRAME.size :]
    if compressed or length != len(message):
        raise MessageError("a message of another length, or compressed")
    return dict(_numbers(message)).get(STATUS_FIELD, 0)


def serving_name(status: int) -> str:
    return SERVINGS[status] if status < len(SERVINGS) else str(status)


def status_name(status: str) -> str:
    """`5 NOT_FOUND` for `5`."""
    return f"{status} {STATUSES[int(status)]}" if status.isdecimal() and int(status) < len(STATUSES) else repr(status)


def _numbers(message: bytes) -> Iterator[tuple[int, int]]:
    """The fields that are numbers, in order; of a field that comes twice the last counts."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == VARINT:
            value, at = _read_varint(message, at)
            yield key >> 3, value
        else:
            at = _skip(message, at, kind)


def _skip(message: bytes, at: int, kind: int) -> int:
    sizes = {FIXED_64: 8, FIXED_32: 4}
    if kind == LENGTH_DELIMITED:
        size, at = _read_varint(message, at)
    elif kind in sizes:
        size = sizes[kind]
    else:
        raise MessageError(f"a field of the unknown kind {kind}")
    if at + size > len(message):
        raise MessageError("a field that ends too late")
    return at + size


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*octets, number])


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for position, octet in enumerate(message[at : at + MOST_VARINT_OCTETS]):
        number |= (octet & 0x7F) << 7 * position
        if octet < 0x80:
            return number, at + position + 1
    raise MessageError("a number without an end")

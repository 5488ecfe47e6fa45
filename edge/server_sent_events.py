"""Reads a stream of server-sent events (WHATWG HTML, section 9.2.6). Does no input or output itself."""

from __future__ import annotations

from dataclasses import dataclass

MAX_EVENT = 64 * 2**20
"""A full health of a million endpoints is a third of this."""


class EventStreamError(ValueError):
    """A stream that is not one of events."""


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: str


class EventParser:
    """Takes octets as they come, gives events as they end. Comments and unknown fields are skipped."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []

    def feed(self, octets: bytes) -> list[Event]:
        """The events that end within `octets`. Raises EventStreamError."""
        *lines, self._rest = (self._rest + octets).split(b"\n")
        if len(self._rest) > MAX_EVENT:
            raise EventStreamError(f"a line of more than {MAX_EVENT} octets")
        return [event for line in lines if (event := self._take(line.removesuffix(b"\r")))]

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._end()
        field, _, value = _decoded(line).partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        return None

    def _end(self) -> Event | None:
        name, data = self._name, "\n".join(self._data)
        self._name, self._data = "", []
        return Event(name, data) if data else None


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise EventStreamError(f"a line that is not UTF-8: {error.reason}") from error

"""Reads a stream of server-sent events (WHATWG HTML, section 9.2.6). Does no input or output itself."""

from __future__ import annotations

from dataclasses import dataclass

MAX_EVENT = 16 * 2**20
"""The health of half a million endpoints fits."""


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
        self._size = 0  # of the event so far

    def feed(self, octets: bytes) -> list[Event]:
        """The events that end within `octets`. Raises EventStreamError."""
        *lines, self._rest = (self._rest + octets).split(b"\n")
        events = [event for line in lines if (event := self._take(line.removesuffix(b"\r")))]
        if len(self._rest) + self._size > MAX_EVENT:
            raise EventStreamError(f"an event of more than {MAX_EVENT} octets")
        return events

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._end()
        field, _, value = _decoded(line).partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
            self._size += len(line)
        return None

    def _end(self) -> Event | None:
        name, data = self._name, "\n".join(self._data)
        self._name, self._data, self._size = "", [], 0
        return Event(name, data) if data else None


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise EventStreamError(f"a line that is not UTF-8: {error.reason}") from error

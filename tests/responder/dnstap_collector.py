"""A collector of dnstap that shares no code with what sends it: Frame Streams and protobuf read by hand."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

ACCEPT, START, STOP, READY, FINISH = 1, 2, 3, 4, 5
CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
#: Fields of the Message by number, as in dnstap.proto
FIELDS = {
    1: "type",
    2: "family",
    3: "protocol",
    4: "query_address",
    5: "response_address",
    6: "query_port",
    7: "response_port",
    8: "query_time_sec",
    9: "query_time_nsec",
    10: "query_message",
    12: "response_time_sec",
    13: "response_time_nsec",
    14: "response_message",
}
AUTH_QUERY, AUTH_RESPONSE = 1, 2


def protobuf(octets: bytes) -> dict[int, Any]:
    """Fields by number. Every octet has to be part of one."""
    found: dict[int, Any] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            octet = octets[at]
            at, value, shift = at + 1, value | (octet & 0x7F) << shift, shift + 7
            if octet < 0x80:
                return value

    while at < len(octets):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            found[number] = varint()
        elif kind == 2:
            length = varint()
            found[number], at = octets[at : at + length], at + length
        elif kind == 5:
            found[number], at = struct.unpack_from("<I", octets, at)[0], at + 4
        else:
            raise AssertionError(f"field {number} is of kind {kind}")
    assert at == len(octets)
    return found


@dataclass
class Collector:
    """Listens on `listener`, takes one connection after the other."""

    listener: socket.socket
    frames: list[dict[int, Any]] = field(default_factory=list)
    controls: list[int] = field(default_factory=list)
    connections: int = 0
    #: Cleared: nothing is read from the connection.
    reading: threading.Event = field(default_factory=threading.Event)

    def start(self) -> Collector:
        self.reading.set()
        self.listener.listen()
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def stop(self) -> None:
        self.hang_up()
        self.listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.listener.close()

    def hang_up(self) -> None:
        """Die in the middle of a connection."""
        self.reading.set()
        if self._connection is not None:
            with suppress(OSError):  # it has ended by itself
                self._connection.shutdown(socket.SHUT_RDWR)

    def messages(self, kind: int) -> list[dict[str, Any]]:
        inner = (protobuf(frame[14]) for frame in list(self.frames))
        named = [{FIELDS[number]: value for number, value in message.items()} for message in inner]
        return [message for message in named if message["type"] == kind]

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._connection = connection
                with suppress(OSError):  # the sender does not wait for ever
                    for frame in self._frames_of(connection):
                        self.frames.append(protobuf(frame))
                self._connection = None

    def _frames_of(self, connection: socket.socket) -> Iterator[bytes]:
        with connection.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                (length,) = struct.unpack("!I", head)
                if length:
                    frame = stream.read(length)
                    if len(frame) < length:
                        return  # the sender gave up in the middle
                    yield frame
                    self.reading.wait()
                    continue
                control = stream.read(*struct.unpack("!I", stream.read(4)))
                self._answer(connection, control)

    def _answer(self, connection: socket.socket, control: bytes) -> None:
        (kind,) = struct.unpack_from("!I", control)
        self.controls.append(kind)
        if kind in {READY, START}:
            assert control[4:] == struct.pack("!II", 1, len(CONTENT_TYPE)) + CONTENT_TYPE
        answer = {READY: struct.pack("!I", ACCEPT) + control[4:], STOP: struct.pack("!I", FINISH)}.get(kind)
        if answer is not None:
            connection.sendall(struct.pack("!II", 0, len(answer)) + answer)


def unix_collector(path: Any) -> Collector:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    return Collector(listener).start()


def tcp_collector() -> Collector:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return Collector(listener).start()

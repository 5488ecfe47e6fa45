"""What two edge processes say to each other: packets of JSON, and descriptors that come with them (SCM_RIGHTS).

Everything received is untrusted until read here. Whoever receives descriptors owns them, and closes them.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Kind = Literal["ask", "sockets", "serving", "left", "refused"]

MAX_PACKET = 4096
AT_ONCE = 128
"""Descriptors with one packet: the kernel takes 253 at most (SCM_MAX_FD)."""
MAX_DESCRIPTORS = 65536
MORE = b"{}"
"""The packet of further descriptors."""
CREDENTIALS = struct.Struct("3i")
"""`struct ucred` of unix(7): process, user, group."""

Result = TypeVar("Result")


class PacketError(Exception):
    """The other process cannot be understood, refuses, or says nothing."""


class RefusalError(PacketError):
    """The other process refuses, and this is why."""


class SilenceError(PacketError):
    """The other process ended, or hung up without a word."""


class Message(BaseModel):
    """`descriptors`: how many come with this packet and those right behind it."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    descriptors: Annotated[int, Field(ge=0, le=MAX_DESCRIPTORS)] = 0
    generation: Annotated[int, Field(ge=0)] = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Packet:
    message: Message
    descriptors: list[int]


class Peer:
    """The other process, behind a unix socket of packets (SOCK_SEQPACKET)."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setblocking(False)
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        self.process, self.user, _ = CREDENTIALS.unpack(credentials)

    def close(self) -> None:
        self._sock.close()

    def stop_listening(self) -> None:
        """What the other one sends from now on fails there; what it sent before is still received."""
        with suppress(OSError):  # it hung up already
            self._sock.shutdown(socket.SHUT_RD)

    async def send(self, kind: Kind, descriptors: Sequence[int] = (), *, generation: int = 0, reason: str = "") -> None:
        """Raises SilenceError. The descriptors stay the caller's."""
        message = Message(kind=kind, descriptors=len(descriptors), generation=generation, reason=reason)
        await self._send(message.model_dump_json().encode(), descriptors[:AT_ONCE])
        for start in range(AT_ONCE, len(descriptors), AT_ONCE):
            await self._send(MORE, descriptors[start : start + AT_ONCE])

    async def receive(self, kind: Kind, *, within_s: float) -> Packet:
        """The next packet, which has to be of this kind. Raises PacketError, also if it takes longer."""
        descriptors: list[int] = []
        try:
            async with asyncio.timeout(within_s):
                message = _read(await self._receive(descriptors), kind)
                while len(descriptors) < message.descriptors:
                    await self._receive(descriptors)
        except TimeoutError:
            close_all(descriptors)
            raise PacketError(f"no word from the other process within {within_s:g} s") from None
        except BaseException:
            close_all(descriptors)
            raise
        return Packet(message, descriptors)

    async def _send(self, octets: bytes, descriptors: Sequence[int]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await self._when_ready(
                loop.add_writer, loop.remove_writer, lambda: socket.send_fds(self._sock, [octets], descriptors)
            )
        except OSError as error:
            raise SilenceError(f"the other process hung up: {error.strerror}") from error

    async def _receive(self, descriptors: list[int]) -> bytes:
        """One packet; adds its descriptors to those given."""
        loop = asyncio.get_running_loop()
        try:
            octets = await self._when_ready(loop.add_reader, loop.remove_reader, lambda: self._receive_now(descriptors))
        except OSError as error:
            raise SilenceError(f"the other process hung up: {error.strerror}") from error
        if not octets:
            raise SilenceError("the other process hung up")
        return octets

    def _receive_now(self, descriptors: list[int]) -> bytes:
        try:
            octets, received, flags, _ = socket.recv_fds(self._sock, MAX_PACKET, AT_ONCE, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:  # it closed without having heard all; what it said before comes behind the error
            return self._receive_now(descriptors)
        descriptors += received
        if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
            raise PacketError("the other process says too much, or this one may not have more descriptors open")
        return octets

    async def _when_ready(
        self, watch: Callable[..., None], unwatch: Callable[..., object], act: Callable[[], Result]
    ) -> Result:
        while True:
            try:
                return act()
            except BlockingIOError:
                ready = asyncio.Event()
                watch(self._sock, ready.set)
                try:
                    await ready.wait()
                finally:
                    unwatch(self._sock)


def close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _read(octets: bytes, kind: Kind) -> Message:
    try:
        message = Message.model_validate_json(octets)
    except ValidationError as error:
        raise PacketError(
            f"the other process says what this one does not understand: {error.errors()[0]['msg']}"
        ) from error
    if message.kind == "refused":
        raise RefusalError(message.reason)
    if message.kind != kind:
        raise PacketError(f"the other process says {message.kind!r} instead of {kind!r}")
    return message

"""The place of an edge: a state directory, which one edge has at a time.

    edge.lock   locked while an edge has the place, by the kernel: one that is killed leaves nothing behind
    edge.sock   its door: a successor asks for the place there (edge/handover.py)

Lock and door go to a successor as descriptors, so that the place is never free in between.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.packets import Peer

LOCK = "edge.lock"
DOOR = "edge.sock"
BACKLOG = 8
KNOCK_S = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Held until the process ends or `give_up`."""

    lock: int
    door: socket.socket

    @classmethod
    def of_descriptors(cls, lock: int, door: int) -> Place:
        """What `descriptors` gave in another process."""
        return cls(lock, socket.socket(fileno=door))

    @property
    def descriptors(self) -> list[int]:
        return [self.lock, self.door.fileno()]

    def give_up(self) -> None:
        """Another process that has the place keeps it."""
        self.door.close()
        os.close(self.lock)

    async def visitor(self) -> Peer:
        """The next one at the door."""
        loop = asyncio.get_running_loop()
        while True:
            arrived = asyncio.Event()
            loop.add_reader(self.door, arrived.set)
            try:
                await arrived.wait()
            finally:
                loop.remove_reader(self.door)
            with suppress(BlockingIOError, ConnectionError):  # it left again
                return Peer(self.door.accept()[0])


def take_free_place(home: Path) -> Place | None:
    """None: an edge has it."""
    home.mkdir(parents=True, exist_ok=True)
    lock = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Place(lock, _open_door(home))
    except BlockingIOError:
        os.close(lock)
        return None


def knock(home: Path) -> Peer:
    """At the door of the edge that has the place. Raises OSError if nobody opens."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.settimeout(KNOCK_S)
    try:
        with _short_path(home / DOOR) as path:
            door.connect(path)
    except BaseException:
        door.close()
        raise
    return Peer(door)


def _open_door(home: Path) -> socket.socket:
    (home / DOOR).unlink(missing_ok=True)  # of an edge that is gone: the lock was free
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with _short_path(home / DOOR) as path:
        door.bind(path)
    (home / DOOR).chmod(0o600)  # nobody is let in before `listen`
    door.listen(BACKLOG)
    door.setblocking(False)
    return door


@contextmanager
def _short_path(path: Path) -> Iterator[str]:
    """A name of `path` that fits into the 108 octets of a unix socket address, however deep the directory lies."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)

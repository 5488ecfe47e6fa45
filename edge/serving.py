"""What this node answers with: the responder's server, from the first snapshot on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from responder import Health, Server, Snapshot

if TYPE_CHECKING:  # a type of the stub only
    from responder import Counters

NO_COUNTERS: Counters = {
    "queries": 0,
    "dropped": 0,
    "answers": [],
    "tcp": {"open": 0, "buffered_octets": 0, "refused": 0, "cut_off": 0},
}


class ListenError(Exception):
    """An address that cannot be listened on. The message names it."""


log = logging.getLogger(__name__)


class Serving:
    """Snapshot and health in use. Both are replaced atomically, between two queries."""

    def __init__(self, listen: Sequence[str]) -> None:
        self._listen = list(listen)
        self._server: Server | None = None
        self.snapshot: Snapshot | None = None
        self.health = Health()

    @property
    def generation(self) -> int:
        """0: nothing is served yet."""
        return self.snapshot.generation if self.snapshot else 0

    @property
    def addresses(self) -> list[str]:
        return self._server.addresses if self._server else []

    def serve(self, snapshot: Snapshot) -> None:
        """Answer with `snapshot` from the next query on. Raises SnapshotError (P1) and, the first time, ListenError."""
        if self._server is None:
            self._server = self._listening(snapshot)
            log.info("answering on %s", ", ".join(self._server.addresses))
        else:
            self._server.swap(snapshot)
        self.snapshot = snapshot
        log.info("serving generation %d", snapshot.generation)

    def _listening(self, snapshot: Snapshot) -> Server:
        try:
            return Server(self._listen, snapshot, self.health)
        except (OSError, ValueError) as error:
            raise ListenError(f"cannot answer queries: {error}") from error

    def believe(self, health: Health) -> None:
        """Use `health` from the next query on."""
        self.health = health
        if self._server is not None:
            self._server.set_health(health)

    def counters(self) -> Counters:
        return self._server.counters() if self._server else NO_COUNTERS

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

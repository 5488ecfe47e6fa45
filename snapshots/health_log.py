"""Health as it is told to edges: a full state, and the deltas that led to it while they are remembered."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from functools import cached_property

from healthchecks.reading import Delta, HealthState

REMEMBERED_DELTAS = 1000

Message = tuple[int, str]
"""The sequence number it leads to, and its JSON (docs/snapshot-format.md)."""


class HealthLog:
    """The health at `sequence`."""

    def __init__(self, state: HealthState) -> None:
        self.sequence = state.sequence
        self._states = {(endpoint, family): state for endpoint, family, state in state.states}
        self._loads = {load[0]: load for load in state.loads}
        self._failing = {entry[:2]: entry for entry in state.failing}
        self._views = {entry[:2]: entry for entry in state.views}
        self._deltas: deque[Message] = deque(maxlen=REMEMBERED_DELTAS)

    def extend(self, deltas: Iterable[Delta]) -> None:
        """Go on from `sequence` by deltas that follow it without a gap."""
        for delta in deltas:
            self._states.update({(endpoint, family): state for endpoint, family, state in delta.states})
            self._loads.update({load[0]: load for load in delta.loads})
            self._failing.update({entry[:2]: entry for entry in delta.failing})
            self._views.update({entry[:2]: entry for entry in delta.views})
            self._deltas.append((delta.sequence, _message(delta, full=False)))
            self.sequence = delta.sequence
            self.__dict__.pop("_full", None)

    def messages_since(self, sequence: int | None) -> list[Message]:
        """What brings who is at `sequence` up to date: nothing, deltas, or the full state. None: it knows nothing."""
        if sequence == self.sequence:
            return []
        following = [message for message in self._deltas if sequence is not None and message[0] > sequence]
        if sequence is None or not following or following[0][0] != sequence + 1:
            return [self._full]
        return following

    @cached_property
    def _full(self) -> Message:
        states = [(endpoint, family, state) for (endpoint, family), state in sorted(self._states.items())]
        loads = [load for _endpoint, load in sorted(self._loads.items()) if load[1] is not None]
        failing = [entry for _judged, entry in sorted(self._failing.items()) if entry[2]]
        views = [entry for _judged, entry in sorted(self._views.items()) if entry[2]]
        return self.sequence, _message(HealthState(self.sequence, states, loads, failing, views), full=True)


def _message(told: HealthState | Delta, *, full: bool) -> str:
    """Without loads and disagreement, it is as it was before there were any."""
    optional = {"loads": told.loads, "failing": told.failing, "views": told.views}
    said = {name: entries for name, entries in optional.items() if entries}
    return json.dumps({"sequence": told.sequence, "full": full, "states": told.states, **said}, separators=(",", ":"))

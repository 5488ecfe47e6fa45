"""Several checks that ask the same, of one team or of several, are one probe, and each of them is told (H9). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from healthchecks.probes import Dialogue, Peer, Probe, Target
from healthchecks.probes.running import direct_peer
from healthchecks.targets import ProbeTarget

SharedKey = tuple[str, str, Target, int]
"""The kind of a probe, its options as JSON, where it goes, and its interval in ms."""


@dataclass(frozen=True)
class SharedTarget:
    """What is probed once for all of `members`, which differ in what they make of it."""

    key: SharedKey
    members: tuple[ProbeTarget, ...]

    @property
    def probe(self) -> Probe:
        return self.members[0].probe

    @property
    def target(self) -> Target:
        return self.members[0].target

    @property
    def interval_ms(self) -> int:
        return self.members[0].interval_ms

    @cached_property
    def peer(self) -> Peer | None:
        """Where it goes, if that needs no looking up; None: it does."""
        return direct_peer(self.target)

    @cached_property
    def dialogues(self) -> Callable[[], Dialogue] | None:
        """What makes a dialogue for each probe of it; None: it takes more than one."""
        return self.probe.dialogues(self.peer) if self.peer else None

    @property
    def is_tight(self) -> bool:
        """Whether its timeout is as long as its interval, so that one probe ends when the next one is due."""
        return self.target.timeout_s * 1000 == self.interval_ms


def share(targets: Iterable[ProbeTarget]) -> list[SharedTarget]:
    """The targets by what is asked of them, in their order."""
    members: defaultdict[SharedKey, list[ProbeTarget]] = defaultdict(list)
    options: dict[int, str] = {}  # by the identity of a probe, which its targets share
    for target in targets:
        probe = target.probe
        said = options.get(id(probe)) or options.setdefault(id(probe), probe.model_dump_json())
        members[type(probe).__name__, said, target.target, target.interval_ms].append(target)
    return [SharedTarget(key, tuple(found)) for key, found in members.items()]

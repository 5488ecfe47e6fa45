"""Several checks that ask the same, of one team or of several, are one probe, and each of them is told (H9). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from healthchecks.probes import Probe, Target
from healthchecks.targets import ProbeTarget

SharedKey = tuple[str, str, Target, int]
"""The kind of a probe, its options as JSON, where it goes, and its interval in ms."""


@dataclass(frozen=True, slots=True)
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


def share(targets: Iterable[ProbeTarget]) -> list[SharedTarget]:
    """The targets by what is asked of them, in their order."""
    members: defaultdict[SharedKey, list[ProbeTarget]] = defaultdict(list)
    for target in targets:
        members[_key(target)].append(target)
    return [SharedTarget(key, tuple(found)) for key, found in members.items()]


def _key(target: ProbeTarget) -> SharedKey:
    return type(target.probe).__name__, target.probe.model_dump_json(), target.target, target.interval_ms

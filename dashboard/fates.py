"""What became of each candidate of a policy in an explanation: it was chosen, or where it fell out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

FIRST_STEP = 1


@dataclass(frozen=True)
class Fate:
    """`step` numbers the step that it fell out at, from 1; 0: it was never a candidate. None: at none.

    `candidate` is as in docs/explain.md; of one that was none, with its name and id alone.
    """

    candidate: Mapping[str, Any]
    is_chosen: bool
    step: int | None
    kind: str
    why: str

    @property
    def since(self) -> datetime | None:
        """Since when its health is as it is."""
        health = self.candidate.get("health")
        return datetime.fromtimestamp(health["since"], UTC) if health else None


def fates(policy: Mapping[str, Any]) -> list[Fate]:
    """Of every member, the chosen ones first and then those that came furthest."""
    found = [_fate(candidate, policy) for candidate in policy["candidates"]]
    found += [Fate(row, False, 0, "", row["reason"]) for row in policy["not_candidates"]]
    return sorted(
        found, key=lambda fate: (not fate.is_chosen, -(len(policy["steps"]) if fate.step is None else fate.step))
    )


def _fate(candidate: Mapping[str, Any], policy: Mapping[str, Any]) -> Fate:
    key, steps = candidate["endpoint"], policy["steps"]
    if key in policy["chosen"]:
        return Fate(candidate, True, None, "", _last_words(key, steps))
    for number, step in enumerate(steps, FIRST_STEP):
        for dropped in step["dropped"]:
            if dropped["endpoint"] == key:
                return Fate(candidate, False, number, step["kind"], dropped["reason"])
    kept = next((row for row in steps[-1]["kept"] if row["endpoint"] == key), None) if steps else None
    why = "ranked behind those that were chosen" if kept else "something else was served instead"
    return Fate(candidate, False, None, "", why)


def _last_words(key: int, steps: Sequence[Mapping[str, Any]]) -> str:
    """What the steps found out about one that was chosen."""
    said = [row["why"] for step in steps for row in step["kept"] if row["endpoint"] == key and row["why"]]
    return "; ".join(said)

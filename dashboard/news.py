"""What has happened since someone last looked, in a few lines: generations, endpoints that changed state, alarms.

marks (newest numbers) ─► other than those of the reader? ─► what lies between, as far as the reader may see it ─► items
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Max
from django.urls import reverse

from accounts.models import User
from dashboard.access import visible, visible_alarms
from healthchecks.guard_models import Alarm
from healthchecks.models import Transition
from regions.models import Endpoint
from snapshots.models import Snapshot

NAMED = 2
"""So many of a kind are told one by one; more of them in one line."""
MOST_READ = 500
TONES = {"up": "up", "down": "down"}


class Marks(NamedTuple):
    """How far someone has read: the newest generation, sequence of a transition, key of an alarm."""

    generation: int
    transition: int
    alarm: int

    @classmethod
    def read(cls, text: str) -> Marks | None:
        """From what `str` wrote; None for anything else."""
        parts = text.split("-")
        if len(parts) != len(cls._fields) or not all(part.isascii() and part.isdecimal() for part in parts):
            return None
        return cls(*(min(int(part), 2**62) for part in parts))

    def __str__(self) -> str:
        return "-".join(map(str, self))


@dataclass(frozen=True)
class Item:
    """One line, where it leads, and how it is coloured: `up`, `down`, `warning` or not at all."""

    text: str
    url: str
    tone: str = ""


def newest_marks() -> Marks:
    """Those of somebody who has read everything."""
    return Marks(
        Snapshot.objects.aggregate(newest=Max("generation"))["newest"] or 0,
        Transition.objects.aggregate(newest=Max("sequence"))["newest"] or 0,
        Alarm.objects.aggregate(newest=Max("pk"))["newest"] or 0,
    )


def news_between(user: User, before: Marks, until: Marks) -> list[Item]:
    """What `user` may know of what happened after `before`, up to `until`."""
    return [*_generations(before, until), *_transitions(user, before, until), *_alarms(user, before, until)]


def _generations(before: Marks, until: Marks) -> Iterator[Item]:
    if until.generation > before.generation:
        first = before.generation + 1
        is_one = first == until.generation
        text = f"Generation {first} is" if is_one else f"Generations {first} to {until.generation} are"
        yield Item(f"{text} published", reverse("snapshots-show", args=[until.generation]))


def _transitions(user: User, before: Marks, until: Marks) -> Iterator[Item]:
    """The last word on each endpoint: one that went down and came back has not changed."""
    mine = visible(Endpoint.objects.all(), user).values("pk")
    between = Transition.objects.filter(sequence__gt=before.transition, sequence__lte=until.transition)
    found = between.filter(endpoint_id__in=mine).exclude(check_name="").order_by("sequence")[:MOST_READ]
    first: dict[int, str] = {}
    last: dict[int, Transition] = {}
    for transition in found:
        first.setdefault(transition.endpoint_id, transition.from_state)
        last[transition.endpoint_id] = transition
    changed = [each for each in last.values() if each.to_state != first[each.endpoint_id]]
    if len(changed) <= NAMED:
        yield from (_transition(each) for each in changed)
        return
    counted = Counter(each.to_state for each in changed)
    states = ", ".join(f"{count} {state}" for state, count in sorted(counted.items()))
    yield Item(f"{len(changed)} endpoints changed state: {states}", reverse("health"), "warning")


def _transition(transition: Transition) -> Item:
    url = reverse("endpoints-show", args=[transition.endpoint_id])
    text = f"{transition.endpoint_name} is {transition.to_state}: {transition.check_name}"
    return Item(text, url, TONES.get(transition.to_state, ""))


def _alarms(user: User, before: Marks, until: Marks) -> Iterator[Item]:
    found = visible_alarms(user).filter(pk__gt=before.alarm, pk__lte=until.alarm, until__isnull=True).order_by("pk")
    alarms = list(found[:MOST_READ])
    if len(alarms) <= NAMED:
        yield from (Item(f"Alarm: {alarm}", reverse("health"), "warning") for alarm in alarms)
    else:
        yield Item(f"{len(alarms)} new alarms", reverse("health"), "warning")

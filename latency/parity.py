"""Whether what edges were given is what the same turns give offline: checked all the time, on a sample of the maps.

    checkpoint ─► turns, from the database ─► Learner ─► message ─┐
                                                                  ├─► the same octets?  ─► LatencyParity
    maps that the learning process wrote, full ones and deltas ───┘

The learning process goes on from turn to turn in its memory; this begins at the checkpoint before. So what is compared
is everything between: the memory, what was written of it, and that learning depends on nothing else.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q

from latency.history import learner_of, taught
from latency.models import LatencyCheckpoint, LatencyMap, LatencyParity, LatencyTurn
from latency.table import encoded

KEPT = timedelta(days=7)
DELTAS_SAMPLED = 4
"""One in so many is compared: what is wrong with one stays wrong until the full one, which always is."""

log = logging.getLogger(__name__)


def check_parity(now: datetime, draw: int) -> LatencyParity | None:
    """Compare the newest full map, and deltas before it as `draw` says, with what their turns give once more.

    `draw`: any number drawn at random. None: there is no checkpoint before a full map yet, or all is compared already.
    """
    full = LatencyMap.objects.filter(base=0).order_by("-sequence").values_list("sequence", flat=True).first()
    checkpoints = LatencyCheckpoint.objects.select_related("turn__model").order_by("-turn_id")
    checkpoint = None if full is None else checkpoints.filter(turn_id__lt=full).first()
    if full is None or checkpoint is None or LatencyParity.objects.filter(until_turn=full).exists():
        return None
    told = _sampled(checkpoint.turn_id, full, draw)
    given_again = _given_again(checkpoint, full, told)
    differing = [sequence for sequence, (_base, content) in told.items() if given_again.get(sequence) != content]
    found = LatencyParity.objects.create(
        checked=now,
        since_turn=checkpoint.turn_id,
        until_turn=full,
        maps=len(told),
        octets=sum(len(content) for _base, content in told.values()),
        mismatches=len(differing),
        first_mismatch=min(differing, default=None),
    )
    if differing:
        log.error("the latency map %d is another one than its turns give: %s", min(differing), found)
    return found


def forget(now: datetime) -> int:
    """Delete results that are a week old. Returns how many."""
    return LatencyParity.objects.filter(checked__lt=now - KEPT).delete()[0]


def _sampled(since: int, full: int, draw: int) -> dict[int, tuple[int, bytes]]:
    """Base and content by sequence, of maps after `since` until `full`."""
    rows = LatencyMap.objects.filter(sequence__gt=since, sequence__lte=full).order_by("sequence")
    sequences = [sequence for sequence in rows.values_list("sequence", flat=True) if _is_drawn(sequence, full, draw)]
    chosen = rows.filter(sequence__in=sequences).values_list("sequence", "base", "content")
    return {sequence: (base, bytes(content)) for sequence, base, content in chosen}


def _is_drawn(sequence: int, full: int, draw: int) -> bool:
    return sequence == full or (sequence + draw) % DELTAS_SAMPLED == 0


def _given_again(checkpoint: LatencyCheckpoint, full: int, told: dict[int, tuple[int, bytes]]) -> dict[int, bytes]:
    span = Q(number__gt=checkpoint.turn_id, number__lte=full)
    numbers = LatencyTurn.objects.filter(span).order_by("number").values_list("number", flat=True)
    learner, given = learner_of(checkpoint), {}
    for number, _intake in zip(list(numbers), taught(learner, span), strict=True):
        if number in told:
            given[number] = encoded(learner.message(number, told[number][0]))
    return given

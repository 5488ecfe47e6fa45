"""Learns the latency map from what users measured, and hands it to edges.

    gains of windows ─► Learner ─┬─► turn ───────────┐
                                 ├─► map ────────────┼─► one transaction, NOTIFY latency
      every ten minutes, full ───┴─► checkpoint, map ┘

A turn deletes the gains that it takes in, in the transaction that keeps what came of them: each is learned from once.

One process learns at a time. All it remembers from one turn to the next is in the database as well: a restart, or
another process that takes over, loses nothing and counts nothing twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction

from common.locks import LEARNING, held_for_transaction
from common.notify import notify
from latency.calibration import compared
from latency.capacity.services import in_force
from latency.evaluation import CALIBRATION_BUCKET_S
from latency.history import NotKeptError, forget, learner_at, memory
from latency.intake import Increments, Intake, Location, Newcomers, Places
from latency.keys import keys_of, network_of
from latency.learner import Learner
from latency.ledger import add_compared, replace_coverage
from latency.models import LatencyCheckpoint, LatencyMap, LatencyModel, LatencyTurn
from latency.table import MOST_REGIONS, encoded
from latency.versions import in_service, policy_of
from regions.models import Endpoint
from telemetry.buckets import bucket_of
from telemetry.rum.services import gains
from telemetry.services import highest_map

__all__ = ["NotKeptError", "learn", "learner_at", "map_at", "maps_since", "newest_map", "newest_turn"]

FULL_EVERY = timedelta(minutes=10)
MOST_AT_ONCE = 1_000_000
"""Gains of windows that a turn takes in; what is left waits for the next one."""
KEPT = timedelta(hours=25)
FULL_MAPS_KEPT = 2

Locate = Callable[[Sequence[str]], Sequence[Location]]
"""Where client networks are, such as 203.0.113.0/24."""

_tick = threading.Lock()
"""Whoever finds it held leaves: ticks that wait for a turn that takes long would take all threads of a worker, and make
turns in any order of their times."""

log = logging.getLogger(__name__)


def learn(now: datetime, locate: Locate) -> int | None:
    """Take in what was measured since the last turn. Returns the number of the turn and of its map.

    None: nothing has come, or another process or thread is at it. Not to be called inside a transaction.
    """
    if not _tick.acquire(blocking=False):
        return None
    try:
        with memory.lock:
            return _alone(now, locate)
    finally:
        _tick.release()


def newest_map() -> int | None:
    """The sequence of the newest map; None: there is none."""
    return LatencyMap.objects.order_by("-sequence").values_list("sequence", flat=True).first()


def newest_turn() -> tuple[int, datetime] | None:
    """Number and time of the last turn, whose map has the same number; None: there was none."""
    return LatencyTurn.objects.order_by("-number").values_list("number", "made").first()


def maps_since(sequence: int) -> list[bytes]:
    """The maps that lead from one to the newest, in their order; from 0, or one that is not kept, a full one first."""
    newest = newest_map()
    full = LatencyMap.objects.filter(base=0).order_by("-sequence").values_list("sequence", flat=True).first()
    if newest is None or full is None or newest == sequence:
        return []
    begin = sequence + 1 if full <= sequence < newest else full
    contents = LatencyMap.objects.filter(sequence__gte=begin).order_by("sequence").values_list("content", flat=True)
    return [bytes(content) for content in contents]


def map_at(moment: datetime) -> bytes | None:
    """What was known at a moment, as a full map. None: nothing is kept of then."""
    try:
        learner = learner_at(moment)
    except NotKeptError:
        return None
    number = LatencyTurn.objects.filter(made__lte=moment).order_by("-number").values_list("number", flat=True)[0]
    return encoded(learner.message(number, 0))


def _alone(now: datetime, locate: Locate) -> int | None:
    try:
        with transaction.atomic():
            return _turn(now, locate) if held_for_transaction(LEARNING) else None
    except BaseException:
        memory.drop()
        raise


def _turn(now: datetime, locate: Locate) -> int | None:
    memory.catch_up()
    places, region_ids = _regions()
    increments = _increments(region_ids)
    model = in_service(now)
    policy = policy_of(model)
    learner = memory.learner or Learner(places, policy)
    moves = in_force(now)
    is_as_before = learner.places.same_as(places) and learner.is_under(policy)
    is_overtaken = _highest() > _newest()
    has_news = len(increments.keys) or learner.is_moving_otherwise(moves) or not is_as_before or is_overtaken
    if not len(places.ids) or not has_news:
        return None
    newcomers = learner.unknown(increments.keys.tolist())
    located = Newcomers.at(newcomers, locate([network_of(key) for key in newcomers]))
    full = memory.learner is None or not is_as_before or is_overtaken or _is_full_due(now)
    intake = Intake(now.timestamp(), full, places, located, increments, moves)
    learner.adopt(policy)
    foreseen = learner.foresee_and_learn(intake)
    number = _write(now, intake, learner, model)
    add_compared(compared(foreseen), bucket_of(now, CALIBRATION_BUCKET_S), now)
    memory.learner, memory.stamp = learner, (number, now)
    return number


def _write(now: datetime, intake: Intake, learner: Learner, model: LatencyModel) -> int:
    """Writes a turn and what came of it."""
    last = _highest()
    said = {"made": now, "full": intake.full, "intake": intake.to_bytes(), "model": model}
    turn = LatencyTurn.objects.create(number=last + 1, **said)
    base = 0 if intake.full else last
    content = encoded(learner.message(turn.number, base))
    LatencyMap.objects.create(sequence=turn.number, base=base, content=content, created=now)
    if intake.full:
        LatencyCheckpoint.objects.create(turn=turn, state=learner.to_bytes())
        replace_coverage(learner.coverage())
        forget(now, KEPT)
        _forget_maps()
    notify("latency", turn.number)
    return turn.number


def _newest() -> int:
    return memory.stamp[0] if memory.stamp else newest_map() or 0


def _highest() -> int:
    """The newest map of this database or, if it was restored to an earlier state, of its edges."""
    return highest_map(_newest())


def _increments(region_ids: Mapping[int, int]) -> Increments:
    """What has come since the last turn; nothing of endpoints that are in no region."""
    came = gains(MOST_AT_ONCE)
    endpoint_ids, regions = np.array(sorted(region_ids.items()), dtype=np.int64).reshape(-1, 2).T
    known = np.isin(came.endpoint_ids, endpoint_ids)
    of = regions[np.searchsorted(endpoint_ids, came.endpoint_ids[known])]
    keys = keys_of(came.addresses[known])
    columns = (came.windows_s[known], keys, came.endpoint_ids[known], of, came.counts[known], came.log_sums[known])
    return Increments.from_rows(np.column_stack(columns))


def _regions() -> tuple[Places, Mapping[int, int]]:
    """The regions that have endpoints, and the region of each endpoint."""
    rows = list(Endpoint.objects.values_list("id", "region_id", "region__latitude", "region__longitude"))
    found = sorted({row[1:] for row in rows})
    if len(found) > MOST_REGIONS:
        log.warning("a latency map has %d regions at most: those after the first ones are left out", MOST_REGIONS)
    columns = np.array(found[:MOST_REGIONS], dtype=np.float64).reshape(-1, 3).T
    places = Places(columns[0].astype(np.int64), columns[1], columns[2])
    known = set(places.ids.tolist())
    return places, {endpoint_id: region_id for endpoint_id, region_id, *_ in rows if region_id in known}


def _is_full_due(now: datetime) -> bool:
    last = LatencyTurn.objects.filter(full=True).order_by("-number").values_list("made", flat=True).first()
    return last is None or now - last >= FULL_EVERY


def _forget_maps() -> None:
    """Nobody is given a map of before the last full one; the one before it stays for who is reading it."""
    fulls = LatencyMap.objects.filter(base=0).order_by("-sequence").values_list("sequence", flat=True)[:FULL_MAPS_KEPT]
    LatencyMap.objects.filter(sequence__lt=min(fulls)).delete()

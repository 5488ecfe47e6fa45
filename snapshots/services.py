"""Publishing: from what is declared to the generation that edges serve.

    write ─► request_publish ─► task publish ─► publish(now):
        turn ─► REPEATABLE READ { gather ─► compile ─► settle ─► store ─► NOTIFY generation }

The task also runs every few seconds by itself, so that a request that is lost is only late.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from kombu.exceptions import OperationalError as BrokerError

import responder
from accounts.models import User
from accounts.permissions import Actor
from latency.capacity.models import CapacityPlan
from latency.capacity.services import Limits as CapacityLimits
from latency.capacity.services import plan
from latency.intake import Location
from latency.services import learn
from snapshots import scratch, signing
from snapshots.brake.limits import Limits
from snapshots.brake.releases import release
from snapshots.flattening import due_names, store
from snapshots.gather import gather_policies
from snapshots.models import BrakeRelease, Snapshot
from snapshots.opening import (
    NothingPublishedError,
    NotKeptError,
    contents_of,
    current,
    open_at,
    open_with_policies,
)
from snapshots.policy_chunk import policy_chunk
from snapshots.publication import Publication
from snapshots.resolving import resolve
from snapshots.retention import forget_old_generations
from snapshots.turn import publisher_turn
from snapshots.zone_chunk import zone_chunk
from steering.services import policies_going_by

__all__ = [
    "NotKeptError",
    "NothingPublishedError",
    "brake_limits",
    "contents_of",
    "current_snapshot",
    "declared_policy_chunk",
    "learn_latency",
    "open_at",
    "open_beside_current",
    "open_current",
    "open_with_scratch_name",
    "plan_capacity",
    "prune",
    "publish",
    "refresh_flattened_names",
    "release_brake",
    "request_publish",
]

PUBLISH_TASK = "snapshots.tasks.publish"
CONTROL_QUEUE = "control"
KEPT_GENERATIONS = 100

log = logging.getLogger(__name__)


def request_publish() -> None:
    """Have the present transaction's changes published once it commits. Without a broker they are published later."""
    transaction.on_commit(_send_publish)


def publish(now: datetime) -> Snapshot | None:
    """Publish what is declared as the next generation. None: nothing is new, or another publisher is about to do it.

    Raises SigningError, KeyFileError: edges would refuse what is not signed.
    Parts that cannot be served stay in their last good form and are listed as Refusal. Not to be called inside a
    transaction: it begins its own, and looks at one moment of the database.
    """
    with publisher_turn() as ours:
        if not ours:
            return None
        with _repeatable_read():
            signer = signing.signer(settings.ENVIRONMENT.keys_directory, now)
            snapshot = Publication(now, settings.ENVIRONMENT.geo, brake_limits(), signer).publish()
    if snapshot is not None:
        log.info("published %s: %s", snapshot, "; ".join(snapshot.changes))
    return snapshot


def current_snapshot() -> Snapshot:
    """The newest generation. Raises NothingPublishedError."""
    snapshot = Snapshot.objects.order_by("-generation").first()
    if snapshot is None:
        raise NothingPublishedError
    return snapshot


def open_current() -> responder.Snapshot:
    """The newest generation as edges serve it, opened once a generation. Raises NothingPublishedError."""
    return current.get().snapshot


def declared_policy_chunk(now: datetime) -> bytes:
    """The policy chunk of what is declared in this transaction, published or not."""
    return policy_chunk(gather_policies(now))


def open_beside_current(policies: bytes) -> tuple[responder.Snapshot, responder.Snapshot]:
    """The newest generation, and the same with another policy chunk.

    Raises NothingPublishedError, responder.SnapshotError if edges would refuse the chunk.
    """
    opened = current.get()
    return opened.snapshot, open_with_policies(opened, policies)


def open_with_scratch_name(policies: bytes, policy: int) -> responder.Snapshot:
    """The newest generation with another policy chunk, of which `policy` answers `scratch.NAME`. Raises likewise."""
    return open_with_policies(current.get(), policies, {scratch.ORIGIN: zone_chunk(scratch.scratch_zone(policy))})


def prune(keep: int = KEPT_GENERATIONS) -> int:
    """Delete all but the newest generations, and chunks that nothing names any more. Returns how many chunks went."""
    with publisher_turn() as ours:
        if not ours:
            return 0
        with transaction.atomic():
            return forget_old_generations(keep)


def refresh_flattened_names(now: datetime) -> None:
    """Look up again what edges need of names outside our zones, and publish what changed.

    A name that cannot be resolved keeps the addresses it had.
    """
    names = due_names(now)
    found = resolve(names) if names else {}
    with transaction.atomic():
        if store(found, now):
            request_publish()


def learn_latency(now: datetime) -> int | None:
    """Take in what users measured, of clients where the newest generation puts them, as edges do.

    Returns the sequence of the map that came of it. None: nothing has come, or nothing is published yet.
    """
    try:
        snapshot = open_current()
    except NothingPublishedError:
        return None
    return learn(now, lambda networks: [Location(*place) for place in snapshot.locate(networks)])


def plan_capacity(now: datetime, limits: CapacityLimits) -> CapacityPlan | None:
    """Plan who of those that go by the latency map is served elsewhere. None: there is nothing to plan."""
    return plan(now, policies_going_by("latency"), limits)


def release_brake(part: str, reason: str, user: User, now: datetime, actor: Actor | None = None) -> BrakeRelease:
    """Have a change that the brake holds published, for a reason that is kept.

    `actor`: what a token leaves of what `user` may; None: they are here themselves.

    Raises ValidationError by field, PermissionDenied.
    """
    with transaction.atomic():
        released = release(part, reason, user, now, actor)
        request_publish()
    return released


def brake_limits() -> Limits:
    """What a change may do without being asked about (P4)."""
    return Limits(settings.MAX_DELETED_PERCENT, settings.MAX_MOVED_PERCENT)


def _send_publish() -> None:
    try:
        current_app.send_task(PUBLISH_TASK, queue=CONTROL_QUEUE, retry=False, ignore_result=True)
    except BrokerError as error:
        log.warning("publishing is late: the broker does not take the request (%s)", error)


@contextmanager
def _repeatable_read() -> Iterator[None]:
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield

"""A change becomes what is declared: all of it, in one transaction that one publisher wins.

UPDATE … WHERE state … ─► 1 row: ours ─► apply ─► journal ─► commit ─► snapshots.publish ─► generation noted
                       └► 0 rows: someone else's, or not approved
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Q

from accounts.audit.actor import Actor
from accounts.audit.horizon import UnknownHorizonError, sees
from accounts.audit.models import TRANSACTION
from changes.applying import apply
from changes.claims import settle
from changes.drafting import note
from changes.forgetting import forget_secrets
from changes.holding import state_now
from changes.making import Applied
from changes.models import Change, State
from changes.refusals import ChangeError, EmptyChangeError, NoSuchChangeError, NotApprovedError, WrongStateError
from snapshots.models import Snapshot

UNASKED = (State.DRAFT, State.PROPOSED, State.APPROVED, State.SCHEDULED, State.FAILED)
"""From where a change is published in a team that asks nobody."""
ASKED = (State.APPROVED, State.SCHEDULED)
LOOKED_FOR = timedelta(hours=1)
"""A generation comes within seconds, or nothing of the change concerned edges."""
CLOCKS_APART = timedelta(minutes=10)
MOST_AT_ONCE = 20
UNFORESEEN = "Something went wrong that nobody foresaw; the log of the worker says what. Reopen it and try again."

log = logging.getLogger(__name__)


def publish(change: Change, actor: Actor, now: datetime, *, states: Sequence[str] | None = None) -> list[Applied]:
    """Make the change, whole. Raises ChangeError; then nothing is changed."""
    with transaction.atomic():
        _take(change, actor, now, states)
        applied = apply(change.team, actor, list(change.edits.all()), change.number)
        settle(change)
        forget_secrets(change)
        note(change, actor, "publish", was=change.state, state=State.PUBLISHED)
    change.refresh_from_db()
    return applied


def publish_due(now: datetime) -> int:
    """Publish what is scheduled for now or before; one that cannot be has failed, and says why. Returns how many."""
    due = Change.objects.filter(state=State.SCHEDULED, scheduled_for__lte=now).order_by("scheduled_for", "number")
    return sum(_publish_due(change, now) for change in due.select_related("team")[:MOST_AT_ONCE])


def note_generations(now: datetime) -> int:
    """Note which generation was the first to be made of each change lately published. Returns how many it found."""
    waiting = Change.objects.filter(state=State.PUBLISHED, generation=None, published__gte=now - LOOKED_FOR)
    noted = 0
    for change in waiting.order_by("number")[:MOST_AT_ONCE]:
        generation = _generation_of(change)
        if generation is not None:
            noted += Change.objects.filter(pk=change.pk, generation=None).update(generation=generation)
    return noted


def _take(change: Change, actor: Actor, now: datetime, states: Sequence[str] | None) -> None:
    """Be the one that publishes it. The row is held until the transaction ends. Raises ChangeError."""
    required = change.team.approvals_required
    wanted = states or (ASKED if required else UNASKED)
    taken = {"state": State.PUBLISHED, "published": now, "publisher_name": actor.name, "transaction": TRANSACTION}
    won = Change.objects.filter(pk=change.pk, state__in=wanted).update(**taken, scheduled_for=None, reason="")
    if not won:
        state = state_now(change)
        if required and state in UNASKED and states is None:
            raise NotApprovedError(change.number, change.approvals.count(), required)
        raise WrongStateError(change.number, state, wanted)
    given = change.approvals.count()
    if given < required:
        raise NotApprovedError(change.number, given, required)
    if not change.edits.exists():
        raise EmptyChangeError(change.number)


def _publish_due(change: Change, now: datetime) -> bool:
    actor = Actor.system(f"scheduled change {change.number}")
    try:
        publish(change, actor, now, states=[State.SCHEDULED])
    except (WrongStateError, NoSuchChangeError):
        return False  # another worker was quicker, or someone took it back
    except ChangeError as error:
        _fail(change, actor, str(error))
        return False
    except OperationalError as error:  # the database was away, or had others before: nothing is wrong with the change
        log.warning("change %s is due and waits for the database: %s", change.number, error)
        return False
    except Exception:  # of one change, which is not to keep others from being published
        log.exception("change %s could not be published when it was due", change.number)
        _fail(change, actor, UNFORESEEN)
        return False
    return True


def _fail(change: Change, actor: Actor, reason: str) -> None:
    with transaction.atomic():
        failed = {"state": State.FAILED, "reason": reason, "scheduled_for": None}
        if Change.objects.filter(pk=change.pk, state=State.SCHEDULED).update(**failed):
            note(change, actor, "fail", was=State.SCHEDULED, state=State.FAILED, reason=reason)


def _generation_of(change: Change) -> int | None:
    if change.published is None or change.transaction is None:
        return None
    later = Snapshot.objects.filter(~Q(horizon=""), created__gte=change.published - CLOCKS_APART)
    first = None
    for generation, horizon in later.values_list("generation", "horizon")[:MOST_AT_ONCE]:  # the newest first
        try:
            if not sees(horizon, change.transaction):
                break
        except UnknownHorizonError:
            break
        first = generation
    return first

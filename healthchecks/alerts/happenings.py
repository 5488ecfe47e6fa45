"""What was done, for rules to tell of.

changes, snapshots ── tell ─► Happening ── take_in_happenings ─► Notice of each rule that watches it
             (in the transaction that does it)     (the alerts' task: nothing is told that was rolled back)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.models import Team
from healthchecks.alerts.event_models import Happening, Notice
from healthchecks.alerts.models import AlertRule

AT_ONCE = 1000
"""Happenings in one transaction."""
MOST_LISTED = 10
"""Of what one change or generation changes; the count is of all."""


def tell(event: str, key: int, team: Team | None, entry: dict[str, Any]) -> None:
    """Note that something was done, within the transaction that does it. `entry`: see `entry_of`."""
    Happening.objects.create(event=event, key=str(key), team=team, entry=entry)


def entry_of(
    name: str,
    changes: Sequence[str],
    *,
    title: str = "",
    by: str = "",
    via: str = "",
    state: str = "",
    said: str = "",
    count: int | None = None,
) -> dict[str, Any]:
    """What messages say of it.

    `changes`: what it changes, in sentences, of which there may be `count`. `by`, `via`: who, and through which door.
    `said`: in their words, or why it failed. `state`: of a change, then.
    """
    return {
        "name": name,
        "title": title or None,
        "by": by or None,
        "via": via or None,
        "state": state or None,
        "said": said or None,
        "changes": {"count": len(changes) if count is None else count, "listed": list(changes[:MOST_LISTED])},
    }


def take_in_happenings() -> int:
    """Make notices of what rules watch; returns of how many happenings. For whoever holds the cursor (taking_in)."""
    news = list(Happening.objects.select_for_update(skip_locked=True).order_by("pk")[:AT_ONCE])
    if news:
        rules = list(AlertRule.objects.filter(enabled=True, events__len__gte=1))
        Notice.objects.bulk_create(
            Notice(rule=rule, event=one.event, key=one.key, entry=one.entry, at=one.at)
            for one in news
            for rule in rules
            if _concerns(one, rule)
        )
        Happening.objects.filter(pk__in=[one.pk for one in news]).delete()
    return len(news)


def _concerns(happening: Happening, rule: AlertRule) -> bool:
    """Whether a rule watches it. What was done before the rule was there is no news."""
    is_ours = happening.team_id in {None, rule.team_id}
    return is_ours and happening.event in rule.events and happening.at >= rule.created

"""Whether there can be anything to do about mass failures that are not over, without looking at each member of a pool.

What members believe is settled, brakes and all, where it changes. What is left is time, and pools that are declared
otherwise: both are in a text that differs whenever one of them does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.db import connection

from healthchecks.guard_models import Alarm, BrakedMember
from healthchecks.models import HealthSequence

LOOK_EVERY_S = 60
"""Then members are looked at whatever the text says, in case something was written that nobody settled."""

_DECLARED = f"""
    SELECT group_id, max(hold_s), count(*), sum(hashtextextended(member::text, 0))
    FROM {BrakedMember._meta.db_table} AS member WHERE group_id = ANY(%s) GROUP BY group_id
"""  # noqa: S608 - the name of a view


def version_of_holds(alarms: Collection[Alarm], held: Collection[int], now: datetime) -> str:
    """Differs when a hold is over or acknowledged, a pool is declared otherwise, or others are held up than before."""
    declared = _declared({alarm.subject_id for alarm in alarms})
    parts = [f"{int(now.timestamp()) // LOOK_EVERY_S}", f"{len(held)}/{sum(held)}"]
    for alarm in sorted(alarms, key=lambda alarm: alarm.pk):
        hold_s, pool = declared.get(alarm.subject_id, (0, "gone"))
        is_over = alarm.acknowledged_at is not None or now >= alarm.since + timedelta(seconds=hold_s)
        parts.append(f"{alarm.pk}:{is_over}:{pool}")
    return " ".join(parts)


def is_settled(version: str) -> bool:
    return HealthSequence.objects.filter(held_for=version).exists()


def note_settled(version: str) -> None:
    HealthSequence.objects.filter(singleton=True).update(held_for=version)


def _declared(pools: set[int]) -> dict[int, tuple[int, str]]:
    """Of each pool that there is: for how long it holds, and a text that differs with its limits and members."""
    with connection.cursor() as cursor:
        cursor.execute(_DECLARED, [sorted(pools)])
        return dict(_read(cursor.fetchall()))


def _read(rows: list[tuple[int, int, int, int]]) -> Iterator[tuple[int, tuple[int, str]]]:
    for group, hold_s, members, total in rows:
        yield group, (hold_s, f"{members}/{total}")

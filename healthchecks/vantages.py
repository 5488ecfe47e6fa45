"""How vantages are (H3): their heartbeats, and who of them has a vote (wellness.py).

worker ──► heartbeat ──► VantageHealth ──► judge_vantages ──► condition, Alarm ──► whose votes count
                          votes ─────────────┘
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Team
from healthchecks.alarms import end_alarms, raise_alarm
from healthchecks.guard_models import Alarm, VantageHealth
from healthchecks.models import Family, HealthSequence, VantageState
from healthchecks.punctuality import Punctuality
from healthchecks.state import State
from healthchecks.wellness import SILENT_AFTER, Condition, Sighting, condition, failed_alone, reason
from regions.models import Region

MOST_PAUSE = SILENT_AFTER
"""Between two looks after heartbeats, which come every second."""


_CHOSEN = "assignment__check_definition__vantages"
ASKED = Q(**{f"{_CHOSEN}__isnull": True}) | Q(**{_CHOSEN: F("vantage")})
"""Of beliefs: the check still asks that vantage."""

_ENDPOINT = "assignment__endpoint"
OF_ADDRESSES = (
    Q(family=Family.NAME, **{f"{_ENDPOINT}__hostname__isnull": False})
    | Q(family=Family.IPV4, **{f"{_ENDPOINT}__ipv4__isnull": False})
    | Q(family=Family.IPV6, **{f"{_ENDPOINT}__ipv6__isnull": False})
)
"""Of beliefs: the endpoint still has that family."""


@dataclass(frozen=True)
class Vantage:
    """A region that probes, and what is known of how its worker is; None: it has never said anything."""

    name: str
    condition: str | None = None
    reason: str = ""
    since: datetime | None = None
    beat: datetime | None = None
    lag_ms: int | None = None
    lag_p99_ms: int | None = None
    targets: int | None = None
    left_out: int | None = None

    @property
    def is_well(self) -> bool:
        return self.condition in {None, Condition.WELL}


def vantages_of_team(team: Team | None) -> list[Vantage]:
    """The vantages of a team, by name; of all teams, if none is given."""
    regions = Region.objects.filter(is_vantage=True, **({"team": team} if team else {}))
    names = regions.order_by("name").values_list("name", flat=True).distinct()
    columns = [column.name for column in fields(Vantage)]
    known = {row["name"]: Vantage(**row) for row in VantageHealth.objects.filter(name__in=names).values(*columns)}
    return [known.get(name) or Vantage(name) for name in names]


def heartbeat(name: str, *, targets: int, punctual: Punctuality, now: datetime) -> None:
    """Note that the vantage `name` probes: how many targets, and how punctually. One statement, and no lock."""
    VantageHealth.objects.bulk_create(
        [VantageHealth(name=name, beat=now, targets=targets, since=now, **asdict(punctual))],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["beat", "targets", *(column.name for column in fields(Punctuality))],
    )


def withdraw_stale_votes(name: str, now: datetime) -> int:
    """Take back what a vantage said before it fell silent, of all that it should have probed since. Returns how much.

    For a worker that starts, before its first heartbeat: it will vote on what it has probed itself.
    """
    silent = VantageHealth.objects.filter(name=name, beat__lt=now - SILENT_AFTER).first()
    if silent is None:
        return 0
    missed_ms = (now - silent.beat).total_seconds() * 1000
    stale = VantageState.objects.filter(vantage__name=name, assignment__check_definition__interval_ms__lt=missed_ms)
    said = f"not probed for {missed_ms / 1000:.0f} s"
    return stale.exclude(state=State.UNKNOWN).update(state=State.UNKNOWN, cause=said, since=now)


def judge_vantages(now: datetime) -> list[VantageHealth]:
    """Work out anew how vantages are, in an open ledger. Returns those that are otherwise than before, stored."""
    changed = _changed(now)
    for vantage in changed:
        fields = {"condition": vantage.condition, "reason": vantage.reason, "since": vantage.since}
        VantageHealth.objects.filter(pk=vantage.pk).update(**fields)
        if vantage.condition == Condition.WELL:
            end_alarms(Alarm.Kind.VANTAGE_NOT_WELL, {vantage.pk}, now)
        else:
            raise_alarm(Alarm.Kind.VANTAGE_NOT_WELL, vantage.pk, f"vantage {vantage.name}", vantage.reason, now)
    return changed


def note_watch(now: datetime) -> None:
    """Note that heartbeats are looked after at `now`.

    A vantage is silent only for the time in which it could be heard: right after an outage of the database, the broker
    or beat, nobody is.
    """
    since = _watched_since(now)
    HealthSequence.objects.update_or_create(singleton=True, defaults={"watched": now, "watched_since": since})


def vantages_differ(now: datetime) -> bool:
    """Whether `judge_vantages` would find anything."""
    return bool(_changed(now))


def forget_vantages(now: datetime) -> int:
    """Delete what is known of vantages that there are no longer. Returns how many."""
    names = Region.objects.filter(is_vantage=True).values("name")
    gone = VantageHealth.objects.exclude(name__in=names)
    end_alarms(Alarm.Kind.VANTAGE_NOT_WELL, set(gone.values_list("pk", flat=True)), now)
    deleted, _by_model = gone.delete()
    return deleted


def _changed(now: datetime) -> list[VantageHealth]:
    vantages = list(VantageHealth.objects.all())
    heard_since = _watched_since(now)
    alone = _failed_alone({vantage.name for vantage in vantages if _has_a_say(vantage)})
    return [vantage for vantage in vantages if _judge(vantage, heard_since, alone, now)]


def _watched_since(now: datetime) -> datetime:
    row = HealthSequence.objects.first()
    if row is None or row.watched is None or row.watched_since is None or now - row.watched > MOST_PAUSE:
        return now
    return row.watched_since


def _has_a_say(vantage: VantageHealth) -> bool:
    return vantage.condition in {Condition.WELL, Condition.CUT_OFF}


def _judge(vantage: VantageHealth, heard_since: datetime, alone: Mapping[str, int], now: datetime) -> bool:
    """Whether the vantage is otherwise than before, which is noted in it."""
    before = Condition(vantage.condition)
    heard = vantage.beat if before is Condition.SILENT else max(vantage.beat, heard_since)
    seen = Sighting(heard, vantage.lag_ms, vantage.targets, alone.get(vantage.name, 0))
    after = condition(before, seen, now)
    if after is before:
        return False
    vantage.condition, vantage.reason, vantage.since = after, reason(after, seen), now
    return True


def _failed_alone(names: set[str]) -> Counter[str]:
    """Of each of these vantages, how many targets of enabled checks it fails alone. Reads only what someone fails.

    What was believed of targets that are none any more stays stored, and nobody would ever take it back.
    """
    down = VantageState.objects.filter(
        assignment=OuterRef("assignment"), family=OuterRef("family"), state=State.DOWN.value
    )
    rows = VantageState.objects.filter(Exists(down), vantage__name__in=names)
    rows = rows.filter(ASKED, OF_ADDRESSES, assignment__check_definition__enabled=True, vantage__is_vantage=True)
    votes: dict[tuple[int, int], dict[str, State]] = defaultdict(dict)
    for assignment, family, name, state in rows.values_list("assignment_id", "family", "vantage__name", "state"):
        votes[assignment, family][name] = State(state)
    return failed_alone(votes.values())

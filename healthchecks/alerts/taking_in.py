"""From what happened to incidents of rules.

    Transition beyond the cursor ─► down: opened for each rule that matches ─┐
                                 └► not down: closed for every rule          ├─► Incident, cursor: one transaction
    alarms that last or ended ────────────────────────────────────────────────┘
    Happening ─► Notice of each rule that watches it (happenings.py)

A rule opens incidents of what happens while it is there and on. Once open, an incident closes whatever has become of
the rule's filters, and when what it is about is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from healthchecks.alerts.alarms import AlarmSeen
from healthchecks.alerts.happenings import take_in_happenings
from healthchecks.alerts.matching import Facts, Filter
from healthchecks.alerts.models import AlertRule, Cursor, Incident, SubjectKind
from healthchecks.models import Assignment, Family, HealthSequence, Transition, Verdict
from healthchecks.state import State
from regions.models import Endpoint

AT_ONCE = 1000
"""Transitions in one transaction."""

Subject = tuple[str, str]
"""The kind of a subject, and its key among those of the kind."""


def take_in(now: datetime, alarms: Sequence[AlarmSeen] = ()) -> int:
    """Take in what has happened since the last time; returns how many transitions that were.

    `alarms` are all that last, and those that ended lately: of another, an incident is closed. Who comes while another
    worker is at it leaves it to that one.
    """
    taken = 0
    while (found := _take_in_some(alarms, now)) == AT_ONCE:
        taken += found
    return taken + found


def _take_in_some(alarms: Sequence[AlarmSeen], now: datetime) -> int:
    # The first time ever, history is no news.
    newest = HealthSequence.objects.values_list("value", flat=True).first() or 0
    Cursor.objects.get_or_create(singleton=True, defaults={"sequence": newest})
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update(skip_locked=True).first()
        if cursor is None:
            return 0
        news = list(Transition.objects.filter(sequence__gt=cursor.sequence).order_by("sequence")[:AT_ONCE])
        incidents = _Incidents.known()
        incidents.follow_renames()
        incidents.follow(news)
        incidents.follow_alarms(alarms, now)
        incidents.close_orphans(now)
        incidents.store()
        take_in_happenings()
        if news:
            cursor.sequence = news[-1].sequence
            cursor.save(update_fields=["sequence"])
    return len(news)


@dataclass
class _Incidents:
    """Open incidents by subject and rule and, as events are followed, what is to be stored."""

    rules: dict[int, tuple[AlertRule, Filter]]
    open: dict[Subject, dict[int, Incident]]
    opened: list[Incident] = field(default_factory=list)
    closed: list[Incident] = field(default_factory=list)
    renamed: list[Incident] = field(default_factory=list)
    called_now: dict[Subject, Subject] = field(default_factory=dict)

    @classmethod
    def known(cls) -> _Incidents:
        rules = AlertRule.objects.filter(enabled=True).prefetch_related("endpoints", "regions", "checks")
        incidents = cls({rule.pk: (rule, _filter_of(rule)) for rule in rules}, {})
        for incident in Incident.objects.filter(closed=None):
            incidents.open.setdefault((incident.kind, incident.key), {})[incident.rule_id] = incident
        return incidents

    def follow_renames(self) -> None:
        """What is open of a check goes on under the name that the check has now."""
        ours = [incident for of_subject in self.open.values() for incident in of_subject.values()]
        known = {incident.assignment_id for incident in ours if incident.assignment_id}
        assigned = Assignment.objects.filter(pk__in=known) if known else Assignment.objects.none()
        names = dict(assigned.values_list("pk", "check_definition__name"))
        for incident in ours:
            name = names.get(incident.assignment_id or 0, incident.check_name)
            if name != incident.check_name:
                self._rename(incident, name)

    def follow(self, transitions: Sequence[Transition]) -> None:
        endpoints = Endpoint.objects.in_bulk({transition.endpoint_id for transition in transitions})
        down = _checks_down({transition.endpoint_id for transition in transitions if not transition.check_name})
        for transition in transitions:
            endpoint = endpoints.get(transition.endpoint_id)
            for told, is_down in _told_by(transition):
                subject = self.called_now.get(told, told)
                if not is_down:
                    self._close(subject, transition.at, transition.cause)
                elif endpoint:
                    self._open(subject, transition, _facts(endpoint, transition, down))

    def follow_alarms(self, alarms: Sequence[AlarmSeen], now: datetime) -> None:
        keys = {str(alarm.id) for alarm in alarms}
        for kind, key in list(self.open):
            if kind == SubjectKind.ALARM and key not in keys:
                self._close((kind, key), now, "the alarm ended")
        known = set(Incident.objects.filter(kind=SubjectKind.ALARM, key__in=keys).values_list("rule_id", "key"))
        for alarm in alarms:
            for rule, _filter in self.rules.values():
                if _concerns(alarm, rule) and (rule.pk, str(alarm.id)) not in known:
                    self._add(Incident(rule=rule, **_of_alarm(alarm)))
            if alarm.until:
                self._close((SubjectKind.ALARM, str(alarm.id)), alarm.until, "the alarm ended")

    def close_orphans(self, now: datetime) -> None:
        """Close what nothing can be heard of any more: its endpoint, its address or its check is gone."""
        watched = [incident for of_subject in self.open.values() for incident in of_subject.values()]
        if not watched:
            return
        endpoint_ids = {incident.endpoint_id for incident in watched if incident.endpoint_id}
        endpoints = Endpoint.objects.in_bulk(endpoint_ids)
        assigned = Assignment.objects.filter(endpoint_id__in=endpoint_ids, check_definition__enabled=True)
        checked = set(assigned.values_list("endpoint_id", "check_definition__name"))
        for incident in watched:
            if incident.kind != SubjectKind.ALARM and _is_orphan(incident, endpoints, checked):
                self._close((incident.kind, incident.key), max(now, incident.opened), "it is checked no more")

    def store(self) -> None:
        """Write what has changed. Closed ones first: a subject is open once at most."""
        fresh = {id(incident) for incident in self.opened}
        stored = [incident for incident in self.closed if id(incident) not in fresh]
        Incident.objects.bulk_update(self.renamed, ["key", "name", "check_name"])
        Incident.objects.bulk_update(stored, ["closed", "recovery"])
        self._note_assignments()
        Incident.objects.bulk_create(self.opened)

    def _note_assignments(self) -> None:
        of_checks = [incident for incident in self.opened if incident.kind == SubjectKind.CHECK]
        if not of_checks:
            return
        assigned = Assignment.objects.filter(endpoint__in={incident.endpoint_id for incident in of_checks})
        found = {
            (row[0], row[1]): row[2] for row in assigned.values_list("endpoint_id", "check_definition__name", "pk")
        }
        for incident in of_checks:
            incident.assignment_id = found.get((incident.endpoint_id or 0, incident.check_name))

    def _rename(self, incident: Incident, check_name: str) -> None:
        """Not to a name under which something else is open, as when two checks swap theirs."""
        before = (incident.kind, incident.key)
        of_endpoint = before[1].rpartition(f"/{incident.check_name}")[0]
        after = (incident.kind, f"{of_endpoint}/{check_name}")
        if incident.rule_id in self.open.get(after, {}):
            return
        self.open.setdefault(after, {})[incident.rule_id] = self.open[before].pop(incident.rule_id)
        incident.name = f"{check_name} of {incident.endpoint_name} over {Family(incident.family or 0).label}"
        incident.key, incident.check_name = after[1], check_name
        self.called_now[before] = after
        self.renamed.append(incident)

    def _open(self, subject: Subject, transition: Transition, facts: Facts) -> None:
        kind, key = subject
        for rule, filter_ in self.rules.values():
            already = rule.pk in self.open.get(subject, {})
            if not already and kind in rule.subjects and filter_.matches(facts):
                self._add(Incident(rule=rule, kind=kind, key=key, **_of_transition(kind, transition)))

    def _add(self, incident: Incident) -> None:
        self.open.setdefault((incident.kind, incident.key), {})[incident.rule_id] = incident
        self.opened.append(incident)

    def _close(self, subject: Subject, at: datetime, recovery: str) -> None:
        for incident in self.open.pop(subject, {}).values():
            incident.closed, incident.recovery = max(at, incident.opened), recovery
            self.closed.append(incident)


def _told_by(transition: Transition) -> Iterable[tuple[Subject, bool]]:
    """What a transition says of which subjects: whether each is down."""
    of_endpoint = f"{transition.endpoint_id}/{transition.family}"
    yield (SubjectKind.ENDPOINT, of_endpoint), transition.endpoint_state == State.DOWN
    if transition.check_name:
        yield (SubjectKind.CHECK, f"{of_endpoint}/{transition.check_name}"), transition.to_state == State.DOWN


def _of_transition(kind: str, transition: Transition) -> dict[str, object]:
    of_endpoint = f"{transition.endpoint_name} over {Family(transition.family).label}"
    name = of_endpoint if kind == SubjectKind.ENDPOINT else f"{transition.check_name} of {of_endpoint}"
    return {
        "name": name,
        "endpoint_id": transition.endpoint_id,
        "endpoint_name": transition.endpoint_name,
        "family": transition.family,
        "check_name": transition.check_name,
        "cause": transition.cause,
        "opened": transition.at,
    }


def _of_alarm(alarm: AlarmSeen) -> dict[str, object]:
    return {
        "kind": SubjectKind.ALARM,
        "key": str(alarm.id),
        "name": alarm.subject[:200],
        "cause": alarm.detail[:200],
        "opened": alarm.since,
    }


def _concerns(alarm: AlarmSeen, rule: AlertRule) -> bool:
    """Whether a rule watches this alarm. What ended before the rule was there is no news."""
    is_ours = SubjectKind.ALARM in rule.subjects and rule.team_id in alarm.team_ids
    return is_ours and (alarm.until is None or alarm.until > rule.created)


def _filter_of(rule: AlertRule) -> Filter:
    return Filter(
        team_id=rule.team_id,
        endpoint_ids=frozenset(endpoint.pk for endpoint in rule.endpoints.all()),
        region_ids=frozenset(region.pk for region in rule.regions.all()),
        check_names=frozenset(check.name for check in rule.checks.all()),
        labels=rule.labels,
    )


def _checks_down(endpoint_ids: set[int]) -> dict[tuple[int, int], set[str]]:
    """By endpoint and family: what a change that is of no single check follows from, as when a brake lets go."""
    names: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    if endpoint_ids:
        verdicts = Verdict.objects.filter(assignment__endpoint__in=endpoint_ids, state=State.DOWN.value)
        verdicts = verdicts.filter(assignment__check_definition__enabled=True)
        columns = ("assignment__endpoint_id", "family", "assignment__check_definition__name")
        for endpoint, family, name in verdicts.values_list(*columns):
            names[endpoint, family].add(name)
    return names


def _facts(endpoint: Endpoint, transition: Transition, down: Mapping[tuple[int, int], set[str]]) -> Facts:
    names = {transition.check_name} if transition.check_name else down.get((endpoint.pk, transition.family), ())
    return Facts(endpoint.team_id, endpoint.pk, endpoint.region_id, endpoint.labels, frozenset(names))


def _is_orphan(incident: Incident, endpoints: dict[int, Endpoint], checked: set[tuple[int, str]]) -> bool:
    endpoint = endpoints.get(incident.endpoint_id or 0)
    if endpoint is None or incident.family not in Family.of(endpoint):
        return True
    return incident.kind == SubjectKind.CHECK and (endpoint.pk, incident.check_name) not in checked

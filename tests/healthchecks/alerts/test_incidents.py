"""From transitions to messages: each incident is opened once, told once, closed once."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import IntegrityError

from accounts.models import Team
from healthchecks.alarms import raise_alarm
from healthchecks.alerts import planning
from healthchecks.alerts.alarms import AlarmSeen, alarms
from healthchecks.alerts.messages import alert
from healthchecks.alerts.models import AlertRule, Cursor, Delivery, Incident
from healthchecks.alerts.services import plan, prune, take_in
from healthchecks.guard_models import Alarm
from healthchecks.models import Check
from healthchecks.services import acknowledge, assign, delete_check
from regions.models import Endpoint, Region
from steering.models import Pool
from steering.services import Member, set_pool_members
from tests.healthchecks.conftest import NOON

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def go_down(report, check, endpoint):
    return report(check, endpoint, eu="down", us="down", asia="down", cause="connection refused")


def come_up(report, check, endpoint):
    return report(check, endpoint, eu="up", us="up", asia="up", cause="status 200")


def said(now=NOON):
    """What rules say by `now`: the messages that this makes."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    take_in(now)
    plan(now)
    return [delivery.message for delivery in Delivery.objects.exclude(pk__in=before).order_by("pk")]


def names(message):
    return {part: [entry["name"] for entry in message[part]] for part in ("opened", "recovered", "lasting")}


def test_an_endpoint_that_goes_down_and_comes_up_is_told_twice(pager, check, fra_1, report):
    go_down(report, check, fra_1)
    (down,) = said()
    come_up(report, check, fra_1)
    (up,) = said(NOON + HOUR)

    assert names(down) == {"opened": ["fra-1 over IPv4"], "recovered": [], "lasting": []}
    assert down["opened"][0]["cause"] == "asia: connection refused"
    assert names(up) == {"opened": [], "recovered": ["fra-1 over IPv4"], "lasting": []}
    assert said(NOON + 2 * HOUR) == []
    incident = Incident.objects.get()
    assert incident.told_opened == NOON
    assert incident.told_closed == NOON + HOUR


def test_what_comes_within_a_window_is_one_message(pager, check, fra_1, iad_1, report):
    go_down(report, check, fra_1)
    assert len(said()) == 1
    go_down(report, check, iad_1)
    come_up(report, check, fra_1)

    assert said(NOON + 59 * SECOND) == []
    (message,) = said(NOON + 60 * SECOND)
    assert names(message) == {"opened": ["iad-1 over IPv4"], "recovered": ["fra-1 over IPv4"], "lasting": []}


def test_what_went_down_and_recovered_before_it_was_told_is_told(pager, check, fra_1, report):
    AlertRule.objects.update(wait_s=10)
    go_down(report, check, fra_1)
    assert said() == []
    come_up(report, check, fra_1)

    (message,) = said(NOON + 10 * SECOND)
    assert names(message)["recovered"] == ["fra-1 over IPv4"]
    assert said(NOON + HOUR) == []


def test_what_lasts_is_told_again_after_the_interval(pager, check, fra_1, report):
    AlertRule.objects.update(repeat_s=3600)
    go_down(report, check, fra_1)
    assert len(said()) == 1

    assert said(NOON + HOUR - SECOND) == []
    (reminder,) = said(NOON + HOUR)
    assert (reminder["type"], names(reminder)["lasting"]) == ("reminder", ["fra-1 over IPv4"])


def test_quiet_hours_put_off_what_is_not_urgent(pager, check, fra_1, report):
    AlertRule.objects.update(quiet_from=time(11), quiet_until=time(13))
    go_down(report, check, fra_1)
    assert said(NOON + 30 * SECOND) == []
    AlertRule.objects.update(urgent=True)
    assert len(said(NOON + 30 * SECOND)) == 1


def test_history_is_no_news_when_alerts_begin(check, fra_1, report, pager):
    Cursor.objects.all().delete()
    go_down(report, check, fra_1)

    assert said() == []


def test_a_transition_is_taken_in_once_even_if_planning_fails_after_it(pager, check, fra_1, report):
    go_down(report, check, fra_1)
    take_in(NOON)
    take_in(NOON)
    assert Incident.objects.count() == 1
    plan(NOON)
    plan(NOON)
    assert Delivery.objects.count() == 1


def test_nothing_is_lost_while_nobody_takes_in(pager, check, fra_1, iad_1, report):
    for endpoint in (fra_1, iad_1):
        go_down(report, check, endpoint)
    come_up(report, check, fra_1)

    (message,) = said(NOON + HOUR)
    assert names(message) == {"opened": ["iad-1 over IPv4"], "recovered": ["fra-1 over IPv4"], "lasting": []}


def test_what_recovers_while_its_message_is_made_is_told_by_the_next(pager, check, fra_1, report, monkeypatch):
    go_down(report, check, fra_1)
    take_in(NOON)

    def alert_meanwhile(*arguments):
        come_up(report, check, fra_1)
        take_in(NOON)
        return alert(*arguments)

    monkeypatch.setattr(planning, "alert", alert_meanwhile)
    plan(NOON)
    monkeypatch.undo()

    (message,) = said(NOON + HOUR)
    assert names(message)["recovered"] == ["fra-1 over IPv4"]


def test_a_rule_about_checks_tells_of_the_verdict_of_each(pager, check, fra_1, report):
    AlertRule.objects.update(subjects=["check"])
    go_down(report, check, fra_1)

    (message,) = said()
    assert (names(message)["opened"], message["opened"][0]["check"]) == (["web of fra-1 over IPv4"], "web")


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"endpoints": ["iad-1"]}, False),
        ({"endpoints": ["fra-1"]}, True),
        ({"regions": ["us"]}, False),
        ({"regions": ["eu", "us"]}, True),
        ({"checks": ["web"]}, True),
        ({"labels": {"tier": "gpu"}}, True),
        ({"labels": {"tier": "cpu"}}, False),
        ({"labels": {"tier": "gpu", "site": "a"}}, False),
    ],
)
def test_filters_choose_what_is_told(pager, check, fra_1, iad_1, report, vantages, chosen, told):
    fra_1.labels = {"tier": "gpu"}
    fra_1.save()
    by_name = {"fra-1": fra_1, "iad-1": iad_1, "web": check, **vantages}
    pager.labels = chosen.get("labels", {})
    pager.save()
    for attribute in chosen.keys() - {"labels"}:
        getattr(pager, attribute).set([by_name[name] for name in chosen[attribute]])
    go_down(report, check, fra_1)

    assert bool(said()) == told


def test_a_rule_about_some_checks_tells_of_what_a_brake_held_once_it_is_let_go(
    pager, team, check, fra_1, iad_1, report
):
    sin_1 = Endpoint.objects.create(team=team, name="sin-1", region=fra_1.region, ipv4="127.0.3.1")
    other = Check.objects.create(team=team, name="other", kind="tcp")
    assign(check, [fra_1, iad_1, sin_1], NOON)
    set_pool_members(Pool.objects.create(team=team, name="all"), [Member(one) for one in (fra_1, iad_1, sin_1)])
    pager.checks.set([check])
    quiet = AlertRule.objects.create(team=team, name="quiet", subjects=["endpoint"])
    quiet.checks.set([other])
    for endpoint in (fra_1, iad_1):
        go_down(report, check, endpoint)
    said()
    assert {one.closed for one in Incident.objects.all()} == {NOON}, "both are held up"

    acknowledge(Alarm.objects.get(), "ada", NOON + SECOND)
    (message,) = said(NOON + HOUR)
    assert sorted(names(message)["opened"]) == ["fra-1 over IPv4", "iad-1 over IPv4"]
    assert not quiet.incidents.exists()


def test_a_rule_that_is_off_watches_nothing_and_one_of_another_team_neither(pager, check, fra_1, report):
    AlertRule.objects.update(enabled=False)
    go_down(report, check, fra_1)

    assert said() == []
    assert not Incident.objects.exists()


def test_what_is_open_closes_though_the_rule_would_not_choose_it_any_more(pager, check, fra_1, iad_1, report):
    go_down(report, check, fra_1)
    said()
    pager.endpoints.set([iad_1])
    come_up(report, check, fra_1)

    (message,) = said(NOON + HOUR)
    assert names(message)["recovered"] == ["fra-1 over IPv4"]


def test_an_incident_of_an_endpoint_that_is_gone_is_closed(pager, check, fra_1, report):
    go_down(report, check, fra_1)
    said()
    fra_1.delete()

    (message,) = said(NOON + HOUR)
    assert message["recovered"][0]["recovery"] == "it is checked no more"


def test_an_incident_of_a_check_that_is_gone_is_closed(pager, check, fra_1, iad_1, report):
    AlertRule.objects.update(subjects=["check"])
    go_down(report, check, fra_1)
    said()
    assign(check, [iad_1], NOON)

    (message,) = said(NOON + HOUR)
    assert names(message)["recovered"] == ["web of fra-1 over IPv4"]
    delete_check(check, NOON)
    assert said(NOON + 2 * HOUR) == []


def test_an_incident_of_a_check_goes_on_under_another_name(pager, check, fra_1, report):
    AlertRule.objects.update(subjects=["check"])
    go_down(report, check, fra_1)
    said()
    old_name = check.name
    Check.objects.filter(pk=check.pk).update(name="storefront")
    check.refresh_from_db()

    assert said(NOON + SECOND) == []
    incident = Incident.objects.get()
    assert (incident.closed, incident.name) == (None, "storefront of fra-1 over IPv4")
    assert old_name not in incident.key

    come_up(report, check, fra_1)
    (message,) = said(NOON + HOUR)
    assert names(message)["recovered"] == ["storefront of fra-1 over IPv4"]
    assert Incident.objects.get().closed is not None


def test_what_was_said_of_a_check_under_its_old_name_closes_what_is_open_of_it(pager, check, fra_1, report):
    AlertRule.objects.update(subjects=["check"])
    go_down(report, check, fra_1)
    said()
    come_up(report, check, fra_1)
    Check.objects.filter(pk=check.pk).update(name="storefront")

    (message,) = said(NOON + HOUR)
    assert names(message)["recovered"] == ["storefront of fra-1 over IPv4"]


def test_an_alarm_is_told_when_it_begins_and_ends_and_once_each(pager, team):
    AlertRule.objects.update(subjects=["alarm"])
    begun = AlarmSeen(7, frozenset({team.pk}), "quorum lost of web", "two of three vantages are gone", NOON, None)
    ended = AlarmSeen(
        7, frozenset({team.pk}), "quorum lost of web", "two of three vantages are gone", NOON, NOON + HOUR
    )
    others = AlarmSeen(8, frozenset({team.pk + 1}), "vantage eu is not well", "", NOON, None)

    for seen in ([begun, others], [begun], [ended], [ended]):
        take_in(NOON + HOUR, seen)
        plan(NOON + HOUR)
    AlertRule.objects.update(window_s=0)
    plan(NOON + 2 * HOUR)

    first, second = Delivery.objects.order_by("pk")
    assert names(first.message)["opened"] == ["quorum lost of web"]
    assert names(second.message)["recovered"] == ["quorum lost of web"]


def test_whoever_a_vantage_probes_for_is_told_that_it_is_not_well_and_nobody_else(pager, team, vantages):
    AlertRule.objects.update(subjects=["alarm"])
    strangers = Team.objects.create(name="strangers")
    AlertRule.objects.create(team=strangers, name="theirs", subjects=["alarm"])
    raise_alarm(Alarm.Kind.VANTAGE_NOT_WELL, 1, "vantage eu", "no heartbeat", NOON)
    take_in(NOON, alarms(NOON))

    assert [(one.rule.name, one.name) for one in Incident.objects.all()] == [("pager", "vantage not well: vantage eu")]
    Region.objects.create(team=strangers, name="eu", latitude=0, longitude=0)
    take_in(NOON, alarms(NOON))
    assert {one.rule.name for one in Incident.objects.all()} == {"pager", "theirs"}


def test_an_alarm_that_ended_while_nobody_took_in_is_closed(pager, team):
    AlertRule.objects.update(subjects=["alarm"])
    take_in(NOON, [AlarmSeen(7, frozenset({team.pk}), "vantage eu is not well", "silent for 10 s", NOON, None)])
    take_in(NOON + HOUR, [])

    assert Incident.objects.get().closed == NOON + HOUR


def test_a_subject_is_open_once_whatever_workers_do_at_once(pager, check, fra_1, report):
    go_down(report, check, fra_1)
    take_in(NOON)
    twin = Incident.objects.get()
    twin.pk = None

    with pytest.raises(IntegrityError, match="incident_open_once"):
        twin.save()


def test_a_channel_that_is_off_gets_nothing(pager, hook, check, fra_1, report):
    hook.enabled = False
    hook.save()
    go_down(report, check, fra_1)

    assert said() == []
    assert Incident.objects.get().told_opened


def test_what_is_over_is_forgotten_after_a_month(pager, check, fra_1, iad_1, report):
    go_down(report, check, fra_1)
    go_down(report, check, iad_1)
    said()
    come_up(report, check, fra_1)
    said(NOON + HOUR)

    prune(NOON + timedelta(days=31))
    assert [incident.name for incident in Incident.objects.all()] == ["iad-1 over IPv4"]
    assert Delivery.objects.count() == 2, "what is still pending is no history yet"

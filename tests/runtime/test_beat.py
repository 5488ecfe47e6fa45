"""What beat sends is a task that there is, on a queue that a worker takes; and no task waits for nobody to send it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from accounts.models import Team
from healthchecks.services import sync_schedule
from regions.models import Region
from snapshots.services import PUBLISH_TASK
from trafficmgr.celery import app
from trafficmgr.commands.worker import worker
from trafficmgr.runtime.programs import workers
from trafficmgr.scheduler import ASK_EVERY_S, Scheduler

REGIONS = ["eu", "us"]
OURS = ("accounts.", "changes.", "healthchecks.", "latency.", "snapshots.", "steering.", "telemetry.")
ON_REQUEST = {"accounts.tasks.send_password_reset"}
"""Sent by a page."""
SCHEDULE: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
Sent = tuple[str, str]
"""A task and the queue that it is sent to."""


@pytest.fixture
def sent(db):
    """All that beat sends while there are two vantage regions."""
    ops = Team.objects.create(name="ops")
    for name in REGIONS:
        Region.objects.create(team=ops, name=name, latitude=0, longitude=0, is_vantage=True)
    sync_schedule()
    of_settings = [(entry["task"], entry["options"].get("queue")) for entry in SCHEDULE.values()]
    stored = list(PeriodicTask.objects.values_list("task", "queue"))
    return [(task, queue or app.conf.task_default_queue) for task, queue in [*of_settings, *stored]]


@pytest.fixture
def taken(monkeypatch):
    """The queues that the workers of `trafficmgr up` take."""
    queues: set[str] = set()

    def run(arguments: list[str]) -> None:
        said = next(each for each in arguments if each.startswith("--queues="))
        queues.update(said.removeprefix("--queues=").split(","))

    monkeypatch.setattr(app, "worker_main", run)
    for program in workers(REGIONS):
        worker.main(program.command[program.command.index("worker") + 1 :], standalone_mode=False)
    return queues


def tasks() -> set[str]:
    """Those that a worker knows."""
    app.loader.import_default_modules()
    return {name for name in app.tasks if name.startswith(OURS)}


def unserved(sent: Iterable[Sent], taken: set[str]) -> list[Sent]:
    known = tasks()
    return [(task, queue) for task, queue in sent if task not in known or queue not in taken]


def test_all_that_is_sent_is_done_by_a_worker(sent, taken):
    assert len(sent) > 15
    assert unserved(sent, taken) == []


def test_a_task_that_is_none_and_a_queue_that_nobody_takes_are_noticed(taken):
    strays = [("latency.tasks.gone", "control"), (PUBLISH_TASK, "probe.asia")]

    assert unserved([*strays, (PUBLISH_TASK, "control")], taken) == strays


def test_there_is_no_task_that_nobody_sends(sent):
    assert tasks() - {task for task, _queue in sent} == ON_REQUEST


def test_nothing_is_sent_under_two_names(sent):
    control = [task for task, queue in sent if queue == "control"]

    assert sorted(control) == sorted(set(control))


def test_what_is_sent_often_does_not_pile_up_while_no_worker_is_there():
    assert [name for name, entry in SCHEDULE.items() if "expires" not in entry["options"]] == []


def test_the_schedule_is_looked_at_again_once_a_second(sent, monkeypatch, django_assert_num_queries):
    now_s = [100.0]
    monkeypatch.setattr("trafficmgr.scheduler.time.monotonic", lambda: now_s[0])
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)  # it is the test's
    scheduler = Scheduler(app=app, lazy=True)
    assert scheduler.schedule_changed() is False, "nothing is known of before"

    with django_assert_num_queries(0):
        assert [scheduler.schedule_changed() for _ in range(10)] == [False] * 10
    PeriodicTasks.objects.update(last_update=timezone.now() + timedelta(seconds=1))
    assert scheduler.schedule_changed() is False
    now_s[0] += ASK_EVERY_S
    assert scheduler.schedule_changed() is True

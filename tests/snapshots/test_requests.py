"""Asking for a publication: after commit only, and never at the price of the write."""

from __future__ import annotations

import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from snapshots import services
from trafficmgr.celery import app


@pytest.fixture
def sent(monkeypatch):
    """The tasks handed to the broker."""
    tasks: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda name, **_: tasks.append(name))
    app.set_current()
    return tasks


def test_a_publication_is_asked_for_when_the_write_is_committed(transactional_db, sent):
    with transaction.atomic():
        services.request_publish()
        assert sent == []

    assert sent == [services.PUBLISH_TASK]


def test_a_write_that_is_rolled_back_asks_for_nothing(transactional_db, sent):
    with transaction.atomic():
        services.request_publish()
        transaction.set_rollback(True)

    assert sent == []


def test_a_broker_that_is_gone_is_logged_and_does_not_fail_the_write(transactional_db, monkeypatch, caplog):
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", gone)
    services.request_publish()

    assert "publishing is late" in caplog.text


def test_the_tasks_that_are_sent_and_scheduled_exist(settings):
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {services.PUBLISH_TASK, *scheduled} <= set(app.tasks)

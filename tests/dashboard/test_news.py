"""News: what is told of what happened elsewhere, to whom, and how much of it at once."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from dashboard import news_feed
from dashboard.news import Item, Marks, newest_marks, news_between
from dashboard.news_feed import NewestMarks, event, told
from healthchecks.guard_models import Alarm
from healthchecks.models import Transition
from snapshots.services import publish
from tests.dashboard.conftest import member_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = Marks(0, 0, 0)


def changed(endpoint, sequence: int, before: str, after: str) -> None:
    Transition.objects.create(
        sequence=sequence,
        endpoint_id=endpoint.pk,
        endpoint_name=endpoint.name,
        family=4,
        check_name="web",
        from_state=before,
        to_state=after,
        endpoint_state=after,
        votes={},
        cause="refused",
        at=NOW,
    )


@pytest.mark.django_db(transaction=True)
def test_a_generation_and_an_endpoint_that_went_down_are_told(ada, fra_1):
    changed(fra_1, 1, "up", "down")
    publish(NOW)

    assert [(item.text, item.tone) for item in news_between(ada, NOTHING, newest_marks())] == [
        ("Generation 1 is published", ""),
        ("fra-1 is down: web", "down"),
    ]


def test_an_endpoint_that_came_back_at_once_is_not_worth_a_word(ada, fra_1):
    changed(fra_1, 1, "up", "down")
    changed(fra_1, 2, "down", "up")

    assert news_between(ada, NOTHING, newest_marks()) == []


def test_many_endpoints_are_told_in_one_line(ada, ops, eu, fra_1, iad_1, fra_2):
    for sequence, endpoint in enumerate((fra_1, iad_1, fra_2), start=1):
        changed(endpoint, sequence, "up", "down")

    [item] = news_between(ada, NOTHING, newest_marks())
    assert item.text == "3 endpoints changed state: 3 down"


@pytest.fixture
def fra_2(ops, eu, fra_1):
    return type(fra_1).objects.create(team=ops, name="fra-2", region=eu, ipv4="192.0.2.3")


def test_others_are_told_nothing_of_it(rivals, fra_1, ops):
    changed(fra_1, 1, "up", "down")
    Alarm.objects.create(kind="mass_failure", team=ops, subject_id=1, subject="pool shop", detail="x", since=NOW)
    bob = member_of(rivals, "bob")

    assert news_between(bob, NOTHING, newest_marks()) == []


def test_an_alarm_is_told_once(ada, ops):
    Alarm.objects.create(kind="mass_failure", team=ops, subject_id=1, subject="pool shop", detail="x", since=NOW)
    until = newest_marks()

    assert [item.text for item in news_between(ada, NOTHING, until)] == ["Alarm: mass failure: pool shop"]
    assert news_between(ada, until, until) == []


@pytest.mark.parametrize("text", ["", "1-2", "1-2-3-4", "a-b-c", "1-2--3", "\u0661-2-3"])
def test_a_reader_who_says_nonsense_is_a_new_one(text: str):
    assert Marks.read(text) is None


def test_marks_are_read_as_they_were_written():
    assert Marks.read(str(Marks(3, 14, 15))) == Marks(3, 14, 15)


async def test_a_new_reader_hears_only_of_what_comes(monkeypatch):
    monkeypatch.setattr(news_feed, "listener", ImpatientListener())
    monkeypatch.setattr(news_feed, "GATHER_S", 0)
    monkeypatch.setattr(news_feed, "FRESH_S", 0)
    readings = iter([Marks(1, 0, 0), Marks(1, 0, 0), Marks(2, 0, 0)])
    asked = []

    async def read() -> Marks:
        return next(readings)

    async def between(before: Marks, until: Marks) -> list[Item]:
        asked.append((before, until))
        return [Item("Generation 2 is published", "/snapshots/2/")]

    stream = told(between, NewestMarks(read), None)
    assert await anext(stream) == event([], Marks(1, 0, 0))
    second = await anext(stream)
    await stream.aclose()

    assert asked == [(Marks(1, 0, 0), Marks(2, 0, 0))]
    assert second.startswith("id: 2-0-0\nevent: news\ndata: ")
    assert json.loads(second.split("data: ")[1])[0]["text"] == "Generation 2 is published"


async def test_many_readers_cost_one_reading():
    readings = []

    async def read() -> Marks:
        readings.append(1)
        return Marks(1, 1, 1)

    marks = NewestMarks(read)
    for _ in range(10):
        await marks.get()
    assert len(readings) == 1


class ImpatientListener:
    """Always has news."""

    @asynccontextmanager
    async def subscribe(self):
        yield self

    async def take(self) -> None:
        """At once."""

"""The pure parts of the agent: events, waiting, reports."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.backoff import Backoff
from edge.report import MAX_COUNTS, Reports
from edge.server_sent_events import Event, EventParser, EventStreamError
from edge.serving import NO_COUNTERS, Options, Serving
from tests.edge.conftest import a_world

BOOT = UUID("6f1c0000-0000-4000-8000-000000000001")
STREAM = (
    ": hello\n\nevent: generation\ndata: {}\n\nid: 4\nevent: health\r\ndata: a\ndata: ü\r\n\r\nretry: 1\n\n".encode()
)
EVENTS = [Event("generation", "{}"), Event("health", "a\nü")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_however_the_stream_is_cut(cuts):
    parser = EventParser()
    places = [0, *sorted(cuts), len(STREAM)]

    assert [event for start, end in pairwise(places) for event in parser.feed(STREAM[start:end])] == EVENTS


@given(st.binary())
def test_any_octets_are_events_or_an_error(octets):
    with suppress(EventStreamError):
        assert all(event.data for event in EventParser().feed(octets))


def test_a_line_without_end_is_an_error_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr("edge.server_sent_events.MAX_EVENT", 100)
    parser = EventParser()
    with pytest.raises(EventStreamError, match="more than 100"):
        parser.feed(b"data: " + b"x" * 100)


def test_an_event_of_lines_without_end_is_an_error_too(monkeypatch):
    monkeypatch.setattr("edge.server_sent_events.MAX_EVENT", 100)
    with pytest.raises(EventStreamError, match="more than 100"):
        EventParser().feed(b"data: x\n" * 100)


def test_waiting_doubles_up_to_a_bound_and_begins_anew_after_success():
    backoff = Backoff(lambda: 1.0, first_s=1, most_s=5)

    assert [backoff.next_s() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.next_s() == 1


@given(st.floats(0, 1))
def test_waiting_is_never_nothing(chance):
    assert 0.1 <= Backoff(lambda: chance, first_s=1).next_s() <= 1


def counters(**counts: int):
    answers = [
        {"policy": 5, "endpoint": int(endpoint[1:]), "country": "DE", "rcode": 0, "explored": False, "count": count}
        for endpoint, count in counts.items()
    ]
    return {**NO_COUNTERS, "queries": sum(counts.values()), "answers": answers}


def counts_of(report) -> dict[int, int]:
    return {answer["endpoint"]: answer["count"] for answer in report["answers"]}


def test_a_report_holds_what_came_since_the_last_acknowledged_one():
    reports = Reports(BOOT, "test")
    assert counts_of(reports.due(counters(e1=3, e2=1), 1, 0, list)) == {1: 3, 2: 1}
    reports.acknowledge()

    report = reports.due(counters(e1=5, e2=1), 1, 0, list)
    assert (report["sequence"], counts_of(report)) == (2, {1: 2})


def test_a_report_that_is_not_acknowledged_stays_the_same():
    reports = Reports(BOOT, "test")
    first = reports.due(counters(e1=3), 1, 0, list)

    assert reports.due(counters(e1=9), 2, 7, list) == first
    reports.acknowledge()
    assert counts_of(reports.due(counters(e1=9), 2, 7, list)) == {1: 6}


def test_what_does_not_fit_one_report_goes_with_the_next():
    many = counters(**{f"e{number}": 1 for number in range(1, MAX_COUNTS + 11)})
    reports = Reports(BOOT, "test")
    assert len(reports.due(many, 1, 0, list)["answers"]) == MAX_COUNTS
    reports.acknowledge()

    assert len(reports.due(many, 1, 0, list)["answers"]) == 10


def test_without_af_xdp_sockets_answer_and_the_log_says_why_once(caplog):
    serving = Serving(["127.0.0.1:0"], options=Options(xdp="none-of-these"))
    for generation in (1, 2):
        serving.serve(a_world(generation, "192.0.2.1").open())
    serving.stop()

    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    reason = "there is no Ethernet interface of this name"
    assert warnings == [f"AF_XDP on none-of-these: sockets answer alone: {reason}"]

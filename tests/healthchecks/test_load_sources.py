"""Loads are read where endpoints publish them: of real servers, within the guards of probes, and errors are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from healthchecks import load_sources
from healthchecks.load_sources import pull_loads, save_source
from healthchecks.metrics import Format, MetricError, numbers_of, require_selector
from healthchecks.models import EndpointLoad, LoadSource
from regions.models import Endpoint
from tests.healthchecks.conftest import NOON

PROMETHEUS = """# HELP busy Requests in flight.
# TYPE busy gauge
busy{pool="web",zone="a"} 30
busy{pool="web",zone="b"} 43
busy{pool="batch"} 1000
# TYPE most gauge
most 100
"""
JSON = '{"pools": [{"busy": 73, "most": 100, "a/b": {"~": 80}, "name": "web", "infinite": 1e999}]}'


@pytest.mark.parametrize(
    ("selector", "number"), [("busy", 1073), ('busy{pool="web"}', 73), ('busy{zone="a",pool="web"}', 30), ("most", 100)]
)
def test_samples_are_summed_by_name_and_labels(selector: str, number: float) -> None:
    assert numbers_of(Format.PROMETHEUS, PROMETHEUS)(selector) == number


def test_a_pointer_leads_through_lists_and_escapes() -> None:
    find = numbers_of(Format.JSON, JSON)

    assert (find("/pools/0/busy"), find("/pools/0/a~1b/~0")) == (73, 80)


@pytest.mark.parametrize(
    ("format_", "selector", "complaint"),
    [
        (Format.PROMETHEUS, "absent", "there is no sample absent"),
        (Format.PROMETHEUS, 'busy{pool="cache"}', "there is no sample"),
        (Format.JSON, "/pools/1/busy", "/pools/1/busy leads nowhere"),
        (Format.JSON, "/pools/-1/busy", "leads nowhere"),
        (Format.JSON, "/pools/0/name", "is not a number"),
        (Format.JSON, "/pools", "is not a number"),
        (Format.JSON, "/pools/0/infinite", "which is no load"),
    ],
)
def test_what_is_not_there_is_named(format_: Format, selector: str, complaint: str) -> None:
    text = PROMETHEUS if format_ is Format.PROMETHEUS else JSON
    with pytest.raises(MetricError, match=complaint):
        numbers_of(format_, text)(selector)


@given(st.sampled_from(Format), st.text(max_size=200), st.text(max_size=40))
def test_whatever_is_published_gives_a_number_or_a_reason(format_: Format, text: str, selector: str) -> None:
    with suppress(MetricError):
        require_selector(format_, selector)
        assert numbers_of(format_, text)(selector) >= 0


@pytest.fixture
def publish() -> Iterator[Callable[..., str]]:
    """publish(text, status=200): a server that answers so; its URL."""
    servers = []

    def publish(text: str, status: int = 200, **headers: str) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answer))
        threading.Thread(target=servers[-1].serve_forever).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/metrics"

    yield publish
    for server in servers:
        server.shutdown()
        server.server_close()


def source_of(endpoint: Endpoint, url: str, **said: Any) -> LoadSource:
    said = {"format": "prometheus", "current": 'busy{pool="web"}', "capacity": "most", **said}
    return save_source(LoadSource(endpoint=endpoint, url=url, **said))


def pull(after_s: float = 0, *, allow_private: bool = True) -> int:
    return pull_loads(NOON + timedelta(seconds=after_s), allow_private=allow_private)


def error_of(endpoint: Endpoint) -> str:
    return LoadSource.objects.get(endpoint=endpoint).error


def test_what_is_read_is_told_like_what_is_said(fra_1: Endpoint, iad_1: Endpoint, publish: Callable[..., str]) -> None:
    source_of(fra_1, publish(PROMETHEUS), max_age_s=30)
    source_of(iad_1, publish(JSON), format="json", current="/pools/0/busy", capacity="", target="/pools/0/a~1b/~0")

    assert pull() == 2

    loads = {load.endpoint_id: load for load in EndpointLoad.objects.all()}
    assert (loads[fra_1.pk].share, loads[fra_1.pk].max_age_s, loads[fra_1.pk].measured) == (0.73, 30, NOON)
    assert (loads[iad_1.pk].share, loads[iad_1.pk].target) == (0.73, 80)
    assert error_of(fra_1) == error_of(iad_1) == ""


def test_a_source_is_read_when_its_turn_has_come(fra_1: Endpoint, publish: Callable[..., str]) -> None:
    source_of(fra_1, publish(PROMETHEUS), interval_s=15)

    assert [pull(after_s) for after_s in (0, 5, 14, 15, 20, 31)] == [1, 0, 0, 1, 0, 1]


def test_what_one_worker_has_taken_another_does_not_read(fra_1: Endpoint, publish: Callable[..., str]) -> None:
    due = source_of(fra_1, publish(PROMETHEUS))

    assert load_sources._take(due, NOON)
    assert not load_sources._take(due, NOON)


def test_why_nothing_was_read_is_kept_and_goes_with_the_next_success(
    fra_1: Endpoint, publish: Callable[..., str]
) -> None:
    source = source_of(fra_1, publish("no metrics {"))
    pull()
    assert "text format of Prometheus" in error_of(fra_1)

    for url, complaint in (
        (publish(PROMETHEUS, status=503), "status 503, expected 200"),
        (publish("", status=302, Location="http://127.0.0.1/"), "status 302"),
        (publish("x" * (load_sources.MOST_OCTETS + 1)), "more than 1048576 octets"),
        ("http://127.0.0.1:9/metrics", "connection refused"),
    ):
        source.url = url
        save_source(source)
        pull()
        assert complaint in error_of(fra_1), url
    assert not EndpointLoad.objects.exists()

    source.url = publish(PROMETHEUS)
    save_source(source)
    pull()
    assert error_of(fra_1) == ""


def test_numbers_that_make_no_share_are_an_error_of_the_source(fra_1: Endpoint, publish: Callable[..., str]) -> None:
    source_of(fra_1, publish(PROMETHEUS), capacity="")
    pull()

    assert "capacity: Say it here or of the endpoint" in error_of(fra_1)


@pytest.mark.parametrize("wrong", ['.e  :}\x00e"sT', "http://fra..example.com/"])
def test_what_one_endpoint_publishes_keeps_nobody_from_reading_the_others(
    fra_1: Endpoint, iad_1: Endpoint, publish: Callable[..., str], wrong: str
) -> None:
    source_of(fra_1, publish(wrong))
    if wrong.startswith("http"):
        LoadSource.objects.update(url=wrong)  # as it may have been stored before such names were refused
    source_of(iad_1, publish(PROMETHEUS))

    assert pull() == 2
    assert error_of(fra_1) != ""
    assert error_of(iad_1) == ""
    assert EndpointLoad.objects.get().endpoint == iad_1


def test_private_addresses_are_not_read_unless_that_is_allowed(fra_1: Endpoint, publish: Callable[..., str]) -> None:
    source_of(fra_1, publish(PROMETHEUS))
    source_of_name = LoadSource.objects.get(endpoint=fra_1)
    pull(allow_private=False)
    assert "127.0.0.1 is not a public address" in error_of(fra_1)

    source_of_name.url = source_of_name.url.replace("127.0.0.1", "localhost")
    save_source(source_of_name)
    pull(1, allow_private=False)
    assert "is not a public address" in error_of(fra_1)
    assert not EndpointLoad.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"url": "ftp://192.0.2.1/"}, "url"),
        ({"url": "http://ada:secret@192.0.2.1/"}, "url"),
        ({"url": "metrics"}, "url"),
        ({"url": "http://192.0.2.1:99999/"}, "url"),
        ({"url": "http://fra..example.com/"}, "url"),
        ({"url": f"http://{'x' * 64}.example.com/"}, "url"),
        ({"format": "json", "current": "/pools/~2", "capacity": ""}, "current"),
        ({"current": ""}, "current"),
        ({"current": "busy{"}, "current"),
        ({"target": "a b c"}, "target"),
        ({"format": "json", "current": "busy", "capacity": ""}, "current"),
        ({"interval_s": 61}, "interval_s"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_at_what_is_wrong(
    fra_1: Endpoint, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        source_of(fra_1, **({"url": "http://192.0.2.1/metrics"} | said))
    assert list(caught.value.message_dict) == [field]

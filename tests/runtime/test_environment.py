"""Variables that cannot be used are named, with what is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from trafficmgr.commands.edge import feed_urls, server_limits
from trafficmgr.environment import VariableError, declared_environment


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("DATABASE_URL", "BROKER_URL", "TRAFFICMGR_SECRET_KEY", "TRAFFICMGR_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("TRAFFICMGR_WEB", "8000", "TRAFFICMGR_WEB: '8000' is not ADDRESS:PORT"),
        ("TRAFFICMGR_WEB", "127.0.0.1:http", "TRAFFICMGR_WEB: '127.0.0.1:http' is not ADDRESS:PORT"),
        ("TRAFFICMGR_DNS", "127.0.0.1:5300,[::1]:70000", "TRAFFICMGR_DNS: '[::1]:70000' is not ADDRESS:PORT"),
        ("TRAFFICMGR_DNS", " , ", "TRAFFICMGR_DNS: at least one ADDRESS:PORT is needed"),
        ("TRAFFICMGR_RATE_LIMIT", "-1", "TRAFFICMGR_RATE_LIMIT: Input should be greater than or equal to 0"),
        ("TRAFFICMGR_RATE_LIMIT_EXEMPT", "10.0.0.1/8", "TRAFFICMGR_RATE_LIMIT_EXEMPT: value is not a valid IPv4"),
        ("TRAFFICMGR_TRUSTED_PROXIES", "10.0.0.1/8", "TRAFFICMGR_TRUSTED_PROXIES: value is not a valid IPv4"),
        ("TRAFFICMGR_RUM_SHARE", "1.5", "TRAFFICMGR_RUM_SHARE: Input should be less than or equal to 1"),
        ("TRAFFICMGR_CAPACITY_MOVED", "1.5", "TRAFFICMGR_CAPACITY_MOVED: Input should be less than or equal to 1"),
        (
            "TRAFFICMGR_CAPACITY_COST_MS",
            "-1",
            "TRAFFICMGR_CAPACITY_COST_MS: Input should be greater than",
        ),
        ("TRAFFICMGR_METRICS", "9153", "TRAFFICMGR_METRICS: '9153' is not ADDRESS:PORT"),
        ("TRAFFICMGR_RELAY", "8443", "TRAFFICMGR_RELAY: '8443' is not ADDRESS:PORT"),
        ("TRAFFICMGR_FEED", "https://a.test,b.test", "TRAFFICMGR_FEED: write https://HOST or http://HOST:PORT"),
        ("TRAFFICMGR_FEED_ORDER", "random", "TRAFFICMGR_FEED_ORDER: Input should be 'preference' or 'spread'"),
        ("TRAFFICMGR_DNSTAP", "/run/dnstap.sock", "TRAFFICMGR_DNSTAP: write unix:/PATH or tcp:HOST:PORT"),
        ("TRAFFICMGR_DNSTAP", "unix:dnstap.sock", "TRAFFICMGR_DNSTAP: write unix:/PATH or tcp:HOST:PORT"),
        ("TRAFFICMGR_DNSTAP", "tcp:collector", "TRAFFICMGR_DNSTAP: 'collector' is not ADDRESS:PORT"),
        ("TRAFFICMGR_DNSTAP_SAMPLE", "0", "TRAFFICMGR_DNSTAP_SAMPLE: Input should be greater than or equal to 1"),
        ("TRAFFICMGR_DEMO", "perhaps", "TRAFFICMGR_DEMO: Input should be a valid boolean"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(monkeypatch, variable, value, complaint):
    monkeypatch.setenv(variable, value)

    with pytest.raises(VariableError) as refusal:
        declared_environment()
    assert str(refusal.value).startswith(complaint)


def test_feeds_are_spread_by_who_prefers_them_and_each_edge_keeps_its_order(monkeypatch):
    feeds = [f"https://feed-{number}.test" for number in range(4)]
    monkeypatch.setenv("TRAFFICMGR_FEED", ", ".join(feeds))
    assert feed_urls(declared_environment(), "any") == feeds
    monkeypatch.setenv("TRAFFICMGR_FEED_ORDER", "spread")
    first = Counter(feed_urls(declared_environment(), f"token {number}")[0] for number in range(400))
    assert set(first) == set(feeds)
    assert min(first.values()) > 60, "100 on average"
    assert sorted(feed_urls(declared_environment(), "any")) == feeds


@pytest.mark.parametrize("name", ["database_url", "broker_url", "secret_key"])
def test_a_missing_variable_is_named_with_an_example(name):
    variable = f"TRAFFICMGR_{name.upper()}" if name == "secret_key" else name.upper()

    with pytest.raises(VariableError, match=f"^{variable} is not set: .* set it to "):
        getattr(declared_environment(), f"require_{name}")()


@pytest.mark.parametrize(
    ("web", "url"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:80", "http://[::1]:80"),
    ],
)
def test_the_web_process_is_reached_at_an_address_that_can_be_connected_to(monkeypatch, web, url):
    monkeypatch.setenv("TRAFFICMGR_WEB", web)

    assert declared_environment().web_url == url


@pytest.mark.parametrize(
    ("variables", "limits"),
    [
        ({}, {}),
        ({"TRAFFICMGR_RATE_LIMIT": "0"}, {"responses_per_s": 0}),
        ({"TRAFFICMGR_RATE_LIMIT_EXEMPT": ""}, {"exempt": []}),
        ({"TRAFFICMGR_RATE_LIMIT_EXEMPT": "10.0.0.0/8, ::1"}, {"exempt": ["10.0.0.0/8", "::1/128"]}),
    ],
)
def test_an_edge_differs_from_the_servers_limits_only_in_what_is_set(monkeypatch, variables, limits):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert server_limits(declared_environment()) == limits


def test_metrics_and_dnstap_are_off_when_they_are_empty(monkeypatch):
    monkeypatch.setenv("TRAFFICMGR_METRICS", "")
    monkeypatch.setenv("TRAFFICMGR_DNSTAP", "")

    variables = declared_environment()
    assert (variables.metrics, variables.dnstap) == ("", None)

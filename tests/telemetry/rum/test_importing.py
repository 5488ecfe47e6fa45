"""Measurements of others: read by line, counted once in the windows they belong to, whenever they are sent."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from telemetry.models import BeaconWindow
from telemetry.rum.judging import LATE_IMPORT_S
from telemetry.rum.services import forget
from tests.telemetry.rum.conftest import declare_endpoint
from trafficmgr.cli import trafficmgr
from trafficmgr.client import api as rest
from trafficmgr.client.measurements import MalformedLinesError, read

URL = "/api/v1/measurements"
NOW_S = int(time.time())


@pytest.fixture
def imported(client, secret):
    """Sends measurements as ops."""

    def send(*measurements, query=""):
        body = {"measurements": list(measurements)}
        headers = {"Authorization": f"Token {secret}"}
        return client.post(URL + query, body, content_type="application/json", headers=headers)

    return send


def said(target="fra", client="203.0.113.77", rtt_ms=34.2, age_s=5 * 3600.0):
    return {"client": client, "target": target, "rtt_ms": rtt_ms, "measured_s": NOW_S - age_s}


def test_a_measurement_counts_in_the_window_it_was_made_in(imported, fra, ops):
    named = declare_endpoint(ops, "cdn", "192.0.2.9")
    named.ipv4, named.hostname = None, "cdn.test."
    named.save()
    old = said()

    answer = imported(old, said("192.0.2.1", client="2001:db8:7::1"), said("cdn.test"), said("nowhere"))

    assert answer.json() == {
        "accepted": 3,
        "refused": {"unknown_endpoint": 1},
        "errors": [
            {
                "field": "3.target",
                "message": "No endpoint has this name, address or host name, or more than one has.",
            }
        ],
    }
    rows = BeaconWindow.objects.order_by("endpoint_id", "prefix").values_list("prefix", "endpoint_id", "count")
    assert list(rows) == [("203.0.113.0", fra.pk, 1), ("2001:db8:7::", fra.pk, 1), ("203.0.113.0", named.pk, 1)]
    assert {int(row.start.timestamp()) for row in BeaconWindow.objects.all()} == {old["measured_s"] // 10 * 10}


def test_the_same_file_counts_once_even_an_hour_later(imported, fra):
    batch = [said(), said(rtt_ms=35.0), said(client="203.0.113.78")]
    assert imported(*batch).json()["accepted"] == 2
    forget(datetime.fromtimestamp(NOW_S + 3600, UTC))

    assert imported(*batch).json() == {"accepted": 0, "refused": {"duplicate": 3}, "errors": []}


def test_a_target_that_two_endpoints_have_is_no_target(imported, fra, ops):
    declare_endpoint(ops, "twin", "192.0.2.1")

    assert imported(said("192.0.2.1")).json()["refused"] == {"unknown_endpoint": 1}


def test_what_is_too_old_or_no_round_trip_does_not_count(imported, fra):
    answer = imported(said(age_s=LATE_IMPORT_S + 60), said(rtt_ms=20_000.0), said(age_s=-86_400.0))

    assert answer.json()["refused"] == {"ahead": 1, "late": 1, "outlier": 1}
    assert answer.json()["errors"][0] == {"field": "0.measured_s", "message": "It is more than 23 h old."}


def test_a_dry_run_counts_nothing(imported, fra):
    assert imported(said(), said("nowhere"), query="?dry_run=1").json()["accepted"] == 1
    assert not BeaconWindow.objects.exists()


def test_what_is_malformed_is_named_and_nothing_counts(imported, fra, refused):
    problem = refused(imported(said(), said(client="half"), {"client": "192.0.2.1"}), 400)
    assert {error["field"] for error in problem["errors"]} >= {"2.target", "2.rtt_ms", "2.measured_s"}
    problem = refused(imported(said(), said(client="half")), 400)
    assert [error["field"] for error in problem["errors"]] == ["1.client"]
    assert not BeaconWindow.objects.exists()


PING = {
    "type": "ping", "prb_id": 1, "fw": 5080, "from": "203.0.113.77", "src_addr": "192.168.1.4", "dst_addr": "192.0.2.1",
    "dst_name": "fra.test", "timestamp": 1000, "min": 20.5, "avg": 22.0,
    "result": [{"rtt": 23.5}, {"x": "*"}, {"rtt": 20.5}],
}  # fmt: skip
TRACEROUTE = {
    "type": "traceroute", "from": "2001:db8:7::1", "dst_addr": "192.0.2.1", "timestamp": 900,
    "result": [
        {"hop": 1, "result": [{"from": "192.168.1.1", "rtt": 0.4}]},
        {"hop": 2, "result": [{"from": "192.0.2.1", "rtt": 31.0}, {"x": "*"}, {"from": "192.0.2.1", "rtt": 30.0}]},
    ],
}  # fmt: skip
SSLCERT = {"type": "sslcert", "from": "203.0.113.9", "dst_addr": "192.0.2.1", "timestamp": 950, "ttc": 18.0, "rt": 40.0}


def test_results_of_ripe_atlas_are_the_shortest_round_trips_of_their_probes_networks():
    lost = PING | {"result": [{"x": "*"}]}
    astray = TRACEROUTE | {"result": [{"hop": 1, "result": [{"from": "192.168.1.1", "rtt": 0.4}]}]}
    results = [PING, TRACEROUTE, SSLCERT, lost, astray, {"type": "dns", "from": "203.0.113.1"}]
    expected = [
        ("2001:db8:7::/48", "192.0.2.1", 30.0, 900.0),
        ("203.0.113.0/24", "192.0.2.1", 18.0, 950.0),
        ("203.0.113.0/24", "192.0.2.1", 20.5, 1000.0),
    ]

    for text in (json.dumps(results), "\n".join(map(json.dumps, results))):
        found = read(text, "ripe-atlas", None)
        assert [(each.client, each.target, each.rtt_ms, each.measured_s) for each in found] == expected
    assert {each.target for each in read(json.dumps(results), "ripe-atlas", "fra")} == {"fra"}


def test_lines_that_cannot_be_read_are_named():
    table = "client,target,rtt_ms,measured_s\n203.0.113.1,fra,ten,1000\nhalf,fra,10,1000\n203.0.113.1,,10,1000\n"
    with pytest.raises(MalformedLinesError) as malformed:
        read(table, "csv", None)
    lines = [error.split(": ")[:2] for error in malformed.value.errors]
    assert lines == [["line 2", "rtt_ms"], ["line 3", "client"], ["line 4", "target is missing"]]
    with pytest.raises(MalformedLinesError, match="line 2: this is not JSON"):
        read('{"client": "203.0.113.1", "target": "fra", "rtt_ms": 10, "measured_s": 1000}\n{', "jsonl", None)
    with pytest.raises(MalformedLinesError, match="line 1: this is no object"):
        read("7", "jsonl", None)


def test_the_command_says_what_counted_and_which_lines_did_not(client, secret, fra, tmp_path, monkeypatch):
    def through_the_client(_api, method, path, body, content_type, *, accept):
        headers = {"Authorization": f"Token {secret}", "Accept": accept}
        return client.generic(method, path, body, content_type, headers=headers).json()

    monkeypatch.setattr(rest.Api, "request", through_the_client)
    monkeypatch.setattr(rest.Api, "of", lambda _environment: rest.Api("http://web.test", secret))
    file, now_s = tmp_path / "rounds.csv", int(time.time())
    rows = [f"203.0.113.1,fra,34.5,{now_s}", f"203.0.113.1,nowhere,34.5,{now_s - 1}"]
    file.write_text("\n".join(["client,target,rtt_ms,measured_s", *rows]))

    ran = CliRunner().invoke(trafficmgr, ["measurements", "import", str(file), "--format", "csv"])

    assert ran.output.splitlines() == [
        "1 of 2 measurements counted",
        "  unknown_endpoint: 1",
        "line 3: target: No endpoint has this name, address or host name, or more than one has.",
    ]
    again = CliRunner().invoke(trafficmgr, ["measurements", "import", str(file), "--format", "csv", "--dry-run"])
    assert again.output.startswith("1 of 2 measurements would count")
    file.write_text("client,target,rtt_ms,measured_s\nhalf,fra,1,1\n")
    failed = CliRunner().invoke(trafficmgr, ["measurements", "import", str(file), "--format", "csv"])
    assert (failed.exit_code, "line 2: client" in failed.output) == (1, True)

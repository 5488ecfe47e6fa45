"""`python -m latency.adapter`: the protocol of docs/latency.md, through a process of its own."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from latency import adapter

ROOT = Path(__file__).parents[2]
PARIS = {"id": "par", "lat": 48.9, "lon": 2.4, "capacity_qph": 1000}
TOKYO = {"id": "tyo", "lat": 35.7, "lon": 139.7, "capacity_qph": None}
LYON = {"key": "10.0.7.0/24", "asn": 64500, "country": "FR", "lat": 45.8, "lon": 4.8}
SETUP = {"op": "setup", "seed": 0, "regions": [PARIS, TOKYO], "clients": [LYON]}
CHOOSE = {"op": "choose", "t": 1000, "client": LYON["key"]}


def observe(rtt_ms: object = 25.0, region: object = "par", t: object = 1000) -> dict[str, object]:
    return {"op": "observe", "t": t, "client": LYON["key"], "region": region, "rtt_ms": rtt_ms}


def converse(*messages: object) -> tuple[list[dict[str, object]], list[str], int]:
    """Replies, complaints, exit code."""
    lines = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in messages) + "\n"
    done = subprocess.run(
        [sys.executable, "-m", "latency.adapter"], cwd=ROOT, input=lines, capture_output=True, text=True, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.splitlines(), done.returncode


def converse_here(*messages: object) -> tuple[list[dict[str, object]], list[str], int]:
    """The same within this process."""
    lines = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in messages)
    replies, complaints = io.BytesIO(), io.StringIO()
    code = adapter.converse(io.BytesIO(lines.encode()), replies, complaints)
    return [json.loads(line) for line in replies.getvalue().splitlines()], complaints.getvalue().splitlines(), code


def test_a_process_names_the_wrong_line_and_goes_on():
    replies, complaints, code = converse(SETUP, observe(-1), CHOOSE)

    assert complaints == ["line 2: rtt_ms: Input should be greater than 0"]
    assert (len(replies), code) == (2, 1)


def test_the_nearest_region_is_chosen_until_observations_say_otherwise():
    slow = [observe(300.0, t=2000 + second) for second in range(20)]
    fast = [observe(30.0, "tyo", 2000 + second) for second in range(20)]

    replies, complaints, code = converse(
        SETUP, CHOOSE, *slow, *fast, {**CHOOSE, "t": 2100}, {"op": "bye"}, "never read"
    )

    assert replies == [{"ok": True}, {"region": "par", "explored": False}, {"region": "tyo", "explored": False}]
    assert (complaints, code) == ([], 0)


def test_any_location_may_be_null_and_clients_may_be_new():
    regions = [{"id": 7, "lat": None, "lon": None, "capacity_qph": None}, {"id": 8}]
    clients = [{"key": "a", "asn": None, "country": None, "lat": None, "lon": None}, {"key": "b", "country": "FR"}]
    seen = [{"op": "observe", "t": 1, "client": "new", "region": 8, "rtt_ms": 9.5}] * 3
    asked = [{"op": "choose", "t": 2, "client": client} for client in ("a", "b", "new")]

    replies, _, code = converse({"op": "setup", "regions": regions, "clients": clients}, *seen, *asked)

    assert code == 0
    assert replies[-1]["region"] == 8
    assert all(reply["region"] in (7, 8) for reply in replies[1:])


def test_a_full_region_is_left():
    full = {"op": "load", "t": 1001, "util": {"par": 2.0, "tyo": None}}

    replies, _, _ = converse(SETUP, CHOOSE, full, {**CHOOSE, "t": 1002})

    assert [reply["region"] for reply in replies[1:]] == ["par", "tyo"]


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (observe(-1), "line 2: rtt_ms: Input should be greater than 0"),
        (observe("fast"), "line 2: rtt_ms: Input should be a valid number"),
        (observe(region="mars"), "line 2: region: 'mars' is no region of setup"),
        ('{"op":"observe","t":1,"client":"a","region":"par","rtt_ms":NaN}', "line 2: rtt_ms: "),
        ({"op": "observe", "t": 1, "client": "a", "region": "par"}, "line 2: rtt_ms: Field required"),
        ({"op": "load", "t": 1, "util": {"mars": 1}}, "line 2: util.mars: is no region of setup"),
        ({"op": "fly"}, "line 2: op: "),
        ("{", "line 2: line: Invalid JSON"),
    ],
)
def test_a_wrong_line_is_named_and_changes_nothing(message, complaint):
    replies, complaints, code = converse_here(SETUP, message, CHOOSE)

    assert complaints[0].startswith(complaint)
    assert (len(complaints), code) == (1, 1)
    assert replies == [{"ok": True}, {"region": "par", "explored": False}]


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({**CHOOSE, "t": None}, "line 1: t: Input should be a valid number"),
        (CHOOSE, "line 1: op: comes before setup"),
        ({**SETUP, "regions": []}, "line 1: regions: List should have at least 1 item"),
        ({**SETUP, "regions": [PARIS, PARIS]}, "line 1: regions.1.id: 'par' is there twice"),
        ({**SETUP, "clients": [{**LYON, "lat": 91}]}, "line 1: clients.0.lat: Input should be less than"),
    ],
)
def test_who_waits_for_a_reply_gets_the_complaint(message, complaint):
    (reply,), complaints, _ = converse_here(message)

    assert str(reply["error"]).startswith(complaint)
    assert complaints == [reply["error"]]


def test_in_a_long_conversation_every_choice_is_answered():
    chance = random.Random(1)
    clients = [{**LYON, "key": f"10.1.{number}.0/24", "lat": chance.uniform(-50, 60)} for number in range(250)]
    regions = [{"id": number, "lat": chance.uniform(-40, 60), "lon": chance.uniform(-180, 180)} for number in range(12)]
    messages: list[object] = [{"op": "setup", "seed": 0, "regions": regions, "clients": clients}]
    for second in range(2500):
        client = clients[second % 250]["key"]
        messages.append({"op": "choose", "t": second, "client": client})
        for _ in range(3):
            rtt_ms, region = chance.uniform(20, 200), chance.randrange(12)
            messages.append({"op": "observe", "t": second, "client": client, "region": region, "rtt_ms": rtt_ms})

    replies, complaints, _ = converse(*messages)

    assert complaints == []
    assert {reply["region"] for reply in replies[1:]} <= set(range(12))
    assert len(replies) == 2501

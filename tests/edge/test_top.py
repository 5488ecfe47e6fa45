"""`trafficmgr edge top`: frames that fit, numbers that hold, keys that work over a terminal of its own."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import time
from typing import Any

import pytest

from edge.metrics import BOUNDS_S, exposition
from edge.metrics_listener import MetricsListener
from edge.top.frame import frame
from edge.top.reading import Interval, Reading, UnreadableError, fetch, read
from tests.edge.conftest import eventually
from tests.edge.test_metrics import FRA, IAD, answers, condition, counters, listener

URL = "http://127.0.0.1:9153/metrics"
TOP = [sys.executable, "-m", "trafficmgr", "edge", "top"]


def reading(at_s: float, counted: Any, **fields: Any) -> Reading:
    return read(exposition(counted, condition(**fields)).decode(), at_s)


def second(number: int) -> Any:
    """The counters of an edge after so many seconds of the same traffic."""
    latency = [0] * len(BOUNDS_S)
    latency[0], latency[10] = 990 * number, 10 * number
    return counters(
        answers=[
            answers(FRA, 700 * number),
            answers(IAD, 300 * number, country="US"),
            answers(0, 1000 * number, policy=0, country="", rcode=3),
        ],
        listeners=[listener(queries=2010 * number, dropped=10 * number, latency=latency)],
    )


@pytest.fixture
def interval():
    return Interval(reading(100.0, second(10)), reading(102.0, second(12)))


def test_a_frame_says_rates_shares_latency_and_how_the_edge_is(interval):
    text = "\n".join(frame(interval, URL, 80, 24))

    assert "generation 3 made 2 s ago   health 7 heard 0 s ago   feed followed" in text
    assert "queries/s  2,010" in text
    assert "NXDOMAIN 1,000   NOERROR 1,000" in text or "NOERROR 1,000   NXDOMAIN 1,000" in text
    assert "dropped 10 " in text
    assert ["www", "fra-1", "700", "70%", "DE", "700"] in [line.split() for line in text.splitlines()]
    assert ["www", "11", "(gone)", "300", "30%", "US", "300"] in [line.split() for line in text.splitlines()]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (200, 60)])
def test_a_frame_fits_its_terminal(width, height):
    many = counters(
        answers=[answers(number, number, country=f"{chr(65 + number % 26)}X") for number in range(1, 300)],
        listeners=[listener(queries=1)],
    )
    names = {number: f"an-endpoint-with-a-long-name-{number}" for number in range(1, 300)}
    shown = Interval(reading(0.0, counters()), reading(1.0, many, endpoints=names))
    lines = frame(shown, URL, width, height)

    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_percentiles_are_those_of_the_interval_alone(interval):
    assert interval.percentile_s("trafficmgr_latency_seconds", 0.5) <= 1.024e-6
    assert 24.576e-6 <= interval.percentile_s("trafficmgr_latency_seconds", 0.999) <= 32.768e-6
    before = interval.before
    assert Interval(before, before).percentile_s("trafficmgr_latency_seconds", 0.5) is None


def test_an_edge_that_was_restarted_shows_what_it_did_since():
    restarted = Interval(reading(100.0, second(1000)), reading(101.0, second(1)))
    assert restarted.rate("trafficmgr_queries_total") == 2010


def test_an_edge_that_is_away_from_its_feed_is_plain_to_see():
    alone = reading(0.0, counters(), in_contact=False, health_age_s=7200.0)
    text = "\n".join(frame(Interval(alone, alone), URL, 80, 24))
    assert "heard 2 h ago   feed AWAY, serving on" in text


def test_what_is_no_page_of_metrics_is_refused():
    with pytest.raises(UnreadableError, match="not metrics"):
        read("<html>", 0.0)
    with pytest.raises(UnreadableError, match=r"^http://127\.0\.0\.1:1/metrics: .*refused"):
        fetch("http://127.0.0.1:1/metrics", 0.0)


@pytest.fixture
async def url():
    began = time.monotonic()

    def page() -> bytes:
        return exposition(second(1 + int(10 * (time.monotonic() - began))), condition())

    listening = MetricsListener("127.0.0.1:0", page, lambda: True)
    serving = asyncio.create_task(listening.serve())
    await eventually(lambda: listening.address is not None, "it listens")
    yield f"http://{listening.address}/metrics"
    serving.cancel()
    await asyncio.wait([serving])


async def test_once_prints_one_frame_for_programs(url):
    done = await asyncio.to_thread(
        subprocess.run, [*TOP, "--once", "--interval", "0.2", "--url", url], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"edge {url}")
    assert "fra-1" in done.stdout
    assert "\x1b" not in done.stdout


async def test_an_edge_that_does_not_answer_is_an_error_that_names_it():
    done = await asyncio.to_thread(
        subprocess.run, [*TOP, "--once", "--url", "http://127.0.0.1:1/metrics"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


async def test_it_draws_on_a_terminal_until_q(url):
    code, drawn = await asyncio.to_thread(in_a_terminal, [*TOP, "--interval", "0.1", "--url", url], b"q")

    assert code == 0
    assert "fra-1" in drawn
    assert drawn.count(f"edge {url}") > 1, "it draws again"
    assert drawn.endswith("\x1b[?1049l"), "the terminal is as it was"


def in_a_terminal(command: list[str], key: bytes) -> tuple[int, str]:
    """Run it, press the key when some frames were drawn, and return its exit code and all it drew."""
    ours, theirs = pty.openpty()
    drawn = b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        is_pressed = False
        while octets := read_some(ours):
            drawn += octets
            if drawn.count(b"edge http") > 3 and not is_pressed:
                is_pressed = bool(os.write(ours, key))
        code = process.wait()
    os.close(ours)
    return code, drawn.decode()


def read_some(terminal: int) -> bytes:
    """Nothing: the other end is closed, or silent for long."""
    if not select.select([terminal], [], [], 30)[0]:
        return b""
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that it is closed
        return b""

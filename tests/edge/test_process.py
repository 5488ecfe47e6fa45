"""The edge as a process: it comes up from its disk, goes down when told, and says why it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import dns.message
import dns.query
import pytest

from common.addresses import split_address
from edge.store import Store
from responder import Manifest
from tests.edge.conftest import ORIGIN, a_free_address, a_world
from tests.edge.processes import EdgeProcess


@pytest.fixture
def home(tmp_path):
    world = a_world(3, "192.0.2.1")
    Store(tmp_path).keep(Manifest(world.manifest()), world.chunks())
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(home, number):
    with EdgeProcess(home, "127.0.0.1:0") as edge:
        edge.says("serving generation 3")
        edge.process.send_signal(number)
        status, errors = edge.ends()

    assert status == 0
    assert "stopped" in errors
    assert "Traceback" not in errors


def test_an_address_that_is_taken_is_named(home):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with EdgeProcess(home, address) as edge:
            status, errors = edge.ends()

    assert status == 1
    assert address in errors
    assert "Traceback" not in errors


def test_a_second_one_on_the_same_directory_says_what_to_do(home):
    with EdgeProcess(home, "127.0.0.1:0") as edge:
        edge.says("serving generation 3")
        with EdgeProcess(home, "127.0.0.1:0") as second:
            status, errors = second.ends()

    assert status == 1
    assert "--take-over" in errors
    assert "Traceback" not in errors


def test_one_that_is_killed_leaves_nothing_that_keeps_the_next_from_starting(home):
    for _ in range(2):
        with EdgeProcess(home, "127.0.0.1:0") as edge:
            edge.says("serving generation 3")


def test_sigusr2_has_it_become_what_is_installed_now_and_stay_the_same_process(home):
    address = a_free_address()
    with EdgeProcess(home, address) as edge:
        edge.says("serving generation 3")
        for _ in range(2):
            edge.process.send_signal(signal.SIGUSR2)
            edge.says("stands in meanwhile")
            edge.says("taken over")
            edge.says("taken over")
            edge.says("has taken over")  # so says the deputy, in the end
            assert www_at(address) == "192.0.2.1"
        edge.process.send_signal(signal.SIGTERM)
        status, errors = edge.ends()

    assert status == 0
    assert "stopped" in errors


@pytest.mark.parametrize(("number", "ended"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
@pytest.mark.parametrize("moment", ["stands in meanwhile", "taken over"])
def test_whatever_ends_it_while_it_renews_itself_ends_its_deputy_too(home, moment, number, ended):
    with EdgeProcess(home, "127.0.0.1:0") as edge:
        edge.says("serving generation 3")
        edge.process.send_signal(signal.SIGUSR2)
        edge.says(moment)
        edge.process.send_signal(number)
        status, _ = edge.ends()  # of both: they log to the same pipe

    assert status == ended
    with EdgeProcess(home, "127.0.0.1:0") as edge:
        edge.says("serving generation 3")


def test_one_that_cannot_become_what_is_installed_now_stands_by_its_deputy(home, tmp_path):
    address = a_free_address()
    once = tmp_path / "once"
    once.write_text(f'#!/bin/sh\nrm "$0"\nexec {sys.executable} "$@"\n')
    once.chmod(0o700)
    with EdgeProcess(home, address, python=str(once)) as edge:
        edge.says("serving generation 3")
        edge.process.send_signal(signal.SIGUSR2)
        edge.says("the deputy goes on: mend it")
        assert www_at(address) == "192.0.2.1"
        edge.process.send_signal(signal.SIGTERM)
        status, errors = edge.ends()

    assert status == 0
    assert "stopped" in errors


def www_at(address: str) -> str:
    host, port = split_address(address)
    answer = dns.query.udp(dns.message.make_query(f"www.{ORIGIN}", "A"), host, port=port, timeout=5)
    return str(answer.answer[0][0])


def test_it_runs_without_django_celery_and_psycopg(home):
    forbidden = (
        "import sys; import edge.main; print([name for name in ('django', 'celery', 'psycopg') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", forbidden], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"

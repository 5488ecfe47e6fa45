"""Ports that are handed out."""

from __future__ import annotations

import random
import socket
import subprocess
import sys

import pytest

from common import ports
from common.ports import LOOPBACK, free_port, is_free


def test_no_outgoing_connection_is_given_a_port_that_was_handed_out():
    first, last = map(int, ports.EPHEMERAL_RANGE.read_text().split())
    handed_out = [free_port() for _ in range(100)]
    assert not any(first <= port <= last for port in handed_out)
    assert all(is_free(f"{LOOPBACK}:{port}") for port in handed_out[-1:])


@pytest.fixture
def offer(monkeypatch):
    """Has a port be chosen first; by chance after it."""

    def first(port: int) -> None:
        offered, by_chance = iter([port]), random.choice
        monkeypatch.setattr(random, "choice", lambda ports: next(offered, None) or by_chance(ports))

    return first


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_is_taken_over_either_transport_is_not_handed_out(kind, offer):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((LOOPBACK, 0))
        number = taken.getsockname()[1]
        offer(number)
        assert free_port() != number


def test_a_port_is_not_handed_out_twice(offer):
    number = free_port()
    assert is_free(f"{LOOPBACK}:{number}")
    offer(number)
    assert free_port() != number


ANOTHER_PROCESS = """import random, sys
from common.ports import free_port
offered, by_chance = iter([int(sys.argv[1])]), random.choice
random.choice = lambda ports: next(offered, None) or by_chance(ports)
print(free_port())"""


def test_nor_is_it_by_another_process():
    number = free_port()
    asked = [sys.executable, "-c", ANOTHER_PROCESS, str(number)]
    theirs = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert int(theirs) != number


def test_where_the_kernel_says_no_range_a_port_is_free_all_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(ports, "EPHEMERAL_RANGE", tmp_path / "missing")
    assert is_free(f"{LOOPBACK}:{free_port()}")

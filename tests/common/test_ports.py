"""Ports that are handed out."""

from __future__ import annotations

import random
import socket

import pytest

from common import ports
from common.ports import LOOPBACK, free_port, is_free


def test_no_outgoing_connection_is_given_a_port_that_was_handed_out():
    first, last = map(int, ports.EPHEMERAL_RANGE.read_text().split())
    handed_out = [free_port() for _ in range(100)]
    assert not any(first <= port <= last for port in handed_out)
    assert all(is_free(f"{LOOPBACK}:{port}") for port in handed_out[-1:])


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_is_taken_over_either_transport_is_not_handed_out(kind, monkeypatch):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((LOOPBACK, free_port()))
        number = taken.getsockname()[1]
        offered = iter([number, ports.FIRST_PORT])
        monkeypatch.setattr(random, "choice", lambda _ports: next(offered))
        assert free_port() != number


def test_where_the_kernel_says_no_range_a_port_is_free_all_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(ports, "EPHEMERAL_RANGE", tmp_path / "missing")
    assert is_free(f"{LOOPBACK}:{free_port()}")

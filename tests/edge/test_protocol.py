"""How a node speaks DNS: its cookie secret, and what it says when the feed is away."""

from __future__ import annotations

import os

import dns.message
import dns.query

from edge.protocol import Protocol
from edge.serving import Options, Serving
from responder import Server
from tests.edge.conftest import a_world


def random_octets(count: int) -> bytes:
    return bytes(range(count))


def test_a_cookie_secret_is_made_once_and_for_the_owner_alone(tmp_path):
    home = tmp_path / "edge"
    made = Protocol().with_secret_in(home, random_octets).cookie_secrets

    assert made == (bytes(range(16)),)
    assert Protocol().with_secret_in(home, os.urandom).cookie_secrets == made
    assert (home / "cookie.secret").stat().st_mode & 0o777 == 0o600


def test_a_damaged_cookie_secret_is_made_anew(tmp_path):
    (tmp_path / "cookie.secret").write_bytes(b"half")

    assert Protocol().with_secret_in(tmp_path, random_octets).cookie_secrets == (bytes(range(16)),)


def test_shared_cookie_secrets_are_used_alone(tmp_path):
    shared = Protocol(cookie_secrets=(b"s" * 16, b"t" * 16))

    assert shared.with_secret_in(tmp_path, os.urandom) == shared
    assert list(tmp_path.iterdir()) == []


def test_answers_say_that_they_are_stale_while_the_feed_is_away():
    serving = Serving(["127.0.0.1:0"], options=Options(protocol=Protocol(stale_after_s=60)))
    serving.serve(a_world(1, "192.0.2.1").open())
    told = []
    for without_contact_s in (60, 61, 3600, 0):
        serving.tell_age(without_contact_s)
        told.append([int(option.code) for option in an_answer(serving).options])
    serving.stop()

    assert told == [[], [3], [3], []]


class NarrowServer:
    """A server where the kernel gives little."""

    receive_buffer = (212_992, 4_194_304)

    def __init__(self, *arguments, **options) -> None:
        self._server = Server(*arguments, **options)

    def __getattr__(self, name: str):
        return getattr(self._server, name)


def test_a_receive_buffer_that_is_too_small_is_told_with_what_to_do(monkeypatch, caplog):
    monkeypatch.setattr("edge.serving.Server", NarrowServer)
    serving = Serving(["127.0.0.1:0"])
    serving.serve(a_world(1, "192.0.2.1").open())
    serving.stop()

    assert "beyond 212992 octets at a socket are lost: for 4194304, set the sysctl net.core.rmem_max" in caplog.text


def an_answer(serving: Serving) -> dns.message.Message:
    host, _, port = serving.addresses[0].rpartition(":")
    return dns.query.udp(dns.message.make_query("www.demo.test.", "A", use_edns=0), host, port=int(port), timeout=5)

"""What holds of many dialogues on one poller, beside what test_probes.py has each of them do."""

import asyncio
import errno
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from healthchecks.probes import Dialogue, Outcome, Peer, read_options
from healthchecks.probes.base import Seen
from healthchecks.probes.polling import EVENTS_AT_ONCE, Poller
from tests.healthchecks.servers import PLENTY_S, SHORT_S, answering, http, serving, silent


@pytest.fixture
async def poller() -> AsyncIterator[Poller]:
    poller = Poller(asyncio.get_running_loop(), allow_private=True)
    yield poller
    poller.close()


def begun(
    poller: Poller, port: int, timeout_s: float = PLENTY_S, dialogue: Dialogue | None = None
) -> asyncio.Future[Any]:
    """An HTTP probe unless there is a `dialogue`; what comes of it."""
    outcome: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
    peer = Peer("127.0.0.1", port, "127.0.0.1", timeout_s)
    made = read_options("http", {}).dialogues(peer)
    assert made
    poller.begin(peer, dialogue or made(), outcome.set_result)
    return outcome


async def test_more_dialogues_than_are_looked_at_at_once_all_end(poller: Poller) -> None:
    async with serving(answering(http(200))) as port:
        outcomes = await asyncio.gather(*(begun(poller, port) for _ in range(2 * EVENTS_AT_ONCE)))
    assert {outcome.cause for outcome in outcomes} == {"status 200"}


async def test_one_that_hangs_delays_no_other(poller: Poller) -> None:
    async with serving(silent) as hanging, serving(answering(http(200))) as port:
        slow = begun(poller, hanging)
        assert (await begun(poller, port)).succeeded
        assert not slow.done()


async def test_what_came_in_time_counts_however_late_it_is_looked_at(poller: Poller) -> None:
    """A vantage that stood still invents no failures."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        outcome = begun(poller, listener.getsockname()[1], SHORT_S)
        connection, _ = listener.accept()
        connection.sendall(http(200))
        time.sleep(2 * SHORT_S)  # noqa: ASYNC251 - this process stands still
        assert (await outcome).succeeded
        connection.close()


class Faulty(Dialogue):
    sends = b"GET / HTTP/1.1\r\n\r\n"

    def received(self, _octets: bytes) -> Seen | None:
        raise ZeroDivisionError

    def closed(self) -> Seen:
        raise ZeroDivisionError


async def test_a_dialogue_with_a_fault_says_nothing_and_stops_no_other(
    poller: Poller, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(answering(http(200))) as port:
        faulty, well = begun(poller, port, dialogue=Faulty()), begun(poller, port)
        assert (await well).succeeded
        assert await faulty is None
    assert "ZeroDivisionError" in caplog.text


async def test_a_machine_without_sockets_left_says_nothing(poller: Poller, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_arguments: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", exhausted)
        outcome = begun(poller, 9)
    assert await outcome is None


async def test_nothing_is_kept_of_dialogues_that_are_over(poller: Poller) -> None:
    async with serving(answering(http(200))) as port:
        await asyncio.gather(*(begun(poller, port) for _ in range(10)))
    assert len(poller) == 0


async def test_a_private_address_is_not_connected_to_unless_allowed() -> None:
    poller = Poller(asyncio.get_running_loop(), allow_private=False)
    outcome = await begun(poller, 9)
    poller.close()
    assert "is not a public address" in outcome.cause

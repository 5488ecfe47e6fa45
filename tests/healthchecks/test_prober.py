"""The prober against real servers, with a database and a clock in the test's hands."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from django.db import OperationalError

from healthchecks.beliefs import VantageChange
from healthchecks.certificates import CertificateChange
from healthchecks.prober import Database, Prober
from healthchecks.probes import Target, read_options
from healthchecks.state import State
from healthchecks.targets import ProbeTarget
from tests.healthchecks.certificates import DAY, Authority
from tests.healthchecks.servers import PLENTY_S, answering, http, serving, silent
from tests.healthchecks.waiting import wait_until

INTERVAL_S = 1.0


@dataclass
class World:
    """What the prober finds declared, what it has reported, and the time it believes it is."""

    targets: list[ProbeTarget] = field(default_factory=list)
    recorded: list[VantageChange] = field(default_factory=list)
    certificates: list[CertificateChange] = field(default_factory=list)
    away: bool = False
    version: int = 0
    now_s: float = 1000.0

    def database(self) -> Database:
        return Database(
            version=self._version,
            targets=self._targets,
            record=self._record,
            record_certificates=self._record_certificates,
        )

    def declare(self, *targets: ProbeTarget) -> None:
        self.targets = list(targets)
        self.version += 1

    def states(self) -> list[tuple[int, State]]:
        return [(change.assignment_id, change.state) for change in self.recorded]

    def _version(self) -> str:
        self._reachable()
        return str(self.version)

    def _targets(self) -> list[ProbeTarget]:
        self._reachable()
        return self.targets

    def _record(self, changes: Sequence[VantageChange]) -> None:
        self._reachable()
        self.recorded += changes

    def _record_certificates(self, changes: Sequence[CertificateChange]) -> None:
        self._reachable()
        self.certificates += changes

    def _reachable(self) -> None:
        if self.away:
            raise OperationalError("connection refused")


def target(port: int, assignment: int = 1, **changes: object) -> ProbeTarget:
    plain = ProbeTarget(
        assignment_id=assignment,
        family=4,
        vantage_id=1,
        probe=read_options("http", {}),
        target=Target("127.0.0.1", port, PLENTY_S),
        interval_ms=int(INTERVAL_S * 1000),
        rise=1,
        fall=1,
        believed=State.UNKNOWN,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


Ticker = Callable[[], None]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def tick(world: World) -> AsyncIterator[Ticker]:
    """Ticks an interval later than the last time: every target is due."""
    prober = Prober(world.database(), allow_private=True, clock=lambda: world.now_s)

    def tick() -> None:
        world.now_s += INTERVAL_S
        prober.tick()

    yield tick
    await asyncio.to_thread(prober.close)


async def ticking(tick: Ticker, until: Callable[[], object], what: str) -> None:
    """Tick until something holds."""

    def wait() -> None:
        def ticked() -> object:
            tick()
            return until()

        wait_until(ticked, what)

    await asyncio.to_thread(wait)


async def test_a_target_comes_up_and_goes_down(world: World, tick: Ticker) -> None:
    async with serving(answering(http(200))) as port:
        world.declare(target(port))
        await ticking(tick, lambda: world.states() == [(1, State.UP)], "up")
    await ticking(tick, lambda: world.states() == [(1, State.UP), (1, State.DOWN)], "down")
    # Reset: a server that closes drops what it has not accepted yet.
    assert world.recorded[-1].cause in {"connection refused", "connection reset"}


async def test_only_changes_are_recorded(world: World, tick: Ticker) -> None:
    seen: list[bytes] = []
    async with serving(answering(http(200), seen)) as port:
        world.declare(target(port))
        await ticking(tick, lambda: len(seen) >= 10, "ten probes")
    assert world.states()[:1] == [(1, State.UP)]
    assert world.states().count((1, State.UP)) == 1


async def test_a_restarted_prober_goes_on_from_what_is_stored(world: World, tick: Ticker) -> None:
    seen: list[bytes] = []
    async with serving(answering(http(200), seen)) as port:
        world.declare(target(port, believed=State.UP))
        await ticking(tick, lambda: len(seen) >= 3, "three probes")
        assert world.recorded == []


async def test_a_burst_of_ticks_probes_once(world: World) -> None:
    seen: list[bytes] = []
    prober = Prober(world.database(), allow_private=True, clock=lambda: world.now_s)
    async with serving(answering(http(200), seen)) as port:
        world.declare(target(port))
        await asyncio.to_thread(prober.tick)
        world.now_s += 60
        for _late in range(50):
            await asyncio.to_thread(prober.tick)
        await asyncio.to_thread(wait_until, lambda: world.recorded, "the probe")
        await asyncio.to_thread(prober.close)
    assert len(seen) == 1


async def test_a_target_that_hangs_is_not_probed_twice_at_once_and_delays_no_other(world: World, tick: Ticker) -> None:
    hanging: list[object] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.append(writer)
        await silent(reader, writer)

    seen: list[bytes] = []
    async with serving(hang) as hanging_port, serving(answering(http(200), seen)) as port:
        world.declare(target(hanging_port, 1), target(port, 2))
        await ticking(tick, lambda: len(seen) >= 5, "five probes of the other")
        assert len(hanging) == 1
        assert world.states() == [(2, State.UP)]


async def test_while_the_database_is_away_probing_goes_on_and_no_change_is_lost(world: World, tick: Ticker) -> None:
    async with serving(answering(http(200))) as port:
        world.declare(target(port))
        await ticking(tick, lambda: world.states() == [(1, State.UP)], "up")
        world.away = True
    seen: list[bytes] = []
    async with serving(answering(http(200), seen)) as other_port:
        world.away = False
        world.declare(target(port), target(other_port, 2, believed=State.UP))
        await ticking(tick, lambda: seen, "the new target")
        world.away = True
        count = len(seen)
        await ticking(tick, lambda: len(seen) > count + 3, "probes without a database")
        world.away = False
        await asyncio.to_thread(wait_until, lambda: world.states() == [(1, State.UP), (1, State.DOWN)], "the change")


async def test_a_target_that_is_no_longer_declared_is_left_alone(world: World, tick: Ticker) -> None:
    first: list[bytes] = []
    second: list[bytes] = []
    async with serving(answering(http(200), first)) as port, serving(answering(http(200), second)) as other_port:
        world.declare(target(port, 1))
        await ticking(tick, lambda: first, "the first target")
        world.declare(target(other_port, 2))
        await ticking(tick, lambda: second, "the second target")
        count = len(first)
        more = len(second) + 3
        await ticking(tick, lambda: len(second) >= more, "more of the second")
        assert len(first) == count


async def test_one_tick_that_waits_for_the_database_does_not_hold_up_the_others(world: World) -> None:
    seen: list[bytes] = []
    slow, stuck, free = threading.Event(), threading.Event(), threading.Event()

    def version() -> str:
        if slow.is_set():
            stuck.set()
            free.wait()
        return str(world.version)

    async with serving(answering(http(200), seen)) as port:
        world.declare(target(port, interval_ms=250))
        database = replace(world.database(), version=version)
        prober = Prober(database, allow_private=True, clock=lambda: world.now_s)

        def tick() -> None:
            world.now_s += INTERVAL_S
            prober.tick()

        await ticking(tick, lambda: seen, "the first probe")
        slow.set()
        waiting = threading.Thread(target=tick)
        waiting.start()
        await asyncio.to_thread(stuck.wait)
        count = len(seen)
        await ticking(tick, lambda: len(seen) >= count + 3, "probes meanwhile")
        free.set()
        await asyncio.to_thread(waiting.join)
        await asyncio.to_thread(prober.close)


async def test_a_certificate_is_told_when_it_is_another_one(world: World, tick: Ticker, authority: Authority) -> None:
    seen: list[bytes] = []
    https = read_options("https", {"verify_certificate": False})
    first, second = authority.server("127.0.0.1", end=DAY), authority.server("127.0.0.1", end=90 * DAY)
    async with serving(answering(http(200), seen), first) as port:
        world.declare(target(port, probe=https))
        await ticking(tick, lambda: len(seen) > 3, "some probes")
        assert len(world.certificates) == 1
    async with serving(answering(http(200), seen), second) as port:
        world.declare(target(port, probe=https))
        await ticking(tick, lambda: len(world.certificates) == 2, "the other certificate")
    assert world.certificates[0].certificate.not_after < world.certificates[1].certificate.not_after
    assert world.certificates[1].certificate.problem == "unable to get local issuer certificate"


async def test_no_answer_says_nothing_about_the_certificate(world: World, tick: Ticker, authority: Authority) -> None:
    https = read_options("https", {"verify_certificate": False})
    async with serving(answering(http(200)), authority.server("127.0.0.1")) as port:
        world.declare(target(port, probe=https))
        await ticking(tick, lambda: world.certificates, "the certificate")
    await ticking(tick, lambda: world.states()[-1:] == [(1, State.DOWN)], "down")
    assert len(world.certificates) == 1

"""The prober against real servers, with a database and a clock in the test's hands."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from django.db import OperationalError

from healthchecks.beliefs import VantageChange
from healthchecks.budget import Overrun
from healthchecks.certificates import CertificateChange
from healthchecks.prober import Database, Prober
from healthchecks.probes import Target, read_options
from healthchecks.punctuality import Punctuality
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
    overruns: list[Sequence[Overrun]] = field(default_factory=list)
    beats: list[tuple[int, int]] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    certificates: list[CertificateChange] = field(default_factory=list)
    away: bool = False
    version: int = 0
    now_s: float = 1000.0

    def database(self) -> Database:
        return Database(
            version=self._version,
            targets=self._targets,
            record=self._record,
            note_overruns=self.overruns.append,
            resume=self._resume,
            beat=self._beat,
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

    def _resume(self) -> None:
        self._reachable()
        self.happened.append("resumed")

    def _beat(self, targets: int, punctual: Punctuality) -> None:
        self._reachable()
        self.beats.append((targets, punctual.lag_ms))
        # Ticks are an interval apart, and targets as late as their tick: but for a pause, which counts otherwise.
        self.happened.append("beat" if punctual.lag_ms >= INTERVAL_S * 1000 else "beat after a pause")

    def _record(self, changes: Sequence[VantageChange]) -> None:
        self._reachable()
        self.recorded += changes
        self.happened += [f"{change.state}" for change in changes]

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
    prober = Prober(world.database(), allow_private=True, ahead_ms=0, clock=lambda: world.now_s)

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
    # A server that closes resets what it has not accepted yet, and hangs up on what it has not answered yet.
    hung_up = "not an HTTP answer: connection closed"
    assert world.recorded[-1].cause in {"connection refused", "connection reset", hung_up}


async def test_what_is_there_with_the_first_targets_is_held_for_good_once(
    world: World, tick: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    monkeypatch.setattr("healthchecks.prober.hold_for_good", lambda: held.append(len(world.targets)))
    async with serving(answering(http(200))) as port:
        world.declare(target(port))
        await ticking(tick, lambda: world.states() == [(1, State.UP)], "up")
        world.declare(target(port), target(port, assignment=2))
        await ticking(tick, lambda: (2, State.UP) in world.states(), "the other is up")
    assert held == [1]


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
    prober = Prober(world.database(), allow_private=True, ahead_ms=0, clock=lambda: world.now_s)
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
        prober = Prober(database, allow_private=True, ahead_ms=0, clock=lambda: world.now_s)

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


async def test_two_checks_that_ask_the_same_are_one_probe_and_each_is_told(world: World) -> None:
    seen: list[bytes] = []
    prober = Prober(world.database(), allow_private=True, ahead_ms=0, clock=lambda: world.now_s)
    async with serving(answering(http(503), seen)) as port:
        world.declare(target(port, 1), target(port, 2, believed=State.UP), target(port, 3, fall=2))
        await asyncio.to_thread(prober.tick)
        world.now_s += INTERVAL_S
        await asyncio.to_thread(prober.tick)
        await asyncio.to_thread(wait_until, lambda: len(world.recorded) == 2, "two verdicts")
        await asyncio.to_thread(prober.close)
    assert {*world.states()} == {(1, State.DOWN), (2, State.DOWN)}
    assert len(seen) == 1


async def test_an_address_over_its_budget_is_probed_less_often_and_said_to_be(world: World) -> None:
    seen: list[bytes] = []
    budget = 1 / (4 * INTERVAL_S)
    prober = Prober(world.database(), allow_private=True, per_address_s=budget, ahead_ms=0, clock=lambda: world.now_s)
    async with serving(answering(http(200), seen)) as port:
        world.declare(target(port))
        ticks = 0

        def tick() -> None:
            nonlocal ticks
            ticks, world.now_s = ticks + 1, world.now_s + INTERVAL_S
            prober.tick()

        await ticking(tick, lambda: len(seen) >= 3, "three probes")
        await asyncio.to_thread(prober.close)
    assert ticks >= 8, "one in four ticks, from the first on"
    assert [one.factor for one in world.overruns[0]] == [pytest.approx(4)]
    assert len(world.overruns) == 1, "it is said once"


class TestHeartbeats:
    async def test_a_vantage_says_that_it_probes_how_much_and_how_late(self, world: World, tick: Ticker) -> None:
        async with serving(answering(http(200))) as port:
            world.declare(target(port, 1), target(port, 2))
            await ticking(tick, lambda: len(world.beats) >= 2, "two heartbeats")
        assert world.happened[0] == "resumed"
        assert {targets for targets, _late in world.beats} == {2}
        assert all(late >= INTERVAL_S * 1000 for _targets, late in world.beats[1:])

    async def test_after_a_pause_beliefs_are_taken_back_before_the_next_heartbeat(
        self, world: World, tick: Ticker
    ) -> None:
        async with serving(answering(http(200))) as port:
            # A probe that is under way may succeed after the pause: it alone must not make it up again.
            frequent, rare = target(port, 1, rise=2, fall=100), target(port, 2, interval_ms=3_600_000)
            world.declare(frequent, rare)
            await ticking(tick, lambda: len(world.recorded) == 2, "up")
            await ticking(tick, lambda: "beat" in world.happened, "a heartbeat")
        world.now_s += 60
        await ticking(tick, lambda: "beat after a pause" in world.happened, "a heartbeat after the pause")
        assert world.happened.index("unknown") < world.happened.index("beat after a pause")
        assert world.states()[2:] == [(1, State.UNKNOWN)], "the other missed no probe"
        assert world.recorded[2].cause == "not probed for 61 s"

    async def test_while_changes_wait_for_the_database_there_is_no_heartbeat(self, world: World, tick: Ticker) -> None:
        async with serving(answering(http(200))) as port:
            world.declare(target(port))
            await ticking(tick, lambda: world.beats, "a heartbeat")
        world.away = True
        beats = len(world.beats)
        for _tick in range(20):
            await asyncio.to_thread(tick)
        assert len(world.beats) == beats
        world.away = False
        await ticking(tick, lambda: len(world.beats) > beats, "a heartbeat again")
        assert world.happened.index("down") < len(world.happened) - 1 - world.happened[::-1].index("beat")


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

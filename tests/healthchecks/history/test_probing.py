"""Every outcome of a probe is counted, also those that change no belief."""

from __future__ import annotations

import asyncio

from healthchecks.prober import Prober
from healthchecks.targets import Key
from tests.healthchecks.servers import answering, http, serving
from tests.healthchecks.test_prober import World, target, ticking


async def test_each_outcome_is_told_to_history():
    world = World()
    observed: list[tuple[Key, bool]] = []
    prober = Prober(
        world.database(),
        allow_private=True,
        clock=lambda: world.now_s,
        observe=lambda key, outcome: observed.append((key, outcome.succeeded)),
    )

    def tick() -> None:
        world.now_s += 1
        prober.tick()

    async with serving(answering(http(200))) as port:
        world.declare(target(port, 7))
        await ticking(tick, lambda: len(observed) >= 3, "three outcomes")
    await ticking(tick, lambda: not observed[-1][1], "a failure")
    await asyncio.to_thread(prober.close)

    assert {key for key, _succeeded in observed} == {(7, 4, 1)}
    assert len(world.recorded) == 2, "up and down: of all else no row is written"

"""Turns of targets, by a clock in the test's hands."""

from collections import Counter
from dataclasses import dataclass

from healthchecks.turns import Turns


@dataclass(frozen=True)
class Named:
    key: str


FRA, IAD = Named("fra-1"), Named("iad-1")


def taken(turns: Turns[Named], now_s: float) -> list[str]:
    """Who is begun by now, and ends at once."""
    turns.come(now_s)
    names = []
    while turn := turns.take():
        names.append(turn.target.key)
        turns.ended(turn.target.key)
    return names


def test_turns_come_at_their_moments_in_their_order() -> None:
    turns: Turns[Named] = Turns()
    turns.add(2.0, FRA)
    turns.add(1.0, IAD)
    assert (turns.next_s(), taken(turns, 0.5)) == (1.0, [])
    assert taken(turns, 2.0) == ["iad-1", "fra-1"]
    assert (turns.next_s(), turns.left_out) == (None, 0)


def test_who_is_still_being_probed_loses_the_turn() -> None:
    turns: Turns[Named] = Turns()
    turns.add(1.0, FRA)
    turns.come(1.0)
    assert turns.take()
    turns.add(2.0, FRA)
    turns.come(2.0)
    assert (turns.take(), turns.left_out, turns.probed) == (None, 1, 1)


def test_a_probe_that_ends_a_moment_too_late_does_not_cost_the_next_one() -> None:
    turns: Turns[Named] = Turns()
    turns.add(1.0, FRA)
    turns.come(1.0)
    assert turns.take()
    turns.add(2.0, FRA, grace_s=0.05)
    turns.come(2.0)
    turns.ended("fra-1")
    assert taken(turns, 2.05) == ["fra-1"]
    assert turns.left_out == 0


def test_with_twice_as_much_to_do_as_can_be_done_every_target_is_probed_half_as_often() -> None:
    """A hundred targets a second, of which there is time for fifty; whoever is asked how late it is says so."""
    turns: Turns[Named] = Turns()
    targets = [Named(f"endpoint-{number}") for number in range(100)]
    probed: Counter[str] = Counter()
    seconds = 200
    for second in range(seconds):
        for position, target in enumerate(targets):
            turns.add(second + position / 100, target)
        for fiftieth in range(50):
            turns.come(second + fiftieth / 50)
            if turn := turns.take():
                probed[turn.target.key] += 1
                turns.ended(turn.target.key)
    assert set(probed) == {target.key for target in targets}
    assert max(probed.values()) - min(probed.values()) <= 2
    assert sum(probed.values()) == 50 * seconds - 1 or sum(probed.values()) == 50 * seconds
    assert turns.left_out >= 100 * seconds - 50 * seconds - 2 * len(targets)
    assert 0.5 <= turns.late_s(seconds) <= 3, "late by as long as it takes to probe all, and no later"

"""From the votes of vantages to a verdict (H3), from verdicts to the state of an endpoint. Pure.

A verdict depends on the votes alone, so it can be worked out again at any time and in any order:

* A vantage that has no belief yet has no vote, and one that is not well has none (wellness.py).
* Down when `quorum` votes say down; up with fewer. Without a quorum of its own, a check asks for more than half of the
  votes. A tie is up: it takes a majority to take an endpoint out of service.
* A check with a quorum waits for that many votes; until then the verdict stays what it was, at first unknown. A quorum
  above the number of vantages means all of them, so that no endpoint waits for votes that cannot come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from healthchecks.state import State


def verdict(votes: Iterable[State], *, quorum: int | None, vantages: int, current: State) -> State:
    """What the quorum believes, given the beliefs of the check's `vantages` vantages and the `current` verdict."""
    cast = [vote for vote in votes if vote is not State.UNKNOWN]
    if len(cast) < _votes_needed(quorum, vantages):
        return current
    return State.DOWN if cast.count(State.DOWN) >= _votes_for_down(quorum, vantages, len(cast)) else State.UP


def has_quorum(well: int, quorum: int | None, vantages: int) -> bool:
    """Whether so many well vantages of those that a check asks can decide, once they have an opinion."""
    return well >= _votes_needed(quorum, vantages)


def endpoint_state(verdicts: Collection[State]) -> State:
    """The state of an endpoint under all its enabled checks: one that is down takes it down, none at all leave it up.

    A check without a verdict yet has no say beside one that has: adding a check takes no endpoint out of service.
    """
    if not verdicts:
        return State.UP
    for state in (State.DOWN, State.UP):
        if state in verdicts:
            return state
    return State.UNKNOWN


def views(votes: Mapping[int, Collection[State]]) -> tuple[tuple[int, bool], ...]:
    """Of each vantage by its id, rising, whether the endpoint is up from there (H4); nothing while they all agree.

    Takes the beliefs of each vantage under all checks of the endpoint. From where one is down, the endpoint is.
    """
    seen = [(vantage, endpoint_state(cast)) for vantage, cast in sorted(votes.items()) if cast]
    views = tuple((vantage, state is State.UP) for vantage, state in seen if state is not State.UNKNOWN)
    return views if len({is_up for _vantage, is_up in views}) > 1 else ()


def _votes_needed(quorum: int | None, vantages: int) -> int:
    return 1 if quorum is None else max(1, min(quorum, vantages))


def _votes_for_down(quorum: int | None, vantages: int, cast: int) -> int:
    return cast // 2 + 1 if quorum is None else max(1, min(quorum, vantages))

"""What is kept of health, as the responder takes it."""

from __future__ import annotations

from healthchecks.opened import opened
from healthchecks.reading import HealthState


def test_vantages_that_disagree_are_opened_as_json_says_them():
    known = HealthState(7, [(1, 4, "up")], [], [(1, 4, True)], [(1, 4, [[2, True], [3, False]])])

    health = opened(known)
    assert (health.sequence, health.states) == (7, [(1, 4, "up")])

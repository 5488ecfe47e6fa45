"""The map that explanations go by is that of the moment they are about, and the newest of the present."""

from __future__ import annotations

from datetime import timedelta

import pytest

from latency.opened import Current, latencies_at
from latency.services import maps_since
from responder import LatencyMap
from tests.latency.test_turns import NOW, _nothing_learned, measure, ops, paris, tokyo, turn  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_past_moment_has_the_map_of_then_and_one_of_which_nothing_is_kept_an_empty_one(paris, tokyo):  # noqa: F811
    for number, client in enumerate(("203.0.113.0", "198.51.100.0", "192.0.2.0"), start=1):
        measure(paris, 22.0, client=client, at=NOW + timedelta(seconds=number))
        assert turn(number) == number

    found = [latencies_at(NOW + timedelta(seconds=seconds)) for seconds in (0, 1, 2.5, 60)]

    assert [(latency.sequence, latency.rows) for latency in found] == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_the_newest_map_is_kept_up_with_delta_by_delta(paris):  # noqa: F811
    current, asked = Current(), []
    assert current.get().sequence == 0
    for number in (1, 2):
        measure(paris, 22.0, client=f"203.0.{number}.0", at=NOW + timedelta(seconds=number))
        turn(number)
        asked.append((current.get().sequence, current.get().rows, len(maps_since(number))))

    assert asked == [(1, 1, 0), (2, 2, 0)]


def test_a_map_of_another_database_is_given_up_for_that_of_this_one(paris):  # noqa: F811
    current = Current()
    for number in (1, 2):
        measure(paris, 22.0, client=f"203.0.{number}.0", at=NOW + timedelta(seconds=number))
        turn(number)
    current._map = LatencyMap().apply(_numbered(maps_since(0)[0], 9))

    assert (current.get().sequence, current.get().rows) == (2, 2)


def _numbered(message: bytes, sequence: int) -> bytes:
    return message[:4] + sequence.to_bytes(8, "big") + message[12:]

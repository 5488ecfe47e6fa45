"""What edges were given is what the same turns give offline, and where it is not, it is found."""

from __future__ import annotations

from datetime import timedelta

import pytest

from latency.evaluation import mismatches, newest_parity
from latency.models import LatencyMap, LatencyParity
from latency.parity import DELTAS_SAMPLED, KEPT, check_parity, forget
from latency.versions import promote
from tests.latency.test_turns import NOW, OFFICE, measure, restart, turn
from tests.latency.test_versions import decided, proposed

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def learned(paris, tokyo):
    """Full maps of the turns 1 and 7, and deltas of those between."""
    for number in range(8):
        at = NOW + timedelta(seconds=100 * number)
        measure(paris, 22.0 + number, at=at)
        measure(tokyo, 190.0, client=OFFICE, at=at)
        if number == 3:
            restart()
        turn(100 * number)
    assert list(LatencyMap.objects.filter(base=0).values_list("sequence", flat=True)) == [1, 7]


def test_the_newest_full_map_and_a_sample_of_deltas_are_compared_to_the_octet(learned):
    found = check_parity(LATER, draw=0)

    assert (found.since_turn, found.until_turn, found.maps, found.mismatches) == (1, 7, 2, 0)  # 4 and 7
    contents = LatencyMap.objects.filter(sequence__in=(4, 7)).values_list("content", flat=True)
    assert found.octets == sum(len(bytes(content)) for content in contents)
    assert newest_parity() == found
    assert mismatches(LATER) == []


def test_any_draw_finds_the_same(learned):
    for draw in range(DELTAS_SAMPLED):
        assert check_parity(LATER, draw).mismatches == 0
        LatencyParity.objects.all().delete()


def test_a_map_is_compared_once(learned):
    assert check_parity(LATER, draw=0)
    assert check_parity(LATER, draw=1) is None


def test_a_promotion_between_is_followed(learned, paris):
    promote(decided(proposed(model={"half_life_s": 60})), None, LATER)
    turn(3600)

    found = check_parity(LATER, draw=0)
    assert (found.since_turn, found.until_turn, found.mismatches) == (7, 9, 0)


@pytest.mark.parametrize("sequence", [4, 7])
def test_a_map_that_is_another_one_is_an_alarm(learned, caplog, sequence):
    told = LatencyMap.objects.get(sequence=sequence)
    told.content = bytes(told.content)[:-1] + bytes([bytes(told.content)[-1] ^ 1])
    told.save()

    found = check_parity(LATER, draw=0)
    assert (found.mismatches, found.first_mismatch) == (1, sequence)
    assert f"the latency map {sequence} is another one" in caplog.text
    assert mismatches(LATER) == [found]
    assert mismatches(LATER + timedelta(days=2)) == []


def test_before_a_second_full_map_there_is_nothing_to_compare(paris):
    assert check_parity(NOW, draw=0) is None
    measure(paris, 22.0)
    turn()
    assert check_parity(NOW, draw=0) is None


def test_results_go_after_a_week(learned):
    check_parity(LATER, draw=0)

    assert forget(LATER + KEPT) == 0
    assert forget(LATER + KEPT + timedelta(seconds=1)) == 1

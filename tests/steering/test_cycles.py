import pytest
from hypothesis import given
from hypothesis import strategies as st

from steering.cycles import cycle_through, reachable

graphs = st.dictionaries(st.integers(0, 6), st.sets(st.integers(0, 6), max_size=3))


@pytest.mark.parametrize(
    ("fallbacks", "cycle"),
    [
        ({}, None),
        ({1: [2], 2: [3]}, None),
        ({1: [1]}, [1, 1]),
        ({1: [2], 2: [1]}, [1, 2, 1]),
        ({1: [2, 4], 2: [3], 3: [4], 4: [1]}, [1, 4, 1]),
        ({1: [2], 2: [3], 3: [2]}, None),
    ],
)
def test_the_shortest_way_back_is_found(fallbacks, cycle):
    assert cycle_through(1, fallbacks) == cycle


@given(graphs)
def test_there_is_a_cycle_exactly_if_a_policy_reaches_itself(fallbacks):
    beyond = set().union(*(reachable(following, fallbacks) for following in fallbacks.get(0, ())))
    assert (cycle_through(0, fallbacks) is not None) == (0 in beyond)

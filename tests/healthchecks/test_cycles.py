"""Nothing follows from itself."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from healthchecks.cycles import cycle_through, depth_below

graphs = st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=4), max_size=8)
acyclic = graphs.map(
    lambda graph: {node: [below for below in belows if below < node] for node, belows in graph.items()}
)


def test_the_shortest_way_around_is_named() -> None:
    assert cycle_through("a", {"a": ["b", "c"], "b": ["c"], "c": ["d"], "d": ["a"]}) == ["a", "c", "d", "a"]
    assert cycle_through("a", {"a": ["a"]}) == ["a", "a"]
    assert cycle_through("a", {"a": ["b"], "b": ["c"], "c": ["b"]}) == []


@given(graphs, st.integers(0, 7))
def test_what_is_found_is_a_way_around(graph: dict[int, list[int]], start: int) -> None:
    found = cycle_through(start, graph)
    if found:
        assert found[0] == found[-1] == start
        assert all(below in graph[node] for node, below in pairwise(found))


@given(acyclic, st.integers(0, 7))
def test_where_there_is_none_none_is_found_and_depth_is_the_longest_way(
    graph: dict[int, list[int]], start: int
) -> None:
    def longest(node: int) -> int:
        return max((1 + longest(below) for below in graph.get(node, [])), default=0)

    assert cycle_through(start, graph) == []
    assert depth_below(start, graph) == longest(start)

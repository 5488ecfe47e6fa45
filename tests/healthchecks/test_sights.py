"""What a calculated check is from each vantage: by its own votes, and by verdicts where it has none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthchecks.expression import Expression, Input, Not, evaluate, inputs_of
from healthchecks.expression_text import parse
from healthchecks.sights import Votes, from_vantages, over_families
from healthchecks.state import State
from tests.healthchecks.test_expression import NAMES, RANK, expressions, positive, states

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
EU, US = 3, 7

votes_of_vantages = st.dictionaries(st.integers(1, 5), st.sampled_from(State), max_size=4)
votes_on_inputs = st.dictionaries(
    st.sampled_from([Input(*name.split("@")) for name in NAMES]), votes_of_vantages, max_size=len(NAMES)
)
AllVotes = dict[Input, dict[int, State]]
Verdicts = dict[Input, State]

WEB, DATA = Input("web"), Input("db")


def test_a_vantage_goes_by_its_votes_and_by_verdicts_where_it_has_none() -> None:
    votes = {WEB: {EU: UP, US: DOWN}, DATA: {EU: UNKNOWN}}

    assert from_vantages(parse("web and db"), votes, {WEB: UP, DATA: UP}) == {EU: UP, US: DOWN}
    assert from_vantages(parse("web and db"), votes, {WEB: UP, DATA: DOWN}) == {EU: DOWN, US: DOWN}
    assert from_vantages(parse("web or db"), votes, {WEB: UP, DATA: UP}) == {EU: UP, US: UP}
    assert from_vantages(parse("web and db"), votes, {WEB: UP}) == {EU: UNKNOWN, US: DOWN}


def test_over_several_families_one_that_is_down_is_down() -> None:
    assert over_families([{EU: UP, US: UP}, {EU: DOWN}], [UP, UP]) == {EU: DOWN, US: UP}
    assert over_families([{EU: UNKNOWN}], [UP]) == {}


@given(expressions, states, st.sets(st.integers(1, 5), min_size=1))
def test_where_all_vantages_agree_with_the_verdicts_each_sees_the_verdict(
    expression: Expression, verdicts: Verdicts, vantages: set[int]
) -> None:
    votes = {one: dict.fromkeys(vantages, state) for one, state in verdicts.items()}
    seen = from_vantages(expression, votes, verdicts)

    assert set(seen.values()) <= {evaluate(expression, verdicts)}
    assert (seen.keys() == vantages) == any(verdicts[one] is not UNKNOWN for one in inputs_of(expression))


@given(st.sampled_from([WEB, DATA]), votes_on_inputs, states)
def test_one_input_alone_is_seen_as_it_is_voted_on(one: Input, votes: AllVotes, verdicts: Verdicts) -> None:
    opinions = {vantage: state for vantage, state in votes.get(one, {}).items() if state is not UNKNOWN}

    assert from_vantages(one, votes, verdicts) == opinions
    assert from_vantages(Not(one), votes, verdicts) == {
        vantage: DOWN if state is UP else UP for vantage, state in opinions.items()
    }


@given(expressions, votes_on_inputs, states, st.integers(1, 5))
def test_no_vantage_sees_what_another_one_votes(
    expression: Expression, votes: AllVotes, verdicts: Verdicts, vantage: int
) -> None:
    alone: dict[Input, Votes] = {
        one: {voter: state for voter, state in cast.items() if voter == vantage} for one, cast in votes.items()
    }
    all_see = from_vantages(expression, votes, verdicts)

    assert from_vantages(expression, alone, verdicts) == {
        voter: state for voter, state in all_see.items() if voter == vantage
    }


@given(positive, votes_on_inputs, states, st.integers(1, 5), st.sampled_from(NAMES))
def test_without_not_a_vote_that_turns_up_takes_nothing_down_from_there(
    expression: Expression, votes: AllVotes, verdicts: Verdicts, vantage: int, name: str
) -> None:
    turned = Input(*name.split("@"))
    down = {**votes, turned: {**votes.get(turned, {}), vantage: DOWN}}
    up = {**votes, turned: {**votes.get(turned, {}), vantage: UP}}
    before, after = from_vantages(expression, down, verdicts), from_vantages(expression, up, verdicts)

    assert before.keys() == after.keys()
    assert all(RANK[before[voter]] <= RANK[after[voter]] for voter in before)
    assert {voter: before[voter] for voter in before if voter != vantage} == {
        voter: after[voter] for voter in after if voter != vantage
    }

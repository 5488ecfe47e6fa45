"""What calculated checks ask for: read, written and evaluated."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.expression import AtLeast, Expression, Input, Not, evaluate, inputs_of, renamed, show
from healthchecks.expression_text import MAX_DEPTH, MAX_INPUTS, ExpressionError, parse
from healthchecks.state import State

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
NAMES = ["api", "db", "web", "web@fra-1", "2", "not", "of@and"]
RANK = {DOWN: 0, UNKNOWN: 1, UP: 2}

inputs = st.sampled_from(NAMES).map(lambda name: Input(*name.split("@")))
States = dict[Input, State]
states = st.fixed_dictionaries({Input(*name.split("@")): st.sampled_from(State) for name in NAMES})


def at_least(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    lists = st.lists(parts, min_size=2, max_size=4)
    return lists.flatmap(lambda of: st.builds(AtLeast, st.integers(1, len(of)), st.just(tuple(of))))


positive = st.recursive(inputs, at_least, max_leaves=8)
expressions = st.recursive(inputs, lambda parts: at_least(parts) | st.builds(Not, parts), max_leaves=8)


def value(text: str, **known: State) -> State:
    return evaluate(parse(text), {Input(name): state for name, state in known.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web", Input("web")),
        ("web@fra-1", Input("web", "fra-1")),
        ("a and b or c", AtLeast(1, (AtLeast(2, (Input("a"), Input("b"))), Input("c")))),
        ("a AND (b OR c)", AtLeast(2, (Input("a"), AtLeast(1, (Input("b"), Input("c")))))),
        ("not a and b", AtLeast(2, (Not(Input("a")), Input("b")))),
        ("2 of (a, b and c, not d)", parse("2 of (a,(b and c),not d)")),
        ("1 of (a)", Input("a")),
        ("2", Input("2")),
        ('"not" and "of"', AtLeast(2, (Input("not"), Input("of")))),
        ("  ( a )\n", Input("a")),
    ],
)
def test_what_people_write_is_understood(text: str, expected: Expression) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the name of a check is missing at the end"),
        ("web and", "the name of a check is missing at the end"),
        ("web api", "'and' or 'or' is missing before api"),
        ("(web", ") is missing at the end"),
        ("web)", "'and' or 'or' is missing before )"),
        ("3 of (a, b)", "3 of 2 cannot be: count from 1 to 2"),
        ("0 of (a, b)", "0 of 2 cannot be: count from 1 to 2"),
        ("2 of a, b", "( is missing before a"),
        ("web && api", "&& is neither the name of a check nor and, or, not, 2 of (…)"),
        ("Web", "Web is neither the name of a check nor and, or, not, 2 of (…)"),
        ("web@", "web@ is neither the name of a check nor and, or, not, 2 of (…)"),
        ("a or or b", "the name of a check is missing before or"),
        ("not " * (MAX_DEPTH + 2) + "a", f"at most {MAX_DEPTH} levels go into each other"),
        ("(" * 900 + "a", f"at most {MAX_DEPTH} levels go into each other"),
        (" or ".join(f"c{number}" for number in range(MAX_INPUTS + 1)), "at most 50 checks are taken into account"),
    ],
)
def test_what_is_no_expression_is_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value) == message


@given(st.text(alphabet='ab2-@ ()",ofandrtN\n', max_size=40))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    assert parse(show(expression)) == expression


@given(expressions)
def test_what_is_shown_reads_back_as_what_it_was(expression: Expression) -> None:
    assert parse(show(expression)) == expression


def test_and_or_and_not_are_those_of_kleene() -> None:
    for left, right in product(State, repeat=2):
        assert value("a and b", a=left, b=right) is min(left, right, key=RANK.__getitem__)
        assert value("a or b", a=left, b=right) is max(left, right, key=RANK.__getitem__)
    assert [value("not a", a=state) for state in (UP, DOWN, UNKNOWN)] == [DOWN, UP, UNKNOWN]


@given(st.lists(st.sampled_from(State), min_size=2, max_size=6), st.data())
def test_k_of_n_is_counting_over_everything_that_the_unknown_could_be(known: list[State], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(known)))
    asked = AtLeast(count, tuple(Input(f"c{place}") for place in range(len(known))))
    could_be = [(UP, DOWN) if state is UNKNOWN else (state,) for state in known]
    outcomes = {world.count(UP) >= count for world in product(*could_be)}
    expected = UNKNOWN if len(outcomes) > 1 else UP if outcomes == {True} else DOWN
    assert evaluate(asked, {Input(f"c{place}"): state for place, state in enumerate(known)}) is expected


@given(positive, states, inputs, st.sampled_from(State))
def test_without_not_a_better_input_makes_nothing_worse(
    expression: Expression, known: States, changed: Input, better: State
) -> None:
    if RANK[better] >= RANK[known[changed]]:
        before, after = evaluate(expression, known), evaluate(expression, {**known, changed: better})
        assert RANK[after] >= RANK[before]


@given(expressions, states, inputs, st.sampled_from([UP, DOWN]))
def test_what_is_decided_stays_so_whatever_the_unknown_turns_out_to_be(
    expression: Expression, known: States, learned: Input, state: State
) -> None:
    decided = evaluate(expression, known)
    if known[learned] is UNKNOWN and decided is not UNKNOWN:
        assert evaluate(expression, {**known, learned: state}) is decided


@given(expressions)
def test_other_names_change_nothing_but_names(expression: Expression) -> None:
    names = {one: Input(f"x-{place}") for place, one in enumerate(inputs_of(expression))}
    back = {new: old for old, new in names.items()}
    assert renamed(renamed(expression, names), back) == expression
    assert inputs_of(renamed(expression, names)) == list(names.values())


def test_of_what_nothing_is_said_nothing_is_known() -> None:
    assert value("a and b", a=UP) is UNKNOWN
    assert value("a and b", a=DOWN) is DOWN

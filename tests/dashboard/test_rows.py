"""Rows of a form, moved about."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from dashboard.forms.rows import perform, row_prefixes, take_rows

THREE = "name=www&steps-0-kind=healthy&steps-1-kind=geo&steps-1-rules-0-location=country%3ADE&steps-2-kind=first"


def kinds(data: QueryDict) -> list[str]:
    return [row["kind"][0] for row in take_rows(data, "steps")]


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("steps:up:1", ["geo", "healthy", "first"]),
        ("steps:down:1", ["healthy", "first", "geo"]),
        ("steps:remove:0", ["geo", "first"]),
        ("steps:up:0", ["healthy", "geo", "first"]),
        ("steps:down:2", ["healthy", "geo", "first"]),
        ("steps:remove:9", ["healthy", "geo", "first"]),
        ("steps:duplicate:1", ["healthy", "geo", "geo", "first"]),
        ("steps:move:0_2", ["geo", "first", "healthy"]),
        ("steps:move:2_0", ["first", "healthy", "geo"]),
        ("steps:move:1_1", ["healthy", "geo", "first"]),
        ("steps:move:0_3", ["healthy", "geo", "first"]),
        ("steps:move:9_0", ["healthy", "geo", "first"]),
        ("steps:move:1", ["healthy", "geo", "first"]),
        ("steps:begin:sticky", ["healthy", "geo", "first", "sticky"]),
        ("steps:dance:1", ["healthy", "geo", "first"]),
        ("nonsense", ["healthy", "geo", "first"]),
    ],
)
def test_a_button_rearranges_the_rows(action: str, after: list[str]):
    assert kinds(perform(QueryDict(THREE), action)) == after


def test_a_new_row_starts_with_what_was_chosen_for_it():
    assert kinds(perform(QueryDict(f"{THREE}&steps-add=sticky"), "steps:add:kind"))[-1] == "sticky"


def test_rows_within_a_row_move_with_it():
    moved = perform(QueryDict(THREE), "steps:up:1")

    assert moved["steps-0-rules-0-location"] == "country:DE"


def test_a_duplicate_has_the_rows_within_as_well():
    data = perform(QueryDict(THREE), "steps:duplicate:1")

    assert data["steps-1-rules-0-location"] == data["steps-2-rules-0-location"] == "country:DE"


def test_rows_within_a_row_can_be_added_to():
    grown = perform(QueryDict(THREE), "steps-1-rules:add:location")

    assert row_prefixes(grown, "steps-1-rules") == ["steps-1-rules-0", "steps-1-rules-1"]


@given(st.lists(st.text(min_size=1), max_size=6), st.integers(0, 7))
def test_up_undoes_down_and_loses_nothing(values: list[str], place: int):
    data = QueryDict(mutable=True)
    for index, value in enumerate(values):
        data[f"rows-{index}-x"] = value
    moved = perform(data, f"rows:down:{place}")

    assert sorted(row["x"][0] for row in take_rows(moved, "rows")) == sorted(values)
    if place < len(values) - 1:
        assert perform(moved, f"rows:up:{place + 1}") == data

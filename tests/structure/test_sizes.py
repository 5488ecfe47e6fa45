"""No giant files, no giant functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.structure.sizes import MAX_FILE_LINES, MAX_FUNCTION_LINES, oversized

ROOT = Path(__file__).parents[2]


def test_no_file_and_no_function_is_too_long():
    assert list(oversized(ROOT)) == []


def _function(lines: int) -> str:
    return "def f():\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.py", "x = 1\n" * (MAX_FILE_LINES + 1), "a.py: 601 lines"),
        ("a.rs", "// a line\n" * (MAX_FILE_LINES + 1), "a.rs: 601 lines"),
        ("b.py", _function(MAX_FUNCTION_LINES + 1), "b.py:1: f has 71 lines"),
        (
            "c.py",
            "class C:\n    async " + _function(MAX_FUNCTION_LINES + 1).replace("    ", "        "),
            "c.py:2: f has",
        ),
    ],
)
def test_a_planted_giant_is_found(tmp_path, name, text, complaint):
    (tmp_path / name).write_text(text)

    (found,) = oversized(tmp_path)
    assert found.startswith(complaint)


@pytest.mark.parametrize("text", ["x = 1\n" * MAX_FILE_LINES, _function(MAX_FUNCTION_LINES)])
def test_what_is_just_short_enough_is_not(tmp_path, text):
    (tmp_path / "a.py").write_text(text)

    assert list(oversized(tmp_path)) == []

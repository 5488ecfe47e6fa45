"""Processes that share the tests: what one folder shares is started by one of them."""

from __future__ import annotations

from pathlib import Path

from tests.division import TOGETHER, begun_first, group_of

ROOT = Path(__file__).parents[2]


def test_every_folder_whose_tests_share_a_system_stays_together():
    sharing = {path.parent for path in ROOT.glob("tests/**/conftest.py") if 'scope="package"' in path.read_text()}

    assert {str(folder.relative_to(ROOT)) for folder in sharing} == set(TOGETHER)


def test_a_folder_that_stays_together_is_one_group_and_so_is_a_file():
    assert group_of("tests/browser/test_zones.py::test_a[x::y]") == "tests/browser"
    assert group_of("tests/browsers/test_zones.py::test_a") == "tests/browsers/test_zones.py"
    assert group_of("tests/zones/test_keys.py::test_b[tests/browser/]") == "tests/zones/test_keys.py"


def test_what_takes_longest_is_begun_first():
    tests = ["tests/accounts/a.py::a", "tests/api/b.py::b", "tests/scenarios/c.py::c", "tests/browser/d.py::d"]

    assert sorted(tests, key=begun_first) == tests[::-1]

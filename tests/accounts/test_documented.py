"""docs/accounts.md says of roles and scopes what the code does."""

from __future__ import annotations

from pathlib import Path

from accounts.permissions import ACTION_WORDS, MAY, SCOPE_ALLOWS, Action, Role, Scope

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()
TABLE = (Path(__file__).parents[2] / "accounts" / "permissions.py").read_text().split('"""')[1]


def rows_of(header: str) -> list[list[str]]:
    """The cells of a table, line by line, below its header."""
    lines = PAGE[PAGE.index(header) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_roles_is_what_roles_allow():
    actions = [action for action in Action if action != Action.INSTALL]
    expected = [[ACTION_WORDS[action], *("yes" if action in MAY[role] else "" for role in Role)] for action in actions]

    assert rows_of("| may | viewer") == expected


def test_the_table_of_scopes_is_what_scopes_allow():
    for name, allows in rows_of("| scope | allows"):
        if name != Scope.ADMINISTER:
            assert allows.split(", ") == [action.value for action in Action if action in SCOPE_ALLOWS[Scope(name)]]


def test_the_table_in_the_code_is_what_roles_allow():
    rows = {line.split()[0]: line.split()[1:] for line in TABLE.splitlines() if "yes" in line}

    for action in Action:
        assert len(rows[action]) == len([role for role in Role if action in MAY[role]]) + 1

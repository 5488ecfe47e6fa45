"""How processes that share the tests (pytest-xdist) divide them: what stays together, and what is begun first.

Folders whose tests share a running system stay together; of anything else a file does, with the fixtures of its module.
What takes longest is begun first, so that nothing long is left to one process while the others have ended.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/browser", "tests/faults", "tests/scenarios")
"""The longest first."""
LONG = ("tests/runtime", "tests/dashboard", "tests/api", "tests/healthchecks")
"""Begun next, file by file."""


class Division(LoadScopeScheduling):
    """Hands out groups in the order in which their first tests were collected."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The folder or file whose tests one process runs."""
    return next(_folders_of(nodeid, TOGETHER), nodeid.partition("::")[0])


def begun_first(nodeid: str) -> int:
    """The key to sort by: tests with the same stay in their order."""
    order = (*TOGETHER, *LONG)
    return next((order.index(folder) for folder in _folders_of(nodeid, order)), len(order))


def _folders_of(nodeid: str, folders: tuple[str, ...]) -> Iterator[str]:
    return (folder for folder in folders if nodeid.startswith(f"{folder}/"))

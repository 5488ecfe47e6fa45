"""Waiting for a condition: the deadline is generous and never what a test measures."""

import time
from collections.abc import Callable

DEADLINE_S = 60.0
STEP_S = 0.01


def wait_until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Return once `condition` holds; fail naming `what` was awaited."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"waited {deadline_s:.0f} s for {what}"
        time.sleep(STEP_S)

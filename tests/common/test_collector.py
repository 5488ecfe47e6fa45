"""What a process holds for good is not looked at again, and what becomes garbage later still goes."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc, weakref
class Node: pass
held = [Node() for _ in range(100_000)]
before = len(gc.get_objects())
from common.collector import THRESHOLDS, hold_for_good
hold_for_good()
assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()
assert len(gc.get_objects()) < before / 100, "a collection looks at what came since"
assert gc.get_threshold() == THRESHOLDS
one = Node()
one.itself, gone = one, weakref.ref(one)
del one
gc.collect()
assert gone() is None, "garbage of afterwards is found"
"""


def test_what_is_there_is_left_alone_and_garbage_of_afterwards_is_found():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)

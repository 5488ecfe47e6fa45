"""The last word to a tied process (tied.py): soon after its parent it ends, whatever it waits for.

    parent ends ─► the kernel asks it to end ─► it takes its leave ─► ended
                                                      └── GRACE_S ──► it says where it stands, and is ended

A leave can take long when all that it needs has ended too: beat, for one, writes down what it has sent, and each of its
tries waits for a database. A supervisor ends who takes too long; when it was the parent, nobody does.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import select
import sys
import threading

PR_GET_PDEATHSIG = 2  # linux/prctl.h
GRACE_S = 15.0
STDERR = 2
"""Celery puts a log in the place of sys.stderr."""


def hold_leash() -> None:
    """To be called once by a process of its own; does nothing in one that is not tied."""
    if not is_tied():
        return
    try:
        parent = os.pidfd_open(os.getppid())
    except OSError:  # it has ended this moment, or the kernel is older than the call (5.3)
        return
    threading.Thread(target=_end_after, args=(parent,), name="leash", daemon=True).start()


def is_tied() -> bool:
    """Whether the kernel signals this process when its parent ends."""
    if sys.platform != "linux":
        return False
    number = ctypes.c_int()
    ctypes.CDLL(None, use_errno=True).prctl(PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value != 0


def _end_after(parent: int) -> None:
    select.select([parent], [], [])
    # A thread of C: it waits for nobody, not even for the interpreter.
    faulthandler.dump_traceback_later(GRACE_S, exit=True, file=STDERR)

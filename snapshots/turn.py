"""One publisher at work, at most one waiting: a burst of requests becomes two publications, and none is lost.

    request ─► WAITING held by someone? ─ yes ─► leave: the one who waits has not looked yet and will see this change
                        └ no: hold it ─► wait for RUNNING ─► let WAITING go ─► look, compile, publish ─► let RUNNING go

The locks belong to the session, not to a transaction: the transaction must begin after the lock is held, or it would
look at the world as it was before the other publisher committed. They go with the connection when a process dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from common.locks import RUNNING, WAITING, call


@contextmanager
def publisher_turn() -> Iterator[bool]:
    """Whether it is our turn. False: another publisher is about to start and will do our work."""
    if not call("pg_try_advisory_lock", WAITING):
        yield False
        return
    try:
        call("pg_advisory_lock", RUNNING)
    finally:
        call("pg_advisory_unlock", WAITING)
    try:
        yield True
    finally:
        call("pg_advisory_unlock", RUNNING)

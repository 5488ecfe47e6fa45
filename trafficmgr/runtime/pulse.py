"""A web process calls its own push door: while it is answered, heartbeats can be heard (healthchecks.lease_clock).

The call takes the way that heartbeats take: the socket, the event loop, the threads, the database. Where any of these
stands, so does the clock that leases run by.
"""

from __future__ import annotations

import logging
import threading
import time
from http.client import HTTPConnection, HTTPException

from common.addresses import reachable, split_address

PATH = "/push/v1/pulse"
PULSE_S = 0.5
TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


def keep_pulse(web: str) -> None:
    """Call the web process that listens at `web`, for as long as this process runs."""
    threading.Thread(target=_beat, args=split_address(reachable(web)), name="pulse", daemon=True).start()


def _beat(host: str, port: int) -> None:
    failed = False
    while True:
        began = time.monotonic()
        problem = call(host, port)
        if problem and not failed:
            logger.warning("the push door does not answer, so leases stand still: %s", problem)
        failed = bool(problem)
        time.sleep(max(0.0, began + PULSE_S - time.monotonic()))


def call(host: str, port: int) -> str:
    """What is wrong with the push door; empty: nothing."""
    connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", PATH)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return f"status {status}" if status >= 500 else ""

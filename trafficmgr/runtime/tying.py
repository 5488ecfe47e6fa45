"""Commands that end with whoever starts them (tied.py)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from trafficmgr.runtime.service_account import ServiceAccount

TIED = Path(__file__).with_name("tied.py")


def tie(
    command: Sequence[str], *, signal: str, lock: Path | None = None, account: ServiceAccount | None = None
) -> list[str]:
    """`command`, tied to whoever starts it: at the end of that it gets `signal`; till its own end it holds `lock`."""
    options = ["--signal", signal]
    if lock:
        options += ["--lock", str(lock)]
    if account:
        options += ["--user", f"{account.uid}:{account.gid}"]
    return [sys.executable, "-ISE", str(TIED), *options, "--", *command]

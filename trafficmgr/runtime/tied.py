"""Run a command that ends when its parent does, whatever ends the parent, `kill -9` included.

    python -ISE tied.py [--lock FILE] [--user UID:GID] [--signal NAME] -- COMMAND ARGUMENT…

The process becomes the command (exec): no process stays between. With `--lock` it holds a shared lock on FILE for as
long as it lives, so that a later start can wait for all that is left of an earlier one. Standard library only: it
starts in 15 ms.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Read the arguments, tie this process to its parent, become the command."""
    parser = argparse.ArgumentParser(prog="tied", allow_abbrev=False)
    parser.add_argument("--lock")
    parser.add_argument("--user")
    parser.add_argument("--signal", default="SIGTERM", choices=[number.name for number in signal.Signals])
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    parent = os.getppid()
    if arguments.lock:
        hold_shared(arguments.lock)
    if arguments.user:
        become(*map(int, arguments.user.split(":")))
    die_with_parent(signal.Signals[arguments.signal])
    if os.getppid() != parent:  # it ended before it could take us along
        sys.exit(1)
    os.execvp(arguments.command[0], arguments.command)  # noqa: S606 - no shell is the point


def hold_shared(path: str) -> None:
    """Hold a shared lock until this process and all that inherit from it have ended."""
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.set_inheritable(descriptor, True)


def become(uid: int, gid: int) -> None:
    """Drop root for good. The directory is left, for the account may be unable to enter it."""
    os.chdir("/")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(number: signal.Signals) -> None:
    """Ask the kernel for a signal when the parent ends. To be called after `become`, which would undo it (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number.value, 0, 0, 0)


if __name__ == "__main__":
    main()

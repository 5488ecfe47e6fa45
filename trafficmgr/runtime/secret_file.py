"""Files that only their owner may ever read."""

from __future__ import annotations

import os
from pathlib import Path

from trafficmgr.runtime.service_account import ServiceAccount


def write_secret(path: Path, text: str, owner: ServiceAccount | None = None) -> None:
    """Put `text` at `path`, whole or not at all, readable by this process's user (or `owner`) alone."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if owner:
            os.fchown(descriptor, owner.uid, owner.gid)
    draft.replace(path)

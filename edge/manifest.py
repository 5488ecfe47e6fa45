"""What an edge takes from a manifest beside what it serves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from responder import Manifest


def created_at(manifest: Manifest) -> datetime | None:
    """None if the control plane wrote something else than a time: nothing is decided by it."""
    try:
        moment = datetime.fromisoformat(manifest.created)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""What is read of a manifest beside what is served, and how it is written for edges of the release before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from responder import Manifest

WITHOUT_LISTS, WITH_LISTS = 1, 2
"""Formats. The first, in which manifests name all zones themselves, is for edges of the release before."""


def created_at(manifest: Manifest) -> datetime | None:
    """None if the control plane wrote something else than a time: nothing is decided by it."""
    try:
        moment = datetime.fromisoformat(manifest.created)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def without_lists(manifest: str, zones: Mapping[str, str]) -> str:
    """The same generation for edges of the release before, which read format 1 alone: one text, whoever writes it.

    `zones`: digests of all zone chunks by origin.
    """
    written = json.loads(manifest) | {"format": WITHOUT_LISTS, "zones": dict(zones)}
    return json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

"""What operators drain has its reason already: it is asked about by no brake, and held back with nothing that is.

served policies ── admin states of who is drained, or was, as they are now ──► what a candidate is compared with
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta

from snapshots.canonical import canonical_json

CLOCKS_APART = timedelta(minutes=10)
"""At most: whoever lifts a drain goes by another clock than whoever publishes."""


def with_drains(served: bytes, candidate: bytes, endpoint_ids: Collection[int]) -> bytes:
    """The policy chunk `served`, with the admin states of these endpoints as in `candidate`. Pure."""
    now = {one["id"]: one["admin_state"] for one in json.loads(candidate)["endpoints"] if one["id"] in endpoint_ids}
    chunk = json.loads(served)
    moved = [one for one in chunk["endpoints"] if now.get(one["id"], one["admin_state"]) != one["admin_state"]]
    for endpoint in moved:
        endpoint["admin_state"] = now[endpoint["id"]]
    return canonical_json(chunk) if moved else served  # which another release may have written otherwise

"""What is told to edges, as their own code takes it."""

from __future__ import annotations

import responder
from healthchecks.reading import HealthState


def opened(known: HealthState) -> responder.Health:
    parts = (known.states, known.loads, known.failing, known.views)
    return responder.Health(known.sequence, *parts)  # type: ignore[arg-type]  # the database knows no others

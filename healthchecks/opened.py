"""What is told to edges, as their own code takes it."""

from __future__ import annotations

import responder
from healthchecks.reading import HealthState


def opened(known: HealthState) -> responder.Health:
    # JSON has no tuples: what each vantage sees comes as lists of lists.
    views = [(endpoint, family, [tuple(view) for view in seen]) for endpoint, family, seen in known.views]
    parts = (known.states, known.loads, known.failing, views)
    return responder.Health(known.sequence, *parts)  # type: ignore[arg-type]  # the database knows no others

"""What a browser is asked to measure: what it would be sent to, and one more that there is something to learn about.

Measuring two beside each other costs no traffic, and tells what measuring only the served one cannot: whether another
is better by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Candidate(NamedTuple):
    endpoint_id: int
    url: str


def choose(served: Sequence[int], measurable: Sequence[Candidate], draw: int) -> list[Candidate]:
    """The likely best, and one of the others: each as likely, by `draw`, any whole number drawn at random.

    `served`: endpoints of the client's answer, the first one first. `measurable`: those of the policy with a URL.
    """
    by_id = {candidate.endpoint_id: candidate for candidate in measurable}
    best = next((by_id[endpoint_id] for endpoint_id in served if endpoint_id in by_id), None)
    others = [candidate for candidate in measurable if candidate is not best]
    learned = [others[draw % len(others)]] if others else []
    return [best, *learned] if best else learned

"""Every kind of check: those that probe, and those whose verdict follows from something else."""

from __future__ import annotations

from healthchecks import derived, probes
from healthchecks.derived import Derived
from healthchecks.options import options_of
from healthchecks.probes import Probe

KINDS: dict[str, type[Probe | Derived]] = {**probes.KINDS, **derived.KINDS}


def read_options(kind: str, options: object) -> Probe | Derived:
    """What `options`, as kept in a check, say. Raises OptionsError."""
    return options_of(KINDS, kind, options)

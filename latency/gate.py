"""Whether a model version may replace the one in service: judged on measurements that neither had learned yet.

    Rehearsal: what was measured, what was served then, and what the candidate would have served
        ─► weights: 1 / probability that a version's region was measured ─► mean, p95, countries, each against a margin
        ─► Verdict

**Estimator.** A page measures the region it is served from, and one of the k - 1 others, each as likely
(telemetry.rum.choosing). So of a client whom a version would serve from region r, the round trip to r is measured
with the probability p = 1 if r was served then, else 1 / (k - 1), and a measurement of r stands for 1 / p page views
(Horvitz and Thompson, JASA 47, 1952). What stands for more than MOST_WEIGHT counts as that (Ionides, JCGS 17, 2008),
and sums are divided by the sum of the weights, not by the number of page views (Hájek 1971; as SNIPS: Swaminathan and
Joachims, NIPS 2015): a little biased, and far less noisy. Regret is the round trip less the client's best in
hindsight: the lowest mean (geometric) among the regions it measured in these hours. By chance that is lower than the
truth, alike for both.

**Assumptions.** What a client was served is taken to be the first region of its order: where other steps of a policy, a
region that is down or an exploration of one client in a hundred sent it elsewhere, p is off. Of whoever measures only
what it is served (applications of one's own), measurements count where both versions agree, and tell nothing where
they do not. A region counts towards k if anybody measured it. Measurements of one client hang together: errors are
from leaving out a twentieth of the clients at a time (the grouped jackknife: Shao and Tu 1995).

**Not worse** is a difference of which the upper bound, with 95 % confidence, is within the margin: who cannot show it
with the measurements there are does not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.intake import country_name

MOST_WEIGHT = 20.0  # page views that one measurement may stand for: nothing is cut with 21 regions or fewer
BLOCKS = 20
CONFIDENT = 1.645  # standard errors: 95 % on one side
ENOUGH_EFFECTIVE = 200.0
"""Measurements (Kish: square of the sum of weights by the sum of squares): below, a p95 rests on fewer than ten."""
ENOUGH_CLIENTS = 2 * BLOCKS
LARGE_SHARE = 0.05  # of the measurements: such a country is large, and is judged by itself

MEAN_MARGIN = (0.5, 0.05)  # ms, or share of the incumbent's: an eighth of what makes a client change
P95_MARGIN = (2.0, 0.10)
COUNTRY_MARGIN = (2.0, 0.10)
CHANGES_MARGIN = (0.005, 0.10)  # per client-hour: one change a client in eight days


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """N measurements of held-back turns, each (N,), and how often clients were moved to another region."""

    keys: Indices
    countries: Indices
    region_ids: Indices  # that were measured
    served_ids: Indices  # by the incumbent, which was in service then
    proposed_ids: Indices  # by the candidate
    counts: Floats  # measurements that each stands for
    observed_ms: Floats
    changes: tuple[int, int]  # of the first region, by incumbent and candidate
    client_hours: float

    @classmethod
    def of_nothing(cls) -> Self:
        """There was nothing to rehearse."""
        whole, number = np.empty(0, dtype=np.int64), np.empty(0)
        return cls(whole, whole, whole, whole, whole, number, number, (0, 0), 0.0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of both versions. `error`: standard error of the difference, 0 where it was counted."""

    figure: str  # mean_ms, p95_ms, country_ms, changes_per_client_hour
    country: str  # of country_ms
    incumbent: float
    candidate: float
    difference: float
    error: float
    margin: float

    @property
    def holds(self) -> bool:
        """Whether the candidate is not worse."""
        return self.difference + CONFIDENT * self.error <= self.margin


@dataclass(frozen=True, slots=True)
class Verdict:
    """`evidence`: effective measurements by incumbent and candidate. Without enough of it nothing is compared."""

    measurements: int
    clients: int
    regions: int
    agreement: float  # share of measurements whose client both serve from the same region
    evidence: tuple[float, float]
    comparisons: list[Comparison]

    @property
    def has_enough(self) -> bool:
        """Whether there is enough evidence to compare anything."""
        return min(self.evidence) >= ENOUGH_EFFECTIVE and self.clients >= ENOUGH_CLIENTS

    @property
    def passed(self) -> bool:
        """Whether the candidate is not worse in anything."""
        return self.has_enough and all(comparison.holds for comparison in self.comparisons)


def judged(rehearsal: Rehearsal) -> Verdict:
    """What the held-back measurements say of the candidate."""
    trial = _comparable(rehearsal)
    weights = _weights(trial)
    clients = len(np.unique(trial.keys))
    agreement = float(np.mean(trial.served_ids == trial.proposed_ids)) if len(trial.keys) else 0.0
    evidence = (_effective(weights[0]), _effective(weights[1]))
    verdict = Verdict(len(trial.keys), clients, len(np.unique(trial.region_ids)), agreement, evidence, [])
    if not verdict.has_enough:
        return verdict
    verdict.comparisons.extend(_compared(trial, weights, _regret_ms(trial)))
    verdict.comparisons.append(_changes(rehearsal))
    return verdict


def _comparable(rehearsal: Rehearsal) -> Rehearsal:
    """Of clients that measured two regions: of others nothing is known to be better."""
    if not len(rehearsal.keys):
        return rehearsal
    pairs = np.unique(np.stack([rehearsal.keys, rehearsal.region_ids]), axis=1)
    keys, regions = np.unique(pairs[0], return_counts=True)
    chosen = np.isin(rehearsal.keys, keys[regions > 1])
    columns = ("keys", "countries", "region_ids", "served_ids", "proposed_ids", "counts", "observed_ms")
    kept = {name: getattr(rehearsal, name)[chosen] for name in columns}
    return Rehearsal(**kept, changes=rehearsal.changes, client_hours=rehearsal.client_hours)


def _weights(trial: Rehearsal) -> tuple[Floats, Floats]:
    """Page views that each measurement stands for, of the incumbent and of the candidate."""
    others = max(len(np.unique(trial.region_ids)) - 1, 1)
    inverse = np.where(trial.region_ids == trial.served_ids, 1.0, min(float(others), MOST_WEIGHT))
    return (
        trial.counts * inverse * (trial.region_ids == trial.served_ids),
        trial.counts * inverse * (trial.region_ids == trial.proposed_ids),
    )


def _effective(weights: Floats) -> float:
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _regret_ms(trial: Rehearsal) -> Floats:
    """Each measurement less the best that its client has in hindsight."""
    pairs, rows = np.unique(np.stack([trial.keys, trial.region_ids]), axis=1, return_inverse=True)
    rows = rows.reshape(-1)
    logs = np.bincount(rows, trial.counts * np.log(trial.observed_ms)) / np.bincount(rows, trial.counts)
    keys, of_pair = np.unique(pairs[0], return_inverse=True)
    best = np.full(len(keys), np.inf)
    np.minimum.at(best, of_pair, logs)
    return np.asarray(trial.observed_ms - np.exp(best[np.searchsorted(keys, trial.keys)]))


def _compared(trial: Rehearsal, weights: tuple[Floats, Floats], regret_ms: Floats) -> Iterator[Comparison]:
    everyone = np.ones(len(trial.keys), dtype=np.bool_)
    yield _comparison("mean_ms", "", _mean, trial, weights, regret_ms, everyone, MEAN_MARGIN)
    yield _comparison("p95_ms", "", _p95, trial, weights, regret_ms, everyone, P95_MARGIN)
    codes, counts = np.unique(trial.countries, return_counts=True)
    for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
        chosen = trial.countries == code
        is_large = count >= LARGE_SHARE * len(trial.keys)
        if is_large and code and min(_effective(each[chosen]) for each in weights) >= ENOUGH_EFFECTIVE:
            name = country_name(code)
            yield _comparison("country_ms", name, _mean, trial, weights, regret_ms, chosen, COUNTRY_MARGIN)


def _comparison(
    figure: str,
    country: str,
    estimate: Callable[[Floats, Floats], float],
    trial: Rehearsal,
    weights: tuple[Floats, Floats],
    regret_ms: Floats,
    chosen: Flags,
    margin: tuple[float, float],
) -> Comparison:
    """Both versions by an estimate of regret among the chosen measurements."""

    def both(which: Flags) -> tuple[float, float]:
        return estimate(regret_ms[which], weights[0][which]), estimate(regret_ms[which], weights[1][which])

    incumbent, candidate = both(chosen)
    blocks = trial.keys % BLOCKS
    left_out = [both(chosen & (blocks != block)) for block in range(BLOCKS)]
    differences = np.array([after - before for before, after in left_out])
    error = float(np.sqrt((BLOCKS - 1) * np.mean((differences - differences.mean()) ** 2)))
    limit = max(margin[0], margin[1] * abs(incumbent))
    return Comparison(figure, country, incumbent, candidate, candidate - incumbent, error, limit)


def _mean(values: Floats, weights: Floats) -> float:
    return float((values * weights).sum() / weights.sum()) if weights.any() else 0.0


def _p95(values: Floats, weights: Floats) -> float:
    if not weights.any():
        return 0.0
    rising = values.argsort(kind="stable")
    reached = np.cumsum(weights[rising])
    return float(values[rising][np.searchsorted(reached, 0.95 * reached[-1])])


def _changes(rehearsal: Rehearsal) -> Comparison:
    before, after = (changes / max(rehearsal.client_hours, 1e-9) for changes in rehearsal.changes)
    limit = max(CHANGES_MARGIN[0], CHANGES_MARGIN[1] * before)
    return Comparison("changes_per_client_hour", "", before, after, after - before, 0.0, limit)

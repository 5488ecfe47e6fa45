//! What became of weighed clients, in all and by country.

use std::collections::BTreeMap;

use super::Outcome;
use super::weights::Basis;

/// Clients of a country that are answered the same now, and the same then. Endpoints by id; 0: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    pub country: [u8; 2],
    pub from: u32,
    pub to: u32,
}

/// Round trips in ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub mean_ms: f64,
    pub median_ms: f64,
    pub p95_ms: f64,
}

/// Round trips of the same clients now and then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The share of these clients of whom both are known; of the others nothing is said.
    pub estimated: f64,
    pub before: Spread,
    pub after: Spread,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CountrySummary {
    pub country: [u8; 2],
    /// Of all queries.
    pub share: f64,
    /// `None`: nothing is known.
    pub latency: Option<Comparison>,
}

/// The whole of it. Shares are of all queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    pub basis: Basis,
    pub moves: Vec<(Move, f64)>,
    /// `None`: nothing is known of anybody.
    pub latency: Option<Comparison>,
    pub countries: Vec<CountrySummary>,
}

pub(super) fn summarised(outcomes: &[Outcome], weights: &[f64], basis: Basis) -> Replay {
    let mut moves: BTreeMap<Move, f64> = BTreeMap::new();
    let mut by_country: BTreeMap<[u8; 2], Group> = BTreeMap::new();
    let mut everyone = Group::default();
    let counting = outcomes.iter().zip(weights);
    for (outcome, weight) in counting.filter(|(_, weight)| **weight > 0.0) {
        let found = Move {
            country: outcome.country,
            from: outcome.from,
            to: outcome.to,
        };
        *moves.entry(found).or_default() += weight;
        everyone.add(outcome, *weight);
        let group = by_country.entry(outcome.country).or_default();
        group.add(outcome, *weight);
    }
    let countries = by_country
        .into_iter()
        .map(|(country, group)| CountrySummary {
            country,
            share: group.share,
            latency: group.compared(),
        });
    Replay {
        basis,
        moves: moves.into_iter().collect(),
        countries: countries.collect(),
        latency: everyone.compared(),
    }
}

/// Some clients: what they weigh, and the round trips of those of whom they are known, each with the client's weight.
#[derive(Default)]
struct Group {
    share: f64,
    before: Vec<(f64, f64)>,
    after: Vec<(f64, f64)>,
}

impl Group {
    fn add(&mut self, outcome: &Outcome, weight: f64) {
        self.share += weight;
        if let Some((before_ms, after_ms)) = outcome.rtts_ms {
            self.before.push((before_ms, weight));
            self.after.push((after_ms, weight));
        }
    }

    fn compared(mut self) -> Option<Comparison> {
        let known: f64 = self.before.iter().map(|(_, weight)| weight).sum();
        Some(Comparison {
            estimated: known / self.share,
            before: spread(&mut self.before)?,
            after: spread(&mut self.after)?,
        })
    }
}

fn spread(weighed: &mut [(f64, f64)]) -> Option<Spread> {
    weighed.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let total: f64 = weighed.iter().map(|(_, weight)| weight).sum();
    let sum: f64 = weighed.iter().map(|(rtt_ms, weight)| rtt_ms * weight).sum();
    Some(Spread {
        mean_ms: sum / total,
        median_ms: quantile(weighed, 0.5 * total)?,
        p95_ms: quantile(weighed, 0.95 * total)?,
    })
}

/// The lowest value that values of the weight `below` are not above.
fn quantile(rising: &[(f64, f64)], below: f64) -> Option<f64> {
    let mut reached = 0.0;
    let found = rising.iter().find(|(_, weight)| {
        reached += weight;
        reached >= below
    });
    found.or(rising.last()).map(|(rtt_ms, _)| *rtt_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(country: [u8; 2], to: u32, rtts_ms: Option<(f64, f64)>) -> Outcome {
        Outcome {
            country,
            network: 0,
            from: 1,
            to,
            rtts_ms,
        }
    }

    #[test]
    fn quantiles_count_weights_and_not_clients() {
        let outcomes = [
            outcome(*b"DE", 1, Some((10.0, 10.0))),
            outcome(*b"DE", 2, Some((20.0, 100.0))),
            outcome(*b"DE", 2, Some((30.0, 5.0))),
        ];
        let replay = summarised(&outcomes, &[0.6, 0.3, 0.1], Basis::Countries);
        let latency = replay.latency.unwrap();
        assert_eq!(
            (latency.before.median_ms, latency.before.p95_ms),
            (10.0, 30.0)
        );
        assert_eq!(
            (latency.after.median_ms, latency.after.p95_ms),
            (10.0, 100.0)
        );
        assert!((latency.before.mean_ms - 15.0).abs() < 1e-9);
        assert!((latency.after.mean_ms - 36.5).abs() < 1e-9);
    }

    #[test]
    fn those_of_whom_nothing_is_known_are_told_apart_and_no_zeros() {
        let outcomes = [
            outcome(*b"DE", 1, Some((10.0, 20.0))),
            outcome(*b"DE", 0, None),
            outcome(*b"FR", 1, None),
        ];
        let replay = summarised(&outcomes, &[0.3, 0.1, 0.6], Basis::Countries);
        let estimated = replay.latency.unwrap().estimated;
        assert!((estimated - 0.3).abs() < 1e-9);
        let [germany, france] = &replay.countries[..] else {
            panic!("{replay:?}")
        };
        let estimated = germany.latency.unwrap().estimated;
        assert!((estimated - 0.75).abs() < 1e-9);
        assert_eq!((france.latency, france.share), (None, 0.6));
    }

    #[test]
    fn clients_that_count_nothing_are_left_out() {
        let outcomes = [outcome(*b"DE", 1, None), outcome(*b"FR", 2, None)];
        let replay = summarised(&outcomes, &[1.0, 0.0], Basis::Countries);
        let stays = Move {
            country: *b"DE",
            from: 1,
            to: 1,
        };
        assert_eq!(replay.moves, [(stays, 1.0)]);
        assert_eq!(replay.countries.len(), 1);
    }
}

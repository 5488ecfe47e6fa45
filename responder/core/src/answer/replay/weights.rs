//! How much each of some sampled clients counts, so that together they are like those who really ask.
//!
//! Asked is known by country and by network, not by both at once. The weights are scaled to one and the other in turns until
//! both hold (iterative proportional fitting: Deming and Stephan, Annals of Mathematical Statistics 11, 1940), countries last.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::Outcome;

/// More rounds change shares by less than a thousandth.
const ROUNDS: usize = 10;

/// Who really asks, in queries.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    /// By ISO 3166-1 alpha-2; zeros: unknown.
    pub countries: HashMap<[u8; 2], u64>,
    /// By autonomous system; what is in none of them comes from networks that nobody knows.
    pub networks: HashMap<u32, u64>,
}

/// What clients are weighed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Nobody asked of whom there are clients: all count alike.
    Addresses,
    Countries,
    CountriesAndNetworks,
}

/// The weights of `outcomes`, which add up to 1, unless there are none.
pub(super) fn weigh(outcomes: &[Outcome], asking: &Asking) -> (Basis, Vec<f64>) {
    let asked_from = |outcome: &Outcome| asking.countries.get(&outcome.country).copied();
    let asks = |outcome: &Outcome| asked_from(outcome).unwrap_or(0) > 0;
    if !outcomes.iter().any(asks) {
        let alike = 1.0 / outcomes.len().max(1) as f64;
        return (Basis::Addresses, vec![alike; outcomes.len()]);
    }
    let networks = network_goals(asking);
    let country = |outcome: &Outcome| outcome.country;
    let goals: HashMap<_, _> = asking
        .countries
        .iter()
        .map(|(country, queries)| (*country, *queries as f64))
        .collect();
    let mut weights: Vec<_> = outcomes
        .iter()
        .map(|outcome| f64::from(u8::from(asks(outcome))))
        .collect();
    let is_known =
        |outcome: &Outcome| outcome.network != 0 && networks.contains_key(&outcome.network);
    let by_network = outcomes.iter().any(is_known);
    if by_network {
        let network = |outcome: &Outcome| match networks.contains_key(&outcome.network) {
            true => outcome.network,
            false => 0,
        };
        only_where_asked(outcomes, &mut weights, |outcome| {
            networks.contains_key(&network(outcome))
        });
        for _ in 0..ROUNDS {
            scale(outcomes, &mut weights, country, &goals);
            scale(outcomes, &mut weights, network, &networks);
        }
    }
    scale(outcomes, &mut weights, country, &goals);
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= total);
    let basis = match by_network {
        true => Basis::CountriesAndNetworks,
        false => Basis::Countries,
    };
    (basis, weights)
}

/// Queries by network; 0: of all others.
fn network_goals(asking: &Asking) -> HashMap<u32, f64> {
    let listed = asking.networks.iter().filter(|(network, _)| **network != 0);
    let mut goals: HashMap<_, _> = listed
        .map(|(network, queries)| (*network, *queries as f64))
        .collect();
    let (all, known): (u64, f64) = (asking.countries.values().sum(), goals.values().sum());
    if all as f64 > known {
        goals.insert(0, all as f64 - known);
    }
    goals
}

/// Clients of networks that did not ask count nothing, but in countries that have no others.
fn only_where_asked(outcomes: &[Outcome], weights: &mut [f64], asks: impl Fn(&Outcome) -> bool) {
    let asking = outcomes.iter().filter(|outcome| asks(outcome));
    let served: HashSet<_> = asking.map(|outcome| outcome.country).collect();
    for (outcome, weight) in outcomes.iter().zip(weights) {
        if served.contains(&outcome.country) && !asks(outcome) {
            *weight = 0.0;
        }
    }
}

/// Scales the weights of each group so that they add up to its goal; those of a group without one stay.
fn scale<K: Hash + Eq>(
    outcomes: &[Outcome],
    weights: &mut [f64],
    group: impl Fn(&Outcome) -> K,
    goals: &HashMap<K, f64>,
) {
    let mut sums: HashMap<K, f64> = HashMap::new();
    for (outcome, weight) in outcomes.iter().zip(weights.iter()) {
        *sums.entry(group(outcome)).or_default() += weight;
    }
    for (outcome, weight) in outcomes.iter().zip(weights) {
        let group = group(outcome);
        let sum = sums.get(&group).copied().unwrap_or(0.0);
        if let Some(goal) = goals.get(&group)
            && sum > 0.0
        {
            *weight *= goal / sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(country: [u8; 2], network: u32) -> Outcome {
        Outcome {
            country,
            network,
            from: 1,
            to: 1,
            rtts_ms: None,
        }
    }

    fn sum_where(outcomes: &[Outcome], weights: &[f64], is_one: impl Fn(&Outcome) -> bool) -> f64 {
        let pairs = outcomes.iter().zip(weights);
        let ours = pairs.filter(|(outcome, _)| is_one(outcome));
        ours.map(|(_, weight)| weight).sum()
    }

    #[test]
    fn without_queries_every_client_counts_alike() {
        let outcomes = [outcome(*b"DE", 0), outcome(*b"US", 0)];
        let (basis, weights) = weigh(&outcomes, &Asking::default());
        assert_eq!((basis, weights), (Basis::Addresses, vec![0.5, 0.5]));
    }

    #[test]
    fn a_country_counts_as_much_as_it_asks() {
        let outcomes = [
            outcome(*b"DE", 0),
            outcome(*b"DE", 0),
            outcome(*b"US", 0),
            outcome(*b"FR", 0),
        ];
        let asking = Asking {
            countries: [(*b"DE", 10), (*b"US", 30)].into(),
            ..Asking::default()
        };
        let (basis, weights) = weigh(&outcomes, &asking);
        assert_eq!(basis, Basis::Countries);
        assert_eq!(weights, [0.125, 0.125, 0.75, 0.0]);
    }

    #[test]
    fn countries_and_networks_both_count_as_much_as_they_ask() {
        let places = [*b"DE", *b"US"];
        let outcomes: Vec<_> = (0..400)
            .map(|number| outcome(places[number % 2], [0, 3320, 64500, 7018][number / 100]))
            .collect();
        let asking = Asking {
            countries: [(*b"DE", 70), (*b"US", 30)].into(),
            networks: [(3320, 50), (64500, 30)].into(),
        };
        let (basis, weights) = weigh(&outcomes, &asking);
        assert_eq!(basis, Basis::CountriesAndNetworks);
        let share = |is_one: &dyn Fn(&Outcome) -> bool| sum_where(&outcomes, &weights, is_one);
        for (found, expected) in [
            (share(&|outcome| outcome.country == *b"DE"), 0.7),
            (share(&|outcome| outcome.network == 3320), 0.5),
            (share(&|outcome| outcome.network == 64500), 0.3),
            (share(&|outcome| [0, 7018].contains(&outcome.network)), 0.2),
        ] {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn a_country_of_which_no_network_asks_still_counts() {
        let outcomes = [outcome(*b"DE", 3320), outcome(*b"US", 7018)];
        let asking = Asking {
            countries: [(*b"DE", 50), (*b"US", 50)].into(),
            networks: [(3320, 50), (64500, 50)].into(),
        };
        let (_, weights) = weigh(&outcomes, &asking);
        assert_eq!(weights, [0.5, 0.5]);
    }
}

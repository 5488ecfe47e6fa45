use super::table::SLOTS;
use super::*;

fn tally(endpoint: u32, country: [u8; 2]) -> Tally {
    Tally {
        policy: 5,
        endpoint,
        country,
        rcode: 0,
        network: 0,
        is_explored: false,
    }
}

fn total<T>(counted: Vec<(T, u64)>) -> u64 {
    counted.iter().map(|(_, count)| count).sum()
}

#[test]
fn every_key_has_a_count_of_its_own() {
    let counters = Counters::default();
    counters.count(None);
    for round in 0..3 {
        counters.count(Some(tally(10, *b"DE")));
        if round > 0 {
            counters.count(Some(tally(10, *b"FR")));
        }
    }
    let mut answers = counters.answers();
    answers.sort_unstable();
    assert_eq!(answers, [(tally(10, *b"DE"), 3), (tally(10, *b"FR"), 2)]);
    assert_eq!((counters.queries(), counters.dropped()), (6, 1));
}

#[test]
fn who_explores_is_counted_apart() {
    let counters = Counters::default();
    let explored = Tally {
        is_explored: true,
        ..tally(10, *b"DE")
    };
    for tally in [tally(10, *b"DE"), explored, tally(10, *b"DE")] {
        counters.count(Some(tally));
    }
    let mut answers = counters.answers();
    answers.sort_unstable();
    assert_eq!(answers, [(tally(10, *b"DE"), 2), (explored, 1)]);
}

#[test]
fn crowded_countries_leave_who_explores_its_count() {
    let counters = Counters::default();
    for endpoint in 0..SLOTS as u32 {
        counters.count(Some(tally(endpoint / 2, [b'A', (endpoint % 2) as u8])));
    }
    let explored = Tally {
        is_explored: true,
        ..tally(10, *b"DE")
    };
    counters.count(Some(explored));
    let coarser = Tally {
        country: [0; 2],
        ..explored
    };
    assert!(counters.answers().contains(&(coarser, 1)));
}

#[test]
fn networks_are_counted_apart_by_policy() {
    let counters = Counters::default();
    for (policy, network) in [(5, 3320), (5, 3320), (5, 64500), (6, 3320), (6, 0)] {
        counters.count(Some(Tally {
            policy,
            network,
            ..tally(10, *b"DE")
        }));
    }
    let mut networks = counters.networks();
    networks.sort_unstable();
    let of = |policy, network| NetworkTally { policy, network };
    assert_eq!(
        networks,
        [(of(5, 3320), 2), (of(5, 64500), 1), (of(6, 3320), 1)]
    );
    assert_eq!(total(counters.answers()), 5);
}

#[test]
fn what_shadows_would_answer_is_counted_apart_by_country_and_both_endpoints() {
    let counters = Counters::default();
    let served = tally(10, *b"DE");
    for endpoint in [10, 11, 11, 0] {
        let watched = Watched {
            shadow: 7,
            endpoint,
        };
        counters.count_watched(served, watched);
    }
    let of = |shadow_endpoint| ShadowTally {
        shadow: 7,
        country: *b"DE",
        endpoint: 10,
        shadow_endpoint,
    };
    let mut shadows = counters.shadows();
    shadows.sort_unstable();
    assert_eq!(shadows, [(of(0), 1), (of(10), 1), (of(11), 2)]);
    assert!(counters.answers().is_empty());
}

#[test]
fn a_full_table_loses_detail_and_no_answer() {
    let counters = Counters::default();
    let keys = 2 * SLOTS as u32;
    for endpoint in 0..keys {
        counters.count(Some(tally(endpoint, *b"DE")));
    }
    assert_eq!(total(counters.answers()), u64::from(keys));
}

#[test]
fn crowded_endpoints_leave_every_policy_its_count() {
    let counters = Counters::default();
    for endpoint in 0..2 * SLOTS as u32 {
        let policy = endpoint % 7 + 1;
        counters.count(Some(Tally {
            policy,
            ..tally(endpoint, *b"DE")
        }));
    }
    let mut by_policy = std::collections::BTreeMap::new();
    for (tally, count) in counters.answers() {
        *by_policy.entry(tally.policy).or_insert(0) += count;
    }
    let expected = (1..=7).map(|policy| {
        let policies = (0..2 * SLOTS as u32).map(|endpoint| endpoint % 7 + 1);
        (
            policy,
            policies.filter(|other| *other == policy).count() as u64,
        )
    });
    assert_eq!(by_policy, expected.collect());
}

#[test]
fn crowded_countries_leave_every_endpoint_its_count() {
    let counters = Counters::default();
    let countries: Vec<_> = (b'A'..=b'Z')
        .flat_map(|first| (b'A'..=b'Z').map(move |second| [first, second]))
        .take(200)
        .collect();
    for policy in 1..=100 {
        for endpoint in 1..=20 {
            for country in &countries {
                counters.count(Some(Tally {
                    policy,
                    ..tally(endpoint, *country)
                }));
            }
        }
    }
    let mut by_endpoint = std::collections::BTreeMap::new();
    for (tally, count) in counters.answers() {
        *by_endpoint
            .entry((tally.policy, tally.endpoint))
            .or_insert(0) += count;
    }
    assert_eq!(by_endpoint.len(), 2000);
    assert!(by_endpoint.values().all(|count| *count == 200));
}

#[test]
fn crowded_networks_are_counted_together() {
    let counters = Counters::default();
    let networks = 2 * SLOTS as u32;
    for network in 1..=networks {
        counters.count(Some(Tally {
            network,
            ..tally(10, *b"DE")
        }));
    }
    let counted = counters.networks();
    let together = NetworkTally {
        policy: 5,
        network: 0,
    };
    assert!(counted.iter().any(|(network, _)| *network == together));
    assert_eq!(total(counted), u64::from(networks));
    assert_eq!(
        counters.answers(),
        [(tally(10, *b"DE"), u64::from(networks))]
    );
}

#[test]
fn a_reader_never_sees_a_count_fall() {
    let counters = Counters::default();
    std::thread::scope(|scope| {
        let writer =
            scope.spawn(|| (0..200_000).for_each(|_| counters.count(Some(tally(1, *b"DE")))));
        let mut last = 0;
        while !writer.is_finished() {
            let now = counters.answers().first().map_or(0, |(_, count)| *count);
            assert!(now >= last);
            last = now;
        }
    });
    assert_eq!(counters.answers(), [(tally(1, *b"DE"), 200_000)]);
}

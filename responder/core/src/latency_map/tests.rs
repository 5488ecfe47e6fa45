use super::fixture::{Written, WrittenRow};
use super::pages::key_of;
use super::*;
use crate::steering::Subnet;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::IpAddr;

const REGIONS: [u32; 3] = [10, 20, 35];

fn row(samples: u8, rtts_ms: [f64; 3], order: [u8; 3]) -> WrittenRow {
    WrittenRow {
        samples,
        columns: rtts_ms.map(|rtt_ms| (rtt_ms, 4)).to_vec(),
        order: order.to_vec(),
    }
}

fn written(sequence: u64, base: u64) -> Written {
    Written {
        sequence,
        base,
        regions: REGIONS.to_vec(),
        ..Written::default()
    }
}

fn key4(address: &str) -> u32 {
    key_of(address.parse().unwrap()) as u32
}

fn subnet(text: &str) -> Subnet {
    let (address, prefix) = text.split_once('/').unwrap();
    Subnet {
        address: address.parse().unwrap(),
        prefix: prefix.parse().unwrap(),
    }
}

/// Samples of the client's row, and the scope.
fn found(map: &LatencyMap, client: &str) -> (Option<u8>, u8) {
    let outlook = map.outlook(subnet(client), &crate::geo::Location::default(), || {
        (None, 0)
    });
    (outlook.row.map(|row| row.samples()), outlook.scope)
}

#[test]
fn a_client_finds_the_row_of_its_prefix_and_how_far_it_holds() {
    let mut message = written(1, 0);
    message.ipv4 = vec![(key4("10.1.2.0"), row(7, [20.0, 30.0, 40.0], [0, 1, 2]))];
    message.ipv6 = vec![(
        key_of("2001:db8:5::".parse().unwrap()),
        row(9, [1.0, 2.0, 3.0], [0, 1, 2]),
    )];
    let map = LatencyMap::default().apply(&message.octets()).unwrap();
    assert_eq!(map.rows(), 2);
    for (client, row, scope) in [
        ("10.1.2.0/24", Some(7), 24),
        ("10.1.2.77/32", Some(7), 24),
        ("10.1.3.0/24", None, 24),
        ("10.1.2.0/23", None, 24),
        ("10.2.2.0/24", None, 16),
        ("10.2.0.0/15", None, 24),
        ("2001:db8:5::/48", Some(9), 48),
        ("2001:db8:5:1::/64", Some(9), 48),
        ("2001:db8:6::/48", None, 48),
        ("2001:db9::/48", None, 32),
    ] {
        assert_eq!(found(&map, client), (row, scope), "{client}");
    }
    assert_eq!(found(&LatencyMap::default(), "10.1.2.0/24"), (None, 0));
}

#[test]
fn a_delta_replaces_rows_and_leaves_the_map_before_it_alone() {
    let mut full = written(4, 0);
    let keys = ["10.1.1.0", "10.1.2.0", "10.9.0.0"].map(key4);
    full.ipv4 = keys
        .map(|key| (key, row(1, [20.0, 30.0, 40.0], [0, 1, 2])))
        .to_vec();
    let before = LatencyMap::default().apply(&full.octets()).unwrap();
    let mut delta = written(5, 4);
    delta.ipv4 = vec![
        (key4("10.1.2.0"), row(2, [20.0, 10.0, 40.0], [1, 0, 2])),
        (key4("10.1.3.0"), row(3, [20.0, 30.0, 40.0], [0, 1, 2])),
    ];
    let after = before.apply(&delta.octets()).unwrap();
    assert_eq!((after.sequence(), after.rows(), before.rows()), (5, 4, 3));
    assert_eq!(found(&before, "10.1.2.0/24").0, Some(1));
    for (client, samples) in [
        ("10.1.1.0/24", 1),
        ("10.1.2.0/24", 2),
        ("10.1.3.0/24", 3),
        ("10.9.0.0/24", 1),
    ] {
        assert_eq!(found(&after, client).0, Some(samples), "{client}");
    }
}

#[test]
fn only_what_follows_is_taken() {
    let map = LatencyMap::default()
        .apply(&written(7, 0).octets())
        .unwrap();
    let refused = |message: Written| map.apply(&message.octets()).unwrap_err();
    assert_eq!(
        refused(written(7, 0)),
        LatencyMapError::Stale { have: 7, got: 7 }
    );
    assert_eq!(
        refused(written(9, 8)),
        LatencyMapError::Gap { have: 7, base: 8 }
    );
    let other = Written {
        regions: vec![10, 20],
        ..written(8, 7)
    };
    assert_eq!(refused(other), LatencyMapError::OtherRegions);
    assert_eq!(map.apply(&written(20, 0).octets()).unwrap().sequence(), 20);
}

#[test]
fn a_message_that_is_not_whole_or_not_sound_is_refused() {
    let mut message = written(3, 0);
    message.groups = vec![(1, 0x4445, 9, vec![(8, 2); 3])];
    message.ipv4 = vec![(key4("10.1.2.0"), row(7, [20.0, 30.0, 40.0], [0, 1, 2]))];
    let sound = message.octets();
    let map = LatencyMap::default();
    assert!(map.apply(&sound).is_ok());
    for length in 0..sound.len() {
        assert!(map.apply(&sound[..length]).is_err(), "{length}");
    }
    assert!(map.apply(&[&sound[..], b"x"].concat()).is_err());
    let twice = row(7, [20.0, 30.0, 40.0], [0, 1, 1]);
    message.ipv4 = vec![(key4("10.1.2.0"), twice)];
    assert!(map.apply(&message.octets()).is_err());
    message.ipv4 = vec![
        (2, row(7, [20.0, 30.0, 40.0], [0, 1, 2])),
        (2, row(7, [20.0, 30.0, 40.0], [0, 1, 2])),
    ];
    assert!(map.apply(&message.octets()).is_err());
    message.ipv4 = vec![(1 << 24, row(7, [20.0, 30.0, 40.0], [0, 1, 2]))];
    assert!(map.apply(&message.octets()).is_err());
    message.ipv4.clear();
    message.regions = vec![20, 10, 35];
    assert!(map.apply(&message.octets()).is_err());
}

#[test]
fn a_million_clients_and_twenty_regions_fit_in_sixty_megabytes() {
    let regions: Vec<u32> = (1..=20).collect();
    let row = WrittenRow {
        samples: 9,
        columns: vec![(20.0, 4); 20],
        order: (0..20).collect(),
    };
    // Spread over all pages, of which there are most that way.
    let mut map = LatencyMap::default();
    for part in 0..20_u64 {
        let keys = (0..50_000_u64).map(|number| ((number * 20 + part) * 16 + part) as u32);
        let message = Written {
            sequence: part + 1,
            base: part,
            regions: regions.clone(),
            ipv4: keys.map(|key| (key, row.clone())).collect(),
            ..Written::default()
        };
        map = map.apply(&message.octets()).unwrap();
    }
    assert_eq!(map.rows(), 1_000_000);
    assert!(map.octets() < 60_000_000, "{}", map.octets());
}

proptest! {
    #[test]
    fn any_sequence_of_deltas_leaves_the_newest_row_of_each_key(
        deltas in prop::collection::vec(prop::collection::btree_map(0_u64..2000, 0_u8..=255, 0..40), 1..8),
        is_ipv6: bool,
    ) {
        let mut map = LatencyMap::default();
        let mut expected = BTreeMap::new();
        for (base, rows) in (0..).zip(deltas) {
            let mut message = written(base + 1, base);
            let each = |samples: u8| row(samples, [20.0, 30.0, 40.0], [2, 1, 0]);
            match is_ipv6 {
                true => message.ipv6 = rows.iter().map(|(key, samples)| (key * 999, each(*samples))).collect(),
                false => message.ipv4 = rows.iter().map(|(key, samples)| (*key as u32, each(*samples))).collect(),
            }
            expected.extend(rows);
            map = map.apply(&message.octets()).unwrap();
        }
        prop_assert_eq!(map.rows(), expected.len());
        for (key, samples) in expected {
            let (address, prefix): (IpAddr, u8) = match is_ipv6 {
                true => (std::net::Ipv6Addr::from_bits(u128::from(key * 999) << 80).into(), 48),
                false => (std::net::Ipv4Addr::from_bits((key as u32) << 8).into(), 24),
            };
            let outlook = map.outlook(Subnet { address, prefix }, &crate::geo::Location::default(), || (None, 0));
            prop_assert_eq!(outlook.row.map(|row| row.samples()), Some(samples));
        }
    }

    #[test]
    fn strangers_octets_are_refused_and_harm_nothing(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = LatencyMap::default().apply(&[&b"TML1"[..], &octets].concat());
    }
}

//! `latency` and `explore`.

use super::*;

/// Regions 1, 2 and 3 are the columns 0, 1 and 2.
fn row(rtts_ms: [f64; 3], order: [u8; 3]) -> WrittenRow {
    WrittenRow {
        samples: 37,
        columns: rtts_ms.map(|rtt_ms| (rtt_ms, 4)).to_vec(),
        order: order.to_vec(),
    }
}

fn map(ipv4: Vec<(&str, WrittenRow)>) -> Written {
    let key = |network: &str| {
        let address: std::net::Ipv4Addr = network.parse().unwrap();
        address.to_bits() >> 8
    };
    Written {
        sequence: 1,
        base: 0,
        regions: vec![1, 2, 3],
        ipv4: ipv4
            .into_iter()
            .map(|(network, row)| (key(network), row))
            .collect(),
        ..Written::default()
    }
}

fn latency(options: Value) -> Value {
    let mut step = json!({"kind": "latency"});
    merge(&mut step, &options);
    json!([step, {"kind": "first", "count": 16}])
}

fn whys(scene: &Scene, client: &str) -> Vec<String> {
    let kept = scene.explained(client)[0]["steps"][0]["kept"].clone();
    let whys = kept
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| kept["why"].as_str().unwrap().to_owned());
    whys.collect()
}

/// S7.
#[test]
fn the_order_of_the_clients_own_row_decides_and_its_estimates_explain() {
    let held = map(vec![("10.1.2.0", row([22.0, 20.0, 90.0], [0, 1, 2]))]);
    let scene = Scene::of(&ordinary(3), latency(json!({}))).with_latency(&held);
    assert_eq!(
        scene.chosen(GERMANY),
        [1, 2, 3],
        "the present best keeps its place"
    );
    assert_eq!(scene.ask(GERMANY).scope, 24);
    assert_eq!(
        whys(&scene, GERMANY),
        [
            "22.0 ms ± 2.0 by its prefix, measured 37 times",
            "20.0 ms ± 2.0 by its prefix, measured 37 times",
            "90.0 ms ± 2.0 by its prefix, measured 37 times",
        ]
    );
}

#[test]
fn of_whatever_candidates_are_left_the_first_in_the_order_is_served() {
    let steps = json!([{"kind": "healthy"}, {"kind": "latency"}]);
    let held = map(vec![("10.1.2.0", row([22.0, 20.0, 90.0], [0, 2, 1]))]);
    let up = |ids: &[u32]| {
        ids.iter()
            .map(|id| (*id, Path::V4, State::Up))
            .collect::<Vec<_>>()
    };
    let chosen = |alive: &[u32]| {
        let scene = Scene::of(&ordinary(3), steps.clone())
            .with_health(&up(alive))
            .with_latency(&held);
        scene.chosen(GERMANY)
    };
    assert_eq!(chosen(&[1, 2, 3]), [1]);
    assert_eq!(chosen(&[2, 3]), [3]);
    assert_eq!(chosen(&[2]), [2]);
}

#[test]
fn without_a_row_distance_decides_with_what_is_known_of_country_and_network() {
    let mut message = map(vec![]);
    let scene =
        |message: &Written| Scene::of(&ordinary(3), latency(json!({}))).with_latency(message);
    assert_eq!(scene(&message).chosen(VIRGINIA), [2, 1, 3]);
    assert_eq!(whys(&scene(&message), VIRGINIA)[0], "15.0 ms by distance");
    // Region 1 is 200 ms nearer to the country than it should be, and region 2 further.
    let country = u32::from(u16::from_be_bytes(*b"US"));
    message.groups = vec![(1, country, 12, vec![(-800, 6), (800, 6), (0, 6)])];
    assert_eq!(scene(&message).chosen(VIRGINIA), [1, 2, 3]);
    assert_eq!(
        whys(&scene(&message), VIRGINIA)[1],
        "115.0 ms ± 4.0 by its country, measured 12 times"
    );
    assert_eq!(
        scene(&message).ask(VIRGINIA).scope,
        16,
        "as far as its place holds"
    );
    let network = "10.1.130.0/24";
    message.groups = vec![(2, 3320, 300, vec![(8000, 2), (0, 2), (0, 2)])];
    assert_eq!(scene(&message).chosen(network)[0], 2);
    assert_eq!(
        whys(&scene(&message), network)[0],
        "122.8 ms ± 1.0 by its network, measured 300 times"
    );
    assert_eq!(scene(&message).ask(network).scope, 17);
}

#[test]
fn without_a_place_what_is_known_of_everyone_decides_and_without_that_the_order_is_kept() {
    let mut message = map(vec![]);
    let scene =
        |message: &Written| Scene::of(&ordinary(3), latency(json!({}))).with_latency(message);
    assert_eq!(scene(&message).chosen(NOWHERE), [1, 2, 3]);
    assert_eq!(
        whys(&scene(&message), NOWHERE)[0],
        "nothing is known of how far it is"
    );
    message.groups = vec![(3, 0, 9, vec![(800, 6), (400, 6), (560, 6)])];
    assert_eq!(scene(&message).chosen(NOWHERE), [2, 3, 1]);
    assert_eq!(
        whys(&scene(&message), NOWHERE)[0],
        "50.0 ms ± 4.0 by all clients, measured 9 times"
    );
}

#[test]
fn those_nearly_as_good_as_the_best_share_its_tier() {
    let held = map(vec![("10.1.2.0", row([40.0, 44.0, 90.0], [0, 1, 2]))]);
    let tiers = |options: Value| {
        let scene = Scene::of(&ordinary(3), latency(options)).with_latency(&held);
        let kept = scene.explained(GERMANY)[0]["steps"][0]["kept"].clone();
        (0..3)
            .map(|place| kept[place]["tier"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(tiers(json!({})), [0, 1, 2]);
    assert_eq!(tiers(json!({"within_ms": 4})), [0, 0, 1]);
    assert_eq!(tiers(json!({"within_percent": 10})), [0, 0, 1]);
    assert_eq!(tiers(json!({"within_percent": 9})), [0, 1, 2]);
    assert_eq!(tiers(json!({"within_ms": 50})), [0, 0, 0]);
}

#[test]
fn endpoints_of_one_region_share_a_tier_for_a_draw_to_decide() {
    let steps = json!([{"kind": "latency"}, {"kind": "sticky"}]);
    let held = map(vec![("10.1.2.0", row([40.0, 20.0, 90.0], [1, 0, 2]))]);
    let scene = Scene::of(&ordinary(6), steps).with_latency(&held);
    let [chosen] = scene.chosen(GERMANY)[..] else {
        panic!()
    };
    assert!([2, 5].contains(&chosen), "{chosen}");
}

/// S8.
#[test]
fn a_share_of_clients_gets_the_runner_up_that_may_be_better() {
    let steps = json!([{"kind": "latency"}, {"kind": "explore", "percent": 50}]);
    let mut row = row([40.0, 41.0, 90.0], [0, 1, 2]);
    row.columns[1].1 = 6;
    let networks: Vec<_> = (0..200).map(|number| format!("10.1.{number}.0")).collect();
    let held = map(networks
        .iter()
        .map(|network| (network.as_str(), row.clone()))
        .collect());
    let scene = Scene::of(&ordinary(3), steps.clone()).with_latency(&held);
    let chosen = |scene: &Scene| {
        let chosen = networks
            .iter()
            .map(|network| scene.chosen(&format!("{network}/24"))[0]);
        chosen.collect::<Vec<_>>()
    };
    let explored = chosen(&scene).iter().filter(|chosen| **chosen == 2).count();
    assert!((70..130).contains(&explored), "{explored}");
    assert!(!chosen(&scene).contains(&3), "so far no error makes it");
    // The first that explores says so.
    let first = networks
        .iter()
        .find(|network| scene.chosen(&format!("{network}/24"))[0] == 2)
        .unwrap();
    let explained = scene.explained(&format!("{first}/24"));
    let why = &explained[0]["steps"][1]["kept"][0]["why"];
    assert_eq!(
        why,
        "explored: 41.0 ms ± 4.0 by its prefix, measured 37 times"
    );
    // Never one that is not well.
    let down = scene
        .with_health(&[(1, Path::V4, State::Up), (2, Path::V4, State::Down)])
        .with_latency(&held);
    assert!(chosen(&down).iter().all(|chosen| *chosen == 1));
    let draining =
        Scene::of(&[json!({}), json!({"admin_state": "draining"})], steps).with_latency(&held);
    assert!(chosen(&draining).iter().all(|chosen| *chosen == 1));
}

/// A step between sorts within the region that is best: the runner-up must not be forgotten meanwhile.
#[test]
fn those_who_explore_find_the_runner_up_whatever_step_stands_between() {
    let held = map(vec![("10.1.2.0", row([22.0, 21.0, 90.0], [0, 1, 2]))]);
    for between in [
        json!({"kind": "sticky"}),
        json!({"kind": "distance", "within_km": 1}),
    ] {
        let steps = json!([{"kind": "latency"}, between, {"kind": "explore", "percent": 50}]);
        let scene = Scene::of(&ordinary(6), steps).with_latency(&held);
        let explored = (0..64).filter(|number| {
            let (client, name) = (client_of(GERMANY), www());
            let now_s = NOW_S + 3600 * number;
            let question = Question {
                now_s,
                ..scene.question(&client, &name)
            };
            let index = scene.policies.policy(WWW).unwrap();
            select(&question, index, &mut Scratch::new(), &mut Silent).is_explored
        });
        assert!((16..48).contains(&explored.count()));
    }
}

#[test]
fn the_selection_says_that_a_client_explores() {
    let steps = json!([{"kind": "latency"}, {"kind": "explore", "percent": 50}]);
    let mut row = row([40.0, 41.0, 90.0], [0, 1, 2]);
    row.columns[1].1 = 8;
    let networks: Vec<_> = (0..20).map(|number| format!("10.1.{number}.0")).collect();
    let held = map(networks
        .iter()
        .map(|network| (network.as_str(), row.clone()))
        .collect());
    let scene = Scene::of(&ordinary(3), steps).with_latency(&held);
    let mut scratch = Scratch::new();
    let index = scene.policies.policy(WWW).unwrap();
    for network in &networks {
        let (client, name) = (client_of(&format!("{network}/24")), www());
        let selection = select(
            &scene.question(&client, &name),
            index,
            &mut scratch,
            &mut Silent,
        );
        let served = scene.described(&selection, &scratch).chosen;
        assert_eq!(selection.is_explored, served == [2], "{network}");
    }
}

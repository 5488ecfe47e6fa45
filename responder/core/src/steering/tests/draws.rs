use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

fn weights(weights: &[u32]) -> Vec<Value> {
    let endpoints = weights.iter();
    endpoints.map(|weight| json!({"weight": weight})).collect()
}

/// Client number n of many, each a /24 of its own.
fn client_number(number: u32) -> String {
    let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + (number << 8));
    format!("{address}/24")
}

/// How often each endpoint comes first over 10,000 clients.
fn tally(scene: &Scene) -> HashMap<u32, f64> {
    let mut counts = HashMap::new();
    for number in 0..10_000 {
        *counts
            .entry(scene.chosen(&client_number(number))[0])
            .or_default() += 1.0;
    }
    counts
}

fn chi_square(counts: &HashMap<u32, f64>, weights: &[u32]) -> f64 {
    let total: u32 = weights.iter().sum();
    let terms = (1..).zip(weights).map(|(id, weight)| {
        let expected = 10_000.0 * f64::from(*weight) / f64::from(total);
        (counts.get(&id).unwrap_or(&0.0) - expected).powi(2) / expected
    });
    terms.sum()
}

#[test]
fn weights_hold_over_ten_thousand_clients() {
    // The 99.9th percentiles of chi-square with one, two and three degrees of freedom.
    for (drawn, limit) in [
        (&[50, 50][..], 10.83),
        (&[70, 20, 10], 13.82),
        (&[1, 2, 3, 4], 16.27),
        (&[1, 99], 10.83),
    ] {
        for kind in ["weighted", "sticky"] {
            let scene = Scene::of(&weights(drawn), json!([{"kind": kind}]));
            let statistic = chi_square(&tally(&scene), drawn);
            assert!(statistic < limit, "{kind} {drawn:?}: {statistic}");
        }
    }
}

#[test]
fn a_weight_of_nothing_serves_only_when_all_others_are_gone() {
    for kind in ["weighted", "sticky"] {
        let steps = json!([{"kind": kind}, {"kind": "first", "count": 3}]);
        let scene = Scene::of(&weights(&[0, 1, 0]), steps);
        for number in 0..100 {
            assert_eq!(scene.chosen(&client_number(number))[0], 2);
        }
    }
}

#[test]
fn weights_of_nothing_alone_are_equal() {
    let scene = Scene::of(&weights(&[0, 0]), json!([{"kind": "weighted"}]));
    assert!(chi_square(&tally(&scene), &[1, 1]) < 10.83);
}

#[test]
fn a_weighted_draw_is_made_anew_for_each_ttl_and_name_and_a_sticky_one_is_not() {
    let moves = |kind: &str, later_s: u64, name: &str| {
        let scene = Scene::of(&ordinary(4), json!([{"kind": kind}]));
        let name = NameBuf::from_text(name).unwrap();
        let moved = (0..200).filter(|number| {
            let client = client_of(&client_number(*number));
            let question = scene.question(&client, &name);
            let later = Question {
                now_s: NOW_S + later_s,
                ..question
            };
            scene.answer(&later).chosen != scene.chosen(&client_number(*number))
        });
        moved.count()
    };
    assert_eq!(moves("weighted", 29, "www.demo.test."), 0);
    assert!(moves("weighted", 30, "www.demo.test.") > 100);
    assert!(moves("weighted", 0, "api.demo.test.") > 100);
    assert_eq!(moves("sticky", 86_400, "api.demo.test."), 0);
}

#[test]
fn a_draw_is_over_the_best_tier_alone() {
    let endpoints = [
        json!({"priority": 1}),
        json!({}),
        json!({}),
        json!({"priority": 1}),
    ];
    let steps = json!([{"kind": "priority"}, {"kind": "sticky"}, {"kind": "first", "count": 4}]);
    let scene = Scene::of(&endpoints, steps);
    for number in 0..50 {
        let chosen = scene.chosen(&client_number(number));
        assert_eq!(chosen[2..], [1, 4]);
    }
    let kept = &scene.explained(GERMANY)[0]["steps"][1]["kept"];
    assert!(kept[0]["why"].as_str().unwrap().starts_with("draw 0."));
    assert_eq!(kept[2]["why"], "");
}

#[test]
fn the_prefix_drawn_for_is_the_subnets_or_the_resolvers() {
    let scene = Scene::of(&ordinary(8), json!([{"kind": "sticky"}]));
    let same = |one: &str, other: &str| {
        assert_eq!(scene.chosen(one), scene.chosen(other), "{one} {other}");
    };
    same("203.0.113.7", "203.0.113.200");
    same("203.0.113.0/24", "203.0.113.77/32");
    same("2001:db8:0:1::/64", "2001:db8:0:a7::/64");
    same("203.0.113.7", "203.0.113.0/24");
}

#[test]
fn a_draw_narrows_the_scope_to_what_it_hashed_unless_nobody_else_was_there() {
    let scene = Scene::of(&ordinary(3), json!([{"kind": "sticky"}]));
    assert_eq!(scene.ask("203.0.113.0/24").scope, 24);
    assert_eq!(scene.ask("203.0.0.0/16").scope, 24);
    assert_eq!(scene.ask("2001:db8::/48").scope, 56);
    assert_eq!(scene.ask("203.0.113.7").scope, 0, "no subnet was sent");
    let alone = Scene::of(&ordinary(1), json!([{"kind": "sticky"}]));
    assert_eq!(alone.ask("203.0.113.0/24").scope, 0);
}

#[test]
fn a_policy_says_what_it_does_with_the_subnet() {
    let scope = |ecs: &str, kind: &str| {
        let mut chunk = chunk(&ordinary(3), json!([{"kind": kind}]));
        chunk["policies"][0]["ecs"] = json!(ecs);
        Scene::new(&chunk).ask(VIRGINIA).scope
    };
    assert_eq!(
        (scope("always", "distance"), scope("always", "sticky")),
        (16, 24)
    );
    assert_eq!(
        (scope("geo-only", "distance"), scope("geo-only", "sticky")),
        (16, 0)
    );
    assert_eq!(
        (scope("never", "distance"), scope("never", "sticky")),
        (0, 0)
    );
}

proptest! {
    /// S4: when one leaves, only its own clients move.
    #[test]
    fn a_leaving_endpoint_moves_its_own_clients_only(
        drawn in prop::collection::vec(0u32..5, 2..9),
        leaving: prop::sample::Index,
        number in 0u32..1_000_000,
    ) {
        let leaving = leaving.index(drawn.len());
        let mut endpoints = weights(&drawn);
        let steps = json!([{"kind": "admin"}, {"kind": "sticky"}]);
        let before = Scene::of(&endpoints, steps.clone()).chosen(&client_number(number));
        endpoints[leaving]["admin_state"] = json!("disabled");
        let after = Scene::of(&endpoints, steps).chosen(&client_number(number));
        if before == [leaving as u32 + 1] {
            prop_assert_ne!(after, before);
        } else {
            prop_assert_eq!(after, before);
        }
    }
}

#[test]
fn a_weighted_draw_before_a_sticky_one_leaves_the_last_word_to_the_sticky_one() {
    let endpoints = weights(&[70, 20, 10]);
    let both = Scene::of(
        &endpoints,
        json!([{"kind": "weighted"}, {"kind": "sticky"}]),
    );
    let sticky = Scene::of(&endpoints, json!([{"kind": "sticky"}]));
    for number in 0..200 {
        let client = client_number(number);
        assert_eq!(both.chosen(&client), sticky.chosen(&client));
    }
}

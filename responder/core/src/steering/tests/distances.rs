use super::*;
use proptest::prelude::*;

fn distance(options: Value) -> Value {
    let mut step = json!({"kind": "distance"});
    merge(&mut step, &options);
    json!([step, {"kind": "first", "count": 16}])
}

#[test]
fn the_nearest_comes_first() {
    let scene = Scene::of(&ordinary(3), distance(json!({})));
    assert_eq!(scene.chosen(GERMANY), [1, 2, 3]);
    assert_eq!(scene.chosen(VIRGINIA), [2, 1, 3]);
    assert_eq!(scene.chosen(SINGAPORE), [3, 1, 2]);
    let step = &scene.explained(VIRGINIA)[0]["steps"][0];
    assert_eq!(step["kept"][0]["why"], "0 km");
    assert_eq!(step["scope"], 16);
}

#[test]
fn without_a_position_the_order_is_kept() {
    let scene = Scene::of(&ordinary(3), distance(json!({})));
    assert_eq!(scene.chosen(NOWHERE), [1, 2, 3]);
    let step = &scene.explained(NOWHERE)[0]["steps"][0];
    assert_eq!(step["outcome"], "unchanged");
    assert_eq!(step["kept"][0]["why"], "the client's position is not known");
}

#[test]
fn a_bias_stretches_and_shrinks_the_map() {
    // Frankfurt is 6,500 km from Virginia.
    let far = Scene::of(
        &[json!({"bias": 99}), json!({"region": 2, "bias": -50})],
        distance(json!({})),
    );
    assert_eq!(far.chosen(VIRGINIA), [2, 1], "0 km stays 0 km");
    let singapore = Scene::of(
        &[
            json!({"bias": 90}),
            json!({"region": 3, "bias": -99}),
            json!({"region": 2}),
        ],
        distance(json!({})),
    );
    assert_eq!(singapore.chosen(GERMANY), [1, 3, 2]);
    let why = &singapore.explained(GERMANY)[0]["steps"][0]["kept"][2]["why"];
    assert!(why.as_str().unwrap().ends_with("km, bias -99"), "{why}");
}

#[test]
fn candidates_within_reach_of_the_nearest_share_the_best_tier() {
    let scene = Scene::of(&ordinary(3), distance(json!({"within_km": 7000})));
    let kept = scene.explained(VIRGINIA)[0]["steps"][0]["kept"].clone();
    let tiers: Vec<_> = (0..3).map(|place| kept[place]["tier"].clone()).collect();
    assert_eq!(tiers, [json!(0), json!(0), json!(1)]);
}

#[test]
fn a_later_step_orders_only_within_the_tiers_made_before() {
    let endpoints = [
        json!({"priority": 1}),
        json!({"priority": 0, "region": 3}),
        json!({"priority": 1, "region": 2}),
        json!({"priority": 0, "region": 2}),
    ];
    let steps = json!([{"kind": "priority"}, {"kind": "distance"}, {"kind": "first", "count": 4}]);
    let scene = Scene::of(&endpoints, steps);
    assert_eq!(scene.chosen(VIRGINIA), [4, 2, 3, 1]);
    let why = &scene.explained(VIRGINIA)[0]["steps"][0]["kept"][0]["why"];
    assert_eq!(why, "priority 0");
}

#[test]
fn metadata_of_the_member_beats_the_endpoints_the_pools_and_the_steps() {
    let mut chunk = chunk(
        &[
            json!({"priority": 1}),
            json!({}),
            json!({"priority": 2}),
            json!({}),
        ],
        json!([{"kind": "priority", "priority": 9}, {"kind": "first", "count": 4}]),
    );
    chunk["pools"][0]["priority"] = json!(5);
    chunk["pools"][0]["members"][2]["priority"] = json!(0);
    assert_eq!(Scene::new(&chunk).chosen(GERMANY), [3, 1, 2, 4]);
    chunk["pools"][0]["priority"] = json!(null);
    chunk["endpoints"][3]["priority"] = json!(8);
    assert_eq!(Scene::new(&chunk).chosen(GERMANY), [3, 1, 4, 2]);
}

/// The haversine formula.
fn haversine_km((latitude, longitude): (f64, f64), (other, east): (f64, f64)) -> f64 {
    let square = |angle: f64| (angle.to_radians() / 2.0).sin().powi(2);
    let cosines = latitude.to_radians().cos() * other.to_radians().cos();
    let share = square(other - latitude) + cosines * square(east - longitude);
    2.0 * 6371.0088 * share.sqrt().min(1.0).asin()
}

fn position() -> impl Strategy<Value = (f64, f64)> {
    (-90.0..90.0, -180.0..180.0)
}

proptest! {
    #[test]
    fn the_order_is_that_of_brute_force(
        regions in prop::collection::vec((position(), -99i64..=99), 1..9),
        client in position(),
    ) {
        let endpoints: Vec<_> = (1..).zip(&regions).map(|(region, (_, bias))| {
            json!({"region": region, "bias": bias})
        }).collect();
        let mut chunk = chunk(&endpoints, distance(json!({})));
        chunk["regions"] = (1..).zip(&regions).map(|(id, ((latitude, longitude), _))| {
            json!({"id": id, "name": format!("r{id}"), "latitude": latitude, "longitude": longitude})
        }).collect();
        let mut scene = Scene::new(&chunk);
        let record = json!({"country": {"iso_code": "DE"}, "location": {"latitude": client.0, "longitude": client.1}});
        scene.geo = opened(&[("city", mmdb(&[("10.0.0.0/8", record)]))]);
        let mut expected: Vec<_> = (1..).zip(&regions).map(|(id, (position, bias))| {
            let km = haversine_km(*position, client);
            let share = *bias as f64 / 100.0;
            let biased = if *bias > 0 { km * (1.0 - share) } else { km / (1.0 + share) };
            (biased, id)
        }).collect();
        expected.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Two formulas agree to the metre; nearer than that the order says nothing.
        prop_assume!(expected.windows(2).all(|pair| pair[1].0 - pair[0].0 > 0.01));
        let expected: Vec<u32> = expected.into_iter().map(|(_, id)| id).collect();
        prop_assert_eq!(scene.chosen("10.0.0.0/24"), expected);
    }
}

#[test]
fn the_cheapest_comes_first_and_what_costs_hardly_more_shares_its_tier() {
    let endpoints = [
        json!({"cost": 0.09}),
        json!({"cost": 0.08}),
        json!({}),
        json!({"cost": 2}),
    ];
    let cost = json!({"kind": "cost", "cost": 1, "within_percent": 20});
    let scene = Scene::of(&endpoints, json!([cost, {"kind": "first", "count": 16}]));
    assert_eq!(scene.chosen(GERMANY), [2, 1, 3, 4]);
    let kept = scene.explained(GERMANY)[0]["steps"][0]["kept"].clone();
    let tiers: Vec<_> = (0..4).map(|place| kept[place]["tier"].clone()).collect();
    assert_eq!(tiers, [json!(0), json!(0), json!(1), json!(2)]);
    assert_eq!(kept[0]["why"], "cost 0.08");
    assert_eq!(kept[2]["why"], "cost 1", "nobody said it but the step");
}

#[test]
fn free_endpoints_share_a_tier() {
    let endpoints = [json!({"cost": 1}), json!({"cost": 0}), json!({"cost": 0})];
    let scene = Scene::of(
        &endpoints,
        json!([{"kind": "cost"}, {"kind": "first", "count": 16}]),
    );
    assert_eq!(scene.chosen(GERMANY), [2, 3, 1]);
}

#[test]
fn a_members_cost_beats_the_endpoints_and_that_the_pools() {
    let mut chunk = chunk(
        &[json!({"cost": 1}), json!({"cost": 2}), json!({})],
        json!([{"kind": "cost", "cost": 9}, {"kind": "first", "count": 4}]),
    );
    chunk["pools"][0]["cost"] = json!(1.5);
    chunk["pools"][0]["members"][0]["cost"] = json!(3);
    assert_eq!(Scene::new(&chunk).chosen(GERMANY), [3, 2, 1]);
}

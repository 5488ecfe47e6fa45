//! What holds for every policy, state and client.

use super::*;
use crate::steering::client::masked;
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn if_empty() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"action": "bypass"})),
        Just(json!({"action": "fallback", "pool": 2})),
        Just(json!({"action": "fallback", "policy": 6})),
    ]
}

fn place() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "continent:EU",
        "continent:NA",
        "country:DE",
        "country:US",
        "country:SG",
        "subdivision:US-VA",
    ])
}

fn fence_place() -> impl Strategy<Value = &'static str> {
    let blocks = [
        "cidr:10.1.0.0/18",
        "cidr:10.2.128.0/17",
        "cidr:10.0.0.0/13",
        "cidr:10.1.2.128/25",
    ];
    prop_oneof![
        place(),
        Just("asn:3320"),
        prop::sample::select(blocks.to_vec())
    ]
}

fn step() -> impl Strategy<Value = Value> {
    let rules = prop::collection::btree_map(place(), prop::collection::vec(1u32..=3, 1..3), 0..4);
    let default = prop_oneof![
        Just(json!("all")),
        prop::collection::vec(1u32..=3, 0..3).prop_map(|regions| json!({"regions": regions})),
    ];
    prop_oneof![
        (any::<bool>(), if_empty()).prop_map(|(relative, if_empty)| json!({
            "kind": "healthy", "relative": relative, "if_empty": if_empty,
        })),
        if_empty().prop_map(|if_empty| json!({"kind": "admin", "if_empty": if_empty})),
        (
            prop::sample::select(vec![json!(null), json!("fenced"), json!("fenced!=yes")]),
            prop::collection::vec(fence_place(), 0..4),
            prop::collection::vec(fence_place(), 1..4),
            prop_oneof![if_empty(), Just(json!({"action": "refuse"}))],
        )
            .prop_map(|(label, allow, deny, if_empty)| json!({
                "kind": "fence", "label": label, "allow": allow, "deny": deny, "if_empty": if_empty,
            })),
        (rules, default, if_empty()).prop_map(|(rules, default, if_empty)| {
            let rules: Vec<_> = rules
                .into_iter()
                .map(|(location, regions)| json!({"location": location, "regions": regions}))
                .collect();
            json!({"kind": "geo", "rules": rules, "default": default, "if_empty": if_empty})
        }),
        (0u32..8000).prop_map(|km| json!({"kind": "distance", "within_km": km})),
        (
            prop::sample::subsequence(vec!["fenced", "site", "site!=eu", "version>=2"], 1..3),
            prop::sample::select(vec![json!(null), json!("site")]),
            if_empty(),
        )
            .prop_map(|(select, name_label, if_empty)| json!({
                "kind": "label", "select": select, "name_label": name_label, "if_empty": if_empty,
            })),
        Just(json!({"kind": "label", "name_label": "site"})),
        (1u32..4).prop_map(|count| json!({"kind": "use", "policy": 6, "min_healthy": count})),
        (0u32..100).prop_map(|percent| json!({"kind": "cost", "within_percent": percent})),
        (
            prop::sample::select(vec![0, 0, 30]),
            prop::sample::select(vec![0, 20])
        )
            .prop_map(|(ms, percent)| json!({
                "kind": "latency", "within_ms": ms, "within_percent": percent,
            })),
        Just(json!({"kind": "latency"})),
        Just(json!({"kind": "explore", "percent": 50})),
        (0u32..10, 1u32..10, if_empty()).prop_map(|(low, width, if_empty)| json!({
            "kind": "load", "low": f64::from(low) / 10.0, "high": f64::from(low + width) / 10.0, "if_empty": if_empty,
        })),
        Just(json!({"kind": "priority"})),
        Just(json!({"kind": "weighted"})),
        Just(json!({"kind": "sticky"})),
        (1u32..4).prop_map(|count| json!({"kind": "first", "count": count})),
    ]
}

fn any_endpoint() -> impl Strategy<Value = Value> {
    let states = vec!["enabled", "enabled", "draining", "disabled"];
    (
        1u32..=3,
        0u32..4,
        0u32..3,
        prop::sample::select(states),
        any::<bool>(),
        prop::sample::select(vec![
            json!({}),
            json!({"fenced": "yes"}),
            json!({"site": "www", "version": "2"}),
            json!({"site": "EU", "fenced": "yes", "version": "1"}),
        ]),
        prop::sample::select(vec![0, 0, 0, 1, 2]),
    )
        .prop_map(|(region, weight, priority, admin_state, checked, labels, kind)| {
            let mut endpoint = json!({
                "cost": f64::from(weight) / 4.0, "region": region, "weight": weight, "priority": priority, "admin_state": admin_state,
                "checked": checked, "labels": labels,
            });
            match kind {
                0 => {}
                1 => merge(&mut endpoint, &json!({"ipv4": null, "ipv6": "2001:db8::1"})),
                _ => merge(&mut endpoint, &json!({"ipv4": null, "hostname": "cdn.example.net."})),
            }
            endpoint
        })
}

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![State::Up, State::Down, State::Unknown])
}

fn any_group() -> impl Strategy<Value = (u8, u32, u16, Vec<(i16, u8)>)> {
    let whom = vec![
        (0, 0),
        (1, 0x4445),
        (1, 0x5553),
        (2, 3320),
        (3, 0),
        (4, 3320),
    ];
    let columns = prop::collection::vec((-400_i16..400, 0_u8..16), 3);
    (prop::sample::select(whom), columns).prop_map(|((kind, key), columns)| (kind, key, 9, columns))
}

/// Some clients have rows, with few different round trips, so that some are equal.
fn any_map() -> impl Strategy<Value = Written> {
    let order = Just(vec![0_u8, 1, 2]).prop_shuffle();
    let columns = prop::collection::vec((1_u8..6, 0_u8..16), 3);
    let row = (columns, order).prop_map(|(columns, order)| WrittenRow {
        samples: 3,
        columns: columns
            .into_iter()
            .map(|(tens, error)| (f64::from(tens) * 10.0, error))
            .collect(),
        order,
    });
    let keys = (0x0a_00_u32..0x0a_04, 0_u32..6).prop_map(|(page, low)| page << 8 | low);
    let rows = prop::collection::btree_map(keys, row, 0..12);
    let regions = prop::sample::select(vec![vec![1, 2, 3], vec![1, 3, 9]]);
    let groups = prop::collection::vec(any_group(), 0..5);
    (rows, regions, groups).prop_map(|(rows, regions, mut groups)| {
        groups.sort_by_key(|group| (group.0, group.1));
        groups.dedup_by_key(|group| (group.0, group.1));
        Written {
            sequence: 1,
            base: 0,
            regions,
            groups,
            ipv4: rows.into_iter().collect(),
            ipv6: Vec::new(),
        }
    })
}

/// Some say nothing, and of some it was too long ago.
fn loads() -> impl Strategy<Value = Vec<(u32, f64, u64)>> {
    let load = prop::option::of((0u32..1200, 0u64..80));
    prop::collection::vec(load, 8).prop_map(|loads| {
        let loads = (1..).zip(loads);
        let loads = loads.filter_map(|(id, load)| {
            load.map(|(share, age_s)| (id, f64::from(share) / 1000.0, age_s))
        });
        loads.collect()
    })
}

/// Of vantages in the three regions and in one that no snapshot knows.
fn views() -> impl Strategy<Value = Vec<ViewsEntry>> {
    let vantages = prop::collection::vec((1_u32..=4, any::<bool>()), 1..4);
    let path = prop::sample::select(vec![Path::Name, Path::V4, Path::V6]);
    let entry = (1_u32..=8, path, vantages);
    let entry = entry.prop_map(|(id, path, views)| (id, path, views.into()));
    prop::collection::vec(entry, 0..6)
}

prop_compose! {
    /// "www" over endpoints 1 to 6 with any steps, a pool and a policy to fall back to, and any health and loads.
    fn any_scene()(
        endpoints in prop::collection::vec(any_endpoint(), 8),
        steps in prop::collection::vec(step(), 0..6),
        ecs in prop::sample::select(vec!["always", "always", "geo-only", "never"]),
        states in prop::collection::vec(state(), 24),
        latency in any_map(),
        loads in prop_oneof![Just(Vec::new()), loads()],
        views in prop_oneof![Just(Vec::new()), views()],
    ) -> Scene {
        let mut chunk = chunk(&endpoints, steps.into());
        let all = chunk["pools"][0]["members"].as_array().unwrap().clone();
        chunk["pools"] = json!([
            {"id": 1, "name": "all", "weight": null, "priority": null, "bias": null, "members": all[..6]},
            {"id": 2, "name": "spare", "weight": null, "priority": null, "bias": null, "members": all[5..]},
        ]);
        chunk["policies"][0]["ecs"] = json!(ecs);
        let spare_steps = json!([{"kind": "healthy"}, {"kind": "distance"}, {"kind": "sticky"}]);
        chunk["policies"] = json!([chunk["policies"][0], policy(6, "spare", 2, spare_steps)]);
        let paths = [Path::Name, Path::V4, Path::V6];
        let judged = (1..=8).flat_map(|id| paths.map(|path| (id, path)));
        let states: Vec<_> = judged.zip(states).map(|((id, path), state)| (id, path, state)).collect();
        Scene::new(&chunk).believing(&states, &loads, views).with_latency(&latency)
    }
}

fn subnet_of(bits: u32, prefix: u8) -> Subnet {
    // Within 10.0.0.0/14, where the world's networks are.
    let address = Ipv4Addr::from_bits(0x0a00_0000 | bits & 0x0003_ffff);
    Subnet {
        address: masked(address.into(), prefix),
        prefix,
    }
}

fn ask_as(scene: &Scene, subnet: Subnet) -> Answer {
    let client = Client {
        resolver: "198.51.100.53".parse().unwrap(),
        subnet: Some(subnet),
    };
    scene.answer(&scene.question(&client, &www()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// S1.
    #[test]
    fn an_answer_is_empty_only_if_a_fence_refuses_or_nobody_has_an_address(scene in any_scene(), bits: u32) {
        let answer = ask_as(&scene, subnet_of(bits, 24));
        let own = scene.policies.policy_at(scene.policies.policy(WWW).unwrap()).unwrap();
        let answerable = own.candidates.ipv4.len();
        match answer.outcome.as_str() {
            "Refused" => prop_assert!(answer.chosen.is_empty()),
            "NoCandidate" => prop_assert_eq!(answerable, 0),
            _ => prop_assert!(!answer.chosen.is_empty()),
        }
    }

    /// RFC 7871: a resolver gives the answer to everybody within its scope.
    #[test]
    fn an_answer_holds_for_every_subnet_within_its_scope(
        scene in any_scene(), bits: u32, prefix in 1u8..=32, other: u32, longer in 0u8..=32,
    ) {
        let subnet = subnet_of(bits, prefix);
        let answer = ask_as(&scene, subnet);
        prop_assume!(answer.scope <= prefix);
        let host_bits = u32::MAX.checked_shr(answer.scope.into()).unwrap_or(0);
        let IpAddr::V4(address) = subnet.address else { unreachable!() };
        let neighbour = Ipv4Addr::from_bits(address.to_bits() & !host_bits | other & host_bits);
        let prefix = longer.max(answer.scope).max(1);
        let neighbour = Subnet { address: masked(neighbour.into(), prefix), prefix };
        let same = ask_as(&scene, neighbour);
        prop_assert_eq!(&same.chosen, &answer.chosen, "{:?} {:?}", subnet, neighbour);
        prop_assert_eq!(same.outcome, answer.outcome);
    }

    /// Explain is serve.
    #[test]
    fn an_explained_choice_is_the_silent_choice(scene in any_scene(), bits: u32) {
        let subnet = subnet_of(bits, 24);
        let answer = ask_as(&scene, subnet);
        let policies = scene.explained(&format!("{}/24", subnet.address));
        let last = policies.as_array().unwrap().last().unwrap();
        prop_assert_eq!(&last["chosen"], &json!(answer.chosen));
        prop_assert_eq!(&last["ttl"], &json!(answer.ttl_s));
        prop_assert_eq!(&last["scope"], &json!(answer.scope));
    }

    /// One scratch serves both, as a worker's does: what is remembered for one must not show in the other.
    #[test]
    fn a_shadow_changes_no_answer(
        scene in any_scene(),
        proposal in prop::collection::vec(step(), 0..6),
        clients in prop::collection::vec((any::<u32>(), 8u8..=32), 1..20),
    ) {
        let mut chunk = scene.chunk.clone();
        chunk["format"] = json!(2);
        chunk["shadows"] = json!([{
            "id": 1, "policy": WWW, "pools": [1], "steps": proposal, "percent": 100, "until": NOW_S + 1,
        }]);
        let policies = PolicySet::parse(&serde_json::to_vec(&chunk).unwrap()).unwrap();
        let index = policies.policy(WWW).unwrap();
        let mut scratch = Scratch::new();
        for (bits, prefix) in clients {
            let subnet = subnet_of(bits, prefix);
            let client = Client { resolver: "198.51.100.53".parse().unwrap(), subnet: Some(subnet) };
            let name = www();
            let question = Question { policies: &policies, ..scene.question(&client, &name) };
            let selection = select(&question, index, &mut scratch, &mut Silent);
            prop_assert!(watch(&question, index, &mut scratch).is_some());
            prop_assert_eq!(scene.described(&selection, &scratch), ask_as(&scene, subnet));
        }
    }

    /// What the tree remembers of clients that came before changes nothing for those that come after.
    #[test]
    fn what_is_remembered_is_what_would_be_decided(
        scene in any_scene(),
        clients in prop::collection::vec((any::<u32>(), 8u8..=32, any::<bool>(), any::<bool>()), 1..40),
    ) {
        /// No host name has an address.
        struct Nowhere;
        impl Targets for Nowhere {
            fn has_address(&self, _target: crate::wire::Name<'_>, _family: Family) -> bool {
                false
            }
        }
        let mut warm = Scratch::new();
        let index = scene.policies.policy(WWW).unwrap();
        let names = [www(), NameBuf::from_text("eu.demo.test.").unwrap()];
        for (bits, prefix, is_apex, is_other) in clients {
            for family in [Family::V4, Family::V6] {
                let client = Client {
                    resolver: "198.51.100.53".parse().unwrap(),
                    subnet: Some(subnet_of(bits, prefix)),
                };
                let apex = is_apex.then_some(&Nowhere as &dyn Targets);
                let question = Question { family, apex, ..scene.question(&client, &names[usize::from(is_other)]) };
                let selection = select(&question, index, &mut warm, &mut Silent);
                let remembered = scene.described(&selection, &warm);
                let mut cold = Scratch::new();
                let selection = select(&question, index, &mut cold, &mut Recorder::new());
                prop_assert_eq!(remembered, scene.described(&selection, &cold));
            }
        }
    }

    #[test]
    fn every_dropped_candidate_has_a_reason(scene in any_scene(), bits: u32) {
        let subnet = subnet_of(bits, 24);
        let policies = scene.explained(&format!("{}/24", subnet.address));
        for step in policies.as_array().unwrap().iter().flat_map(|policy| policy["steps"].as_array().unwrap()) {
            for (endpoint, reason) in drops(step) {
                prop_assert!(!reason.is_empty(), "endpoint {} in {}", endpoint, step);
            }
        }
    }
}

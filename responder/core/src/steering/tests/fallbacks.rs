use super::*;

/// "www" over endpoints 1 and 2, with the given step; pool 2 holds 3 and 4; policy 6 "spare" serves pool 2.
fn with_spare(step: Value, spare_steps: Value) -> Value {
    let steps = json!([step, {"kind": "priority"}, {"kind": "first", "count": 16}]);
    let endpoints = [
        json!({}),
        json!({}),
        json!({"priority": 2}),
        json!({"priority": 1}),
    ];
    let mut chunk = chunk(&endpoints, steps);
    chunk["pools"][0]["members"] = json!([member(1), member(2)]);
    let mut pools = chunk["pools"].as_array().unwrap().clone();
    pools.push(json!({
        "id": 2, "name": "spare", "weight": null, "priority": null, "bias": null, "members": [member(3), member(4)],
    }));
    chunk["pools"] = pools.into();
    let mut spare = policy(6, "spare", 2, spare_steps);
    spare["ttl"] = json!(300);
    let mut policies = chunk["policies"].as_array().unwrap().clone();
    policies.push(spare);
    chunk["policies"] = policies.into();
    chunk
}

fn healthy_or(if_empty: Value) -> Value {
    json!({"kind": "healthy", "if_empty": if_empty})
}

/// Of the spare endpoints 3 is up, so that asking would drop 4, which the priorities prefer.
const WWW_DOWN: [(u32, Path, State); 4] = [
    (1, Path::V4, State::Down),
    (2, Path::V4, State::Down),
    (3, Path::V4, State::Up),
    (4, Path::V4, State::Down),
];

#[test]
fn a_fallback_pool_is_served_without_its_health_but_sorted() {
    let step = healthy_or(json!({"action": "fallback", "pool": 2}));
    let scene = Scene::new(&with_spare(step, json!([])));
    assert_eq!(scene.chosen(GERMANY), [1, 2], "while somebody is up");
    let scene = scene.with_health(&WWW_DOWN);
    assert_eq!(scene.chosen(GERMANY), [4, 3]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    assert_eq!(step["outcome"], "fallback");
    assert_eq!(
        step["note"],
        "would have dropped all: pool 2 is served instead"
    );
    let reason = "down over IPv4".to_owned();
    assert_eq!(drops(step), [(1, reason.clone()), (2, reason)]);
    assert_eq!(step["kept"][0]["endpoint"], 3);
}

#[test]
fn a_fallback_pool_passes_by_every_other_sifting_step() {
    let mut chunk = with_spare(
        healthy_or(json!({"action": "fallback", "pool": 2})),
        json!([]),
    );
    let fence = json!({"kind": "fence", "deny": ["country:DE"], "if_empty": {"action": "refuse"}});
    let mut steps = chunk["policies"][0]["steps"].as_array().unwrap().clone();
    steps.insert(1, fence);
    chunk["policies"][0]["steps"] = steps.into();
    let scene = Scene::new(&chunk).with_health(&WWW_DOWN);
    assert_eq!(scene.chosen(GERMANY), [4, 3]);
    let step = &scene.explained(GERMANY)[0]["steps"][1];
    assert_eq!(step["note"], "skipped: a fallback is served");
}

#[test]
fn a_fallback_policy_answers_with_its_steps_but_health_and_its_ttl() {
    let spare = json!([{"kind": "healthy"}, {"kind": "priority"}]);
    let step = healthy_or(json!({"action": "fallback", "policy": 6}));
    let scene = Scene::new(&with_spare(step, spare)).with_health(&WWW_DOWN);
    let answer = scene.ask(GERMANY);
    assert_eq!((answer.chosen, answer.ttl_s), (vec![4], 300));
    let policies = scene.explained(GERMANY);
    let note = "would have dropped all: policy 6 answers instead";
    assert_eq!(policies[0]["steps"][0]["note"], note);
    assert_eq!(policies[1]["name"], "spare");
    assert_eq!(policies[1]["chosen"], json!([4]));
}

#[test]
fn a_fallback_that_has_nobody_for_the_family_is_no_fallback() {
    for (fallback, note) in [
        ("pool", "kept all, for fallback pool 2 has no IPv4 address"),
        (
            "policy",
            "kept all, for fallback policy 6 has no IPv4 address",
        ),
    ] {
        let id = if fallback == "pool" { 2 } else { 6 };
        let step = healthy_or(json!({"action": "fallback", fallback: id}));
        let mut chunk = with_spare(step, json!([]));
        for place in [2, 3] {
            chunk["endpoints"][place]["ipv4"] = json!(null);
            chunk["endpoints"][place]["ipv6"] = json!("2001:db8::9");
        }
        let scene = Scene::new(&chunk).with_health(&WWW_DOWN);
        assert_eq!(scene.chosen(GERMANY), [1, 2]);
        let step = &scene.explained(GERMANY)[0]["steps"][0];
        assert_eq!(step["outcome"], "bypassed");
        assert_eq!(step["note"], note);
    }
}

#[test]
fn a_fallback_policy_sees_no_more_of_the_client_than_its_caller() {
    let step = healthy_or(json!({"action": "fallback", "policy": 6}));
    let mut chunk = with_spare(step, json!([{"kind": "sticky"}]));
    chunk["policies"][0]["ecs"] = json!("never");
    let scene = Scene::new(&chunk).with_health(&WWW_DOWN);
    assert_eq!(scene.ask(GERMANY).scope, 0);
}

const UP: State = State::Up;

/// "www" uses "spare", which has endpoints 3 and 4, before its own endpoints 1 and 2.
fn using_spare(min_healthy: u32) -> Value {
    let step = json!({"kind": "use", "policy": 6, "min_healthy": min_healthy});
    with_spare(step, json!([{"kind": "healthy"}, {"kind": "priority"}]))
}

#[test]
fn a_policy_with_enough_healthy_endpoints_is_used_with_its_steps_and_its_ttl() {
    let states = [(3, Path::V4, UP), (4, Path::V4, UP)];
    let scene = Scene::new(&using_spare(2)).with_health(&states);
    let answer = scene.ask(GERMANY);
    assert_eq!((answer.chosen, answer.ttl_s), (vec![4], 300));
    let policies = scene.explained(GERMANY);
    assert_eq!(policies[0]["steps"][0]["note"], "policy 6 answers");
    assert_eq!(policies[1]["chosen"], json!([4]));
}

#[test]
fn a_policy_with_too_few_healthy_endpoints_is_passed_by() {
    let states = [
        (1, Path::V4, UP),
        (2, Path::V4, UP),
        (3, Path::V4, UP),
        (4, Path::V4, State::Down),
    ];
    let scene = Scene::new(&using_spare(2)).with_health(&states);
    assert_eq!(scene.chosen(GERMANY), [1, 2]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    assert_eq!(step["outcome"], "bypassed");
    let note = "passed by: policy 6 needs 2 healthy endpoints and has 1";
    assert_eq!(step["note"], note);
    let one = Scene::new(&using_spare(1)).with_health(&states);
    assert_eq!(one.chosen(GERMANY), [3], "its own healthy step still asks");
}

#[test]
fn an_endpoint_that_is_draining_or_down_for_the_family_asked_does_not_make_a_policy_well() {
    let mut chunk = using_spare(1);
    chunk["endpoints"][2]["admin_state"] = json!("draining");
    let states = [(1, Path::V4, UP), (3, Path::V4, UP), (4, Path::V6, UP)];
    let scene = Scene::new(&chunk).with_health(&states);
    assert_eq!(scene.chosen(GERMANY), [1, 2]);
}

#[test]
fn a_used_policy_sees_no_more_of_the_client_than_its_caller() {
    let mut chunk = using_spare(1);
    chunk["policies"][1]["steps"] = json!([{"kind": "sticky"}]);
    chunk["policies"][0]["ecs"] = json!("never");
    assert_eq!(Scene::new(&chunk).ask(GERMANY).scope, 0);
    chunk["policies"][0]["ecs"] = json!("always");
    assert_eq!(Scene::new(&chunk).ask(GERMANY).scope, 24);
}

#[test]
fn an_endpoint_in_several_pools_counts_once_at_its_first_place() {
    let mut chunk = with_spare(json!({"kind": "admin"}), json!([]));
    chunk["policies"][0]["pools"] = json!([2, 1]);
    let members = json!([member(1), member(4), member(2)]);
    chunk["pools"][0]["members"] = members;
    chunk["endpoints"][3]["priority"] = json!(null);
    chunk["endpoints"][2]["priority"] = json!(null);
    assert_eq!(Scene::new(&chunk).chosen(GERMANY), [3, 4, 1, 2]);
}

#[test]
fn what_is_switched_off_is_no_fallback_and_does_not_count_for_a_nested_policy() {
    let pool = healthy_or(json!({"action": "fallback", "pool": 2}));
    let scene = Scene::new(&with_spare(pool, json!([]))).with_health(&WWW_DOWN);
    assert_eq!(scene.chosen(GERMANY), [4, 3]);
    let scene = scene.without(&[4]);
    assert_eq!(scene.chosen(GERMANY), [3]);
    assert_eq!(scene.without(&[3, 4]).chosen(GERMANY), [1, 2]);

    let policy = healthy_or(json!({"action": "fallback", "policy": 6}));
    let scene = Scene::new(&with_spare(policy, json!([]))).with_health(&WWW_DOWN);
    assert_eq!(scene.without(&[3, 4]).chosen(GERMANY), [1, 2]);

    let scene = Scene::new(&using_spare(2));
    let used = scene.chosen(GERMANY);
    assert!(used.contains(&3) || used.contains(&4));
    assert_eq!(scene.without(&[4]).chosen(GERMANY), [1, 2]);
}

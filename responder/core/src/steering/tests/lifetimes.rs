use super::*;

/// Everybody is up, but these are failing.
fn with_failing(mut scene: Scene, failing: &[(u32, Path)]) -> Scene {
    let ids = scene.policies.endpoints().iter();
    let up = ids.map(|endpoint| (endpoint.id, Path::V4, State::Up));
    let failing = failing.iter().map(|(id, path)| (*id, *path, true));
    let table = HealthTable::new(2, up).with_failing(failing);
    scene.beliefs = Beliefs::new(&scene.policies, &table);
    scene
}

#[test]
fn the_ttl_is_the_lowest_while_a_candidate_is_failing_whoever_is_answered() {
    let scene = || Scene::of(&ordinary(3), json!([{"kind": "healthy"}]));
    for (failing, ttl_s) in [
        (vec![], 30),
        (vec![(1, Path::V4)], 5),
        (vec![(3, Path::V4)], 5),
        (vec![(3, Path::V6)], 30),
        (vec![(99, Path::V4)], 30),
    ] {
        let scene = with_failing(scene(), &failing);
        let answer = scene.ask(GERMANY);
        assert_eq!((answer.chosen, answer.ttl_s), (vec![1], ttl_s));
        assert_eq!(scene.explained(GERMANY)[0]["ttl"], ttl_s);
    }
}

#[test]
fn an_explanation_names_who_lowered_the_ttl() {
    let steps = || json!([{"kind": "healthy"}]);
    let scene = with_failing(
        Scene::of(&ordinary(3), steps()),
        &[(1, Path::V4), (3, Path::V4)],
    );
    assert_eq!(
        scene.explained(GERMANY)[0]["ttl_note"],
        "lowered from 30 s, for it fails but is not yet down: e1, e3"
    );
    let calm = Scene::of(&ordinary(3), steps());
    assert_eq!(calm.explained(GERMANY)[0]["ttl_note"], "");
}

#[test]
fn the_families_have_ttls_of_their_own() {
    let both = json!({"ipv6": "2001:db8::1"});
    let scene = with_failing(Scene::of(&[both], json!([])), &[(1, Path::V6)]);
    assert_eq!(scene.ask_family(GERMANY, Family::V4).ttl_s, 30);
    assert_eq!(scene.ask_family(GERMANY, Family::V6).ttl_s, 5);
}

#[test]
fn a_host_name_fails_for_both_families_and_who_is_not_checked_never() {
    let name = json!({"ipv4": null, "hostname": "cdn.example.net."});
    let scene = with_failing(Scene::of(&[name], json!([])), &[(1, Path::Name)]);
    assert_eq!(scene.ask_family(GERMANY, Family::V6).ttl_s, 5);
    let unchecked = json!({"checked": false});
    let scene = with_failing(Scene::of(&[unchecked], json!([])), &[(1, Path::V4)]);
    assert_eq!(scene.ask(GERMANY).ttl_s, 30);
}

#[test]
fn a_failing_endpoint_moves_no_draw() {
    let steps = json!([{"kind": "weighted"}]);
    let calm = Scene::of(&ordinary(8), steps.clone());
    let failing = with_failing(Scene::of(&ordinary(8), steps), &[(1, Path::V4)]);
    for number in 0..100 {
        let client = format!("10.1.{number}.0/24");
        assert_eq!(failing.chosen(&client), calm.chosen(&client));
    }
}

#[test]
fn a_policy_that_answers_for_another_looks_at_its_own_candidates() {
    let mut chunk = chunk(&ordinary(2), json!([{"kind": "use", "policy": 6}]));
    let pool = |id: u64, ids: &[u64]| {
        let members: Vec<_> = ids.iter().map(|id| member(*id)).collect();
        json!({"id": id, "name": format!("p{id}"), "weight": null, "priority": null, "bias": null, "members": members})
    };
    chunk["pools"] = json!([pool(1, &[1]), pool(2, &[2])]);
    chunk["policies"] = json!([chunk["policies"][0], policy(6, "used", 2, json!([]))]);
    let ttl_s = |id| {
        with_failing(Scene::new(&chunk), &[(id, Path::V4)])
            .ask(GERMANY)
            .ttl_s
    };
    assert_eq!((ttl_s(1), ttl_s(2)), (30, 5));
}

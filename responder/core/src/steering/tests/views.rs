use super::*;

const EU: u32 = 1;
const US: u32 = 2;

/// Endpoints 1 and 2 in order of priority, which by the quorum are in these states over IPv4; vantages disagree about 1.
fn split(step: Value, states: [State; 2], views: &[(u32, bool)]) -> Scene {
    let endpoints = [json!({"priority": 1}), json!({"priority": 2})];
    let scene = Scene::of(&endpoints, json!([step, {"kind": "priority"}]));
    let [first, second] = states;
    let states = [(1, Path::V4, first), (2, Path::V4, second)];
    scene.believing(&states, &[], vec![(1, Path::V4, views.into())])
}

fn relative() -> Value {
    json!({"kind": "healthy", "relative": true})
}

#[test]
fn the_nearest_vantage_decides_where_vantages_disagree() {
    for by_quorum in [State::Up, State::Down] {
        let scene = split(
            relative(),
            [by_quorum, State::Up],
            &[(EU, false), (US, true)],
        );
        assert_eq!(scene.chosen(GERMANY), [2], "{by_quorum:?}");
        assert_eq!(scene.chosen(VIRGINIA), [1], "{by_quorum:?}");
    }
}

#[test]
fn the_quorum_decides_for_policies_that_do_not_ask_for_it() {
    let plain = json!({"kind": "healthy"});
    let scene = split(plain, [State::Up, State::Up], &[(EU, false), (US, true)]);
    assert_eq!(scene.chosen(GERMANY), [1]);
    assert_eq!(scene.ask(GERMANY).scope, 0);
}

#[test]
fn the_quorum_decides_for_clients_from_nowhere_and_vantages_that_nobody_can_place() {
    let views = [(EU, false), (US, true)];
    let scene = split(relative(), [State::Up, State::Up], &views);
    assert_eq!(scene.chosen(NOWHERE), [1]);
    let scene = split(relative(), [State::Up, State::Up], &[(99, false)]);
    assert_eq!(scene.chosen(GERMANY), [1]);
}

#[test]
fn an_answer_that_depends_on_where_the_client_is_says_so_while_vantages_disagree() {
    let scene = split(
        relative(),
        [State::Up, State::Up],
        &[(EU, false), (US, true)],
    );
    assert_eq!(scene.ask(GERMANY).scope, 16);
    let agreed = Scene::of(&ordinary(2), json!([relative()]));
    assert_eq!(agreed.ask(GERMANY).scope, 0);
}

#[test]
fn families_are_judged_apart_and_who_is_not_checked_is_not_judged() {
    let views = || vec![(1, Path::V6, [(EU, false)].into())];
    let scene = |change| Scene::of(&[change, json!({})], json!([relative()]));
    let up = [(1, Path::V4, State::Up), (2, Path::V4, State::Up)];
    let other_family = scene(json!({})).believing(&up, &[], views());
    assert_eq!(other_family.chosen(GERMANY), [1]);
    let views = vec![(1, Path::V4, [(EU, false)].into())];
    let unchecked = scene(json!({"checked": false})).believing(&up, &[], views);
    assert_eq!(unchecked.chosen(GERMANY), [1]);
}

#[test]
fn nobody_is_left_without_an_answer() {
    let scene = split(
        relative(),
        [State::Up, State::Down],
        &[(EU, false), (US, true)],
    );
    assert_eq!(scene.chosen(GERMANY), [1]);
}

#[test]
fn an_explanation_names_the_vantage() {
    let scene = split(
        relative(),
        [State::Up, State::Up],
        &[(EU, false), (US, true)],
    );
    let steps = &scene.explained(GERMANY)[0]["steps"];
    let reason = "down from region 1, the vantage nearest to the client";
    assert_eq!(drops(&steps[0]), [(1, reason.to_owned())]);
    let kept = &scene.explained(VIRGINIA)[0]["steps"][0]["kept"][0];
    assert!(kept.to_string().contains("up from region 2"), "{kept}");
}

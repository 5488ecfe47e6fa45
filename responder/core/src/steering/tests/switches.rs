//! Break-glass orders (P6): switched off whatever the steps are, and never so that nobody is left (S1).

use std::collections::BTreeSet;

use super::*;

fn all_addresses() -> Value {
    json!({"kind": "first", "count": 16})
}

#[test]
fn what_is_switched_off_is_no_candidate_though_no_step_asks() {
    let scene = Scene::of(&ordinary(3), json!([all_addresses()]));
    let scene = scene.without(&[2, 99]);
    assert_eq!(scene.chosen(GERMANY), [1, 3]);
    let policy = &scene.explained(GERMANY)[0];
    assert_eq!(
        policy["not_candidates"],
        json!([{"endpoint": 2, "name": "e2", "reason": "switched off by a break-glass order"}])
    );
    assert_eq!(policy["candidates"][0].get("switched_off"), None);
}

#[test]
fn if_everybody_is_switched_off_all_are_answered_and_the_explanation_says_so() {
    let scene = Scene::of(&ordinary(2), json!([{"kind": "healthy"}, all_addresses()]));
    let scene = scene.without(&[1, 2]);
    assert_eq!(scene.chosen(GERMANY), [1, 2]);
    let policy = &scene.explained(GERMANY)[0];
    assert_eq!(policy["not_candidates"], json!([]));
    assert_eq!(policy["candidates"][1]["switched_off"], true);
}

#[test]
fn those_left_are_judged_as_if_the_others_were_not_there() {
    let scene = Scene::of(&ordinary(3), json!([{"kind": "healthy"}, all_addresses()]));
    let scene = scene.with_health(&[(2, Path::V4, State::Down), (3, Path::V4, State::Down)]);
    let scene = scene.without(&[1]);
    assert_eq!(scene.chosen(GERMANY), [2, 3]);
    assert_eq!(
        scene.explained(GERMANY)[0]["steps"][0]["outcome"],
        "bypassed"
    );
}

#[test]
fn who_remembers_decisions_forgets_them_when_something_is_switched_off() {
    let scene = Scene::of(&ordinary(2), json!([{"kind": "sticky"}]));
    let (client, name) = (client_of(GERMANY), www());
    let index = scene.policies.policy(WWW).unwrap();
    let mut scratch = Scratch::new();
    let mut ask = |beliefs: &Beliefs| {
        let question = Question {
            beliefs,
            ..scene.question(&client, &name)
        };
        select(&question, index, &mut scratch, &mut Silent);
        let chosen = scratch.chosen().first().copied();
        chosen.and_then(|chosen| Some(scene.policies.endpoint(chosen)?.id))
    };
    let first = ask(&scene.beliefs).unwrap();
    let up = [1, 2].map(|id| (id, Path::V4, State::Up));
    let believed = Beliefs::new(&scene.policies, &HealthTable::new(2, up));
    let off = believed.with_switched_off(&scene.policies, &BTreeSet::from([first]));
    let other = ask(&off.following(&scene.beliefs));
    assert_eq!(other, Some(3 - first));
}

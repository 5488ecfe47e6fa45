//! A shadow is asked beside the policy that it may become, and changes nothing.

use super::*;

const SHADOW: u32 = 7;

/// Serves endpoint 1 everywhere; the shadow would serve the nearest region.
fn shadowed(change: &Value) -> Scene {
    Scene::new(&shadowed_chunk(change))
}

fn shadowed_chunk(change: &Value) -> Value {
    let mut chunk = chunk(&ordinary(3), json!([]));
    let mut shadow = json!({
        "id": SHADOW, "policy": WWW, "pools": [1], "steps": [{"kind": "distance"}], "percent": 100,
        "until": NOW_S + 60,
    });
    merge(&mut shadow, change);
    chunk["format"] = json!(2);
    chunk["shadows"] = json!([shadow]);
    chunk
}

/// What was answered, and what the shadow would have answered.
fn watched(scene: &Scene, client: &str) -> (Vec<u32>, Option<u32>) {
    let (client, name) = (client_of(client), www());
    let question = scene.question(&client, &name);
    let (mut scratch, index) = (Scratch::new(), scene.policies.policy(WWW).unwrap());
    let selection = select(&question, index, &mut scratch, &mut Silent);
    let before = scene.described(&selection, &scratch);
    let watched = watch(&question, index, &mut scratch);
    assert_eq!(scene.described(&selection, &scratch), before);
    assert!(watched.is_none_or(|watched| watched.shadow == SHADOW));
    (before.chosen, watched.map(|watched| watched.endpoint))
}

#[test]
fn it_says_what_it_would_have_answered_and_the_answer_stays() {
    let scene = shadowed(&json!({}));
    assert_eq!(watched(&scene, GERMANY), (vec![1], Some(1)));
    assert_eq!(watched(&scene, VIRGINIA), (vec![1], Some(2)));
    assert_eq!(watched(&scene, SINGAPORE), (vec![1], Some(3)));
}

#[test]
fn it_is_over_at_its_end() {
    let scene = shadowed(&json!({"until": NOW_S}));
    assert_eq!(watched(&scene, VIRGINIA), (vec![1], None));
}

#[test]
fn it_is_tried_on_its_share_of_clients() {
    let scene = shadowed(&json!({"percent": 5}));
    let clients = (0..4000).map(|number| format!("10.{}.{}.0/24", number >> 8, number & 255));
    let tried = clients.filter(|client| watched(&scene, client).1.is_some());
    let count = tried.count();
    assert!((150..250).contains(&count), "{count}");
}

#[test]
fn an_answer_that_it_would_lose_is_told_as_none() {
    let refuse = json!({
        "kind": "fence", "label": null, "allow": ["country:DE"], "deny": [], "if_empty": {"action": "refuse"},
    });
    let scene = shadowed(&json!({"steps": [refuse]}));
    assert_eq!(watched(&scene, VIRGINIA), (vec![1], Some(0)));
}

#[test]
fn its_proposal_is_no_policy_that_anything_can_name() {
    let scene = shadowed(&json!({}));
    let ids: Vec<_> = scene
        .policies
        .policies()
        .iter()
        .map(|policy| policy.id)
        .collect();
    assert_eq!(ids, [WWW]);
}

#[test]
fn what_is_wrong_with_it_is_refused_as_with_a_policy() {
    for (change, error) in [
        (
            json!({"steps": [{"kind": "geo"}]}),
            "shadow of policy \"www\", step 1 (geo): default: missing",
        ),
        (
            json!({"pools": [9]}),
            "shadow of policy \"www\": pool 9 is not in the chunk",
        ),
        (
            json!({"policy": 9}),
            "shadow 7: policy 9 is not in the chunk",
        ),
        (
            json!({"percent": 101}),
            "shadow 7: percent: must be from 0 to 100",
        ),
        (json!({"id": 0}), "shadow 0: ids are above 0 and there once"),
    ] {
        let chunk = serde_json::to_vec(&shadowed_chunk(&change)).unwrap();
        let refused = PolicySet::parse(&chunk).unwrap_err();
        assert!(refused.to_string().starts_with(error), "{refused}");
    }
}

#[test]
fn a_chunk_of_format_1_has_none() {
    let mut chunk = shadowed_chunk(&json!({}));
    chunk["format"] = json!(1);
    let refused = PolicySet::parse(&serde_json::to_vec(&chunk).unwrap()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "policy chunk: shadows: format 1 has none"
    );
}

#[test]
fn a_policy_has_one_shadow() {
    let mut chunk = shadowed_chunk(&json!({}));
    let mut other = chunk["shadows"][0].clone();
    other["id"] = json!(8);
    chunk["shadows"].as_array_mut().unwrap().push(other);
    let refused = PolicySet::parse(&serde_json::to_vec(&chunk).unwrap()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "shadow 8: policy: policy 5 has another shadow"
    );
}

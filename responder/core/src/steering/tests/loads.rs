use super::*;
use proptest::prelude::*;

fn shedding() -> Value {
    json!([{"kind": "load"}, {"kind": "first", "count": 16}])
}

/// Client number n of many, each a /24 of its own.
fn client_number(number: u32) -> String {
    let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + (number << 8));
    format!("{address}/24")
}

/// Of 10,000 clients, those that endpoint 1 of two sheds at this load.
fn shed_at(share: f64) -> Vec<u32> {
    let scene = Scene::of(&ordinary(2), shedding()).with_loads(&[(1, share, 0)]);
    let clients = 0..10_000;
    clients
        .filter(|number| scene.chosen(&client_number(*number)) == [2])
        .collect()
}

#[test]
fn up_to_low_nobody_is_shed_and_from_high_on_everybody() {
    for share in [0.0, 0.5, 0.8] {
        assert_eq!(shed_at(share).len(), 0, "{share}");
    }
    for share in [0.95, 1.0, 7.0] {
        assert_eq!(shed_at(share).len(), 10_000, "{share}");
    }
}

#[test]
fn between_low_and_high_the_share_that_is_shed_rises_evenly_and_the_same_go_first() {
    let mut before = Vec::new();
    for (share, expected) in [(0.815, 0.1), (0.875, 0.5), (0.935, 0.9)] {
        let shed = shed_at(share);
        let found = shed.len() as f64 / 10_000.0;
        // More than four standard deviations.
        assert!((found - expected).abs() < 0.02, "{share}: {found}");
        assert!(before.iter().all(|client| shed.contains(client)), "{share}");
        before = shed;
    }
}

#[test]
fn who_is_shed_does_not_depend_on_whom_a_sticky_draw_sends_there() {
    let sticky = json!([{"kind": "sticky"}]);
    let owners = Scene::of(&ordinary(2), sticky.clone());
    let both = json!([{"kind": "load"}, {"kind": "sticky"}]);
    let scene = Scene::of(&ordinary(2), both).with_loads(&[(1, 0.875, 0)]);
    let (mut own, mut left) = (0.0, 0.0);
    for number in 0..10_000 {
        let client = client_number(number);
        if owners.chosen(&client) == [1] {
            own += 1.0;
            left += f64::from(u8::from(scene.chosen(&client) == [1]));
        } else {
            assert_eq!(
                scene.chosen(&client),
                [2],
                "only those of the loaded one move"
            );
        }
    }
    assert!((left / own - 0.5_f64).abs() < 0.03, "{left} of {own}");
}

#[test]
fn who_is_shed_depends_on_neither_the_time_nor_the_name() {
    let scene = Scene::of(&ordinary(2), shedding()).with_loads(&[(1, 0.875, 0)]);
    let other = NameBuf::from_text("api.demo.test.").unwrap();
    for number in 0..200 {
        let client = client_of(&client_number(number));
        let question = scene.question(&client, &other);
        let later = Question {
            now_s: NOW_S + 59,
            ..question
        };
        let chosen = scene.answer(&later).chosen;
        assert_eq!(chosen, scene.chosen(&client_number(number)));
    }
}

#[test]
fn without_a_load_or_with_one_that_is_too_old_an_endpoint_is_left_alone() {
    let loads = [(1, 0.99, 60), (2, 0.99, 61)];
    let scene = Scene::of(&ordinary(3), shedding()).with_loads(&loads);
    assert_eq!(scene.chosen(GERMANY), [2, 3]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    let reason = "load 0.99, 60 s old, sheds all clients".to_owned();
    assert_eq!(drops(step), [(1, reason)]);
    assert_eq!(step["kept"][0]["why"], "load is 61 s old, too old");
    assert_eq!(step["kept"][1]["why"], "no load known");
    assert_eq!(scene.ask(GERMANY).scope, 0, "no client was drawn for");
}

#[test]
fn an_explanation_says_how_many_are_shed_and_whether_this_one_is() {
    let scene = Scene::of(&ordinary(2), shedding()).with_loads(&[(1, 0.9, 5), (2, 0.73, 7)]);
    let of = |client: &str| scene.explained(client)[0]["steps"][0].clone();
    let steps: Vec<_> = (0..20).map(|number| of(&client_number(number))).collect();
    let shed = "load 0.9, 5 s old, sheds 67 % of clients, this one too".to_owned();
    assert!(steps.iter().any(|step| drops(step) == [(1, shed.clone())]));
    let kept = "load 0.9, 5 s old, sheds 67 % of clients, not this one";
    assert!(steps.iter().any(|step| step["kept"][0]["why"] == kept));
    let last = |step: &Value| step["kept"].as_array().unwrap().last().unwrap()["why"].clone();
    assert!(steps.iter().all(|step| last(step) == "load 0.73, 7 s old"));
    assert!(steps.iter().all(|step| step["scope"] == 24));
}

#[test]
fn when_all_are_full_all_are_kept() {
    let scene = Scene::of(&ordinary(2), shedding()).with_loads(&[(1, 1.0, 0), (2, 2.5, 0)]);
    assert_eq!(scene.chosen(GERMANY), [1, 2]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    assert_eq!(step["outcome"], "bypassed");
    assert_eq!(
        step["kept"][1]["why"],
        "load 2.5, 0 s old, sheds all clients"
    );
}

#[test]
fn when_all_are_full_a_pool_may_take_over() {
    let if_empty = json!({"action": "fallback", "pool": 2});
    let mut chunk = chunk(
        &ordinary(3),
        json!([{"kind": "load", "if_empty": if_empty}]),
    );
    let pool = |id: u64, ids: &[u64]| {
        let members: Vec<_> = ids.iter().map(|id| member(*id)).collect();
        json!({"id": id, "name": format!("p{id}"), "weight": null, "priority": null, "bias": null, "members": members})
    };
    chunk["pools"] = json!([pool(1, &[1, 2]), pool(2, &[3])]);
    let loads = [(1, 1.0, 0), (2, 1.0, 0), (3, 1.0, 0)];
    let scene = Scene::new(&chunk).with_loads(&loads);
    assert_eq!(scene.chosen(GERMANY), [3], "whatever its own load");
}

#[test]
fn what_is_remembered_outlives_a_change_of_loads_and_nothing_else() {
    let steps = json!([{"kind": "healthy"}, {"kind": "load"}, {"kind": "sticky"}]);
    let mut scene = Scene::of(&ordinary(3), steps);
    let (client, name) = (client_of(GERMANY), www());
    let (index, mut warm) = (scene.policies.policy(WWW).unwrap(), Scratch::new());
    let up = |id| (id, Path::V4, State::Up);
    let down = |id| (id, Path::V4, State::Down);
    scene = scene.with_health_and_loads(&[up(1), up(2), up(3)], &[(1, 0.5, 0)]);
    for (states, loads, stays) in [
        ([up(1), up(2), up(3)], vec![(1, 0.9, 0)], true),
        ([up(1), up(2), up(3)], vec![(1, 1.0, 30)], true),
        (
            [up(1), up(2), up(3)],
            vec![(1, 1.0, 30), (2, 1.0, 0)],
            false,
        ),
        (
            [up(1), up(2), down(3)],
            vec![(1, 1.0, 30), (2, 1.0, 0)],
            false,
        ),
        (
            [up(1), up(2), down(3)],
            vec![(1, 0.1, 0), (2, 1.0, 99)],
            true,
        ),
        ([up(1), up(2), down(3)], vec![], false),
    ] {
        let earlier = std::mem::take(&mut scene.beliefs);
        scene = scene.with_health_and_loads(&states, &loads);
        scene.beliefs = std::mem::take(&mut scene.beliefs).following(&earlier);
        let kept = std::sync::Arc::ptr_eq(scene.beliefs.epoch(), earlier.epoch());
        assert_eq!(kept, stays, "{loads:?}");
        let selection = select(
            &scene.question(&client, &name),
            index,
            &mut warm,
            &mut Silent,
        );
        assert_eq!(scene.described(&selection, &warm), scene.ask(GERMANY));
    }
}

proptest! {
    /// S5: as the load rises, clients leave and none comes back.
    #[test]
    fn a_client_that_was_shed_is_shed_at_every_higher_load(
        number in 0u32..1_000_000, low in 0u32..1300, more in 0u32..500,
    ) {
        let client = client_number(number);
        let serves = |thousandths: u32| {
            let loads = [(1, f64::from(thousandths) / 1000.0, 0)];
            let scene = Scene::of(&ordinary(2), shedding()).with_loads(&loads);
            scene.chosen(&client).contains(&1)
        };
        prop_assert!(serves(low) || !serves(low + more));
    }
}

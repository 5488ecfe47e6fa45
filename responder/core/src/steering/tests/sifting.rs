use super::*;

const DOWN_4: State = State::Down;

fn all_addresses() -> Value {
    json!({"kind": "first", "count": 16})
}

#[test]
fn healthy_drops_what_is_down_and_what_is_unknown_while_another_is_up() {
    let scene = Scene::of(&ordinary(3), json!([{"kind": "healthy"}, all_addresses()]));
    let scene = scene.with_health(&[(1, Path::V4, DOWN_4), (2, Path::V4, State::Up)]);
    assert_eq!(scene.chosen(GERMANY), [2]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    assert_eq!(step["outcome"], "applied");
    let reasons = ["down over IPv4", "not checked yet while another is up"];
    assert_eq!(
        drops(step),
        [(1, reasons[0].to_owned()), (3, reasons[1].to_owned())]
    );
}

#[test]
fn unknown_endpoints_are_served_while_none_is_up() {
    let scene = Scene::of(&ordinary(3), json!([{"kind": "healthy"}, all_addresses()]));
    let scene = scene.with_health(&[(1, Path::V4, DOWN_4)]);
    assert_eq!(scene.chosen(GERMANY), [2, 3]);
}

#[test]
fn healthy_judges_the_families_apart() {
    let both = json!({"ipv6": "2001:db8::1"});
    let scene = Scene::of(&[both.clone(), both], json!([{"kind": "healthy"}]));
    let scene = scene.with_health(&[
        (1, Path::V4, DOWN_4),
        (2, Path::V4, State::Up),
        (1, Path::V6, State::Up),
        (2, Path::V6, DOWN_4),
    ]);
    assert_eq!(scene.ask_family(GERMANY, Family::V4).chosen, [2]);
    assert_eq!(scene.ask_family(GERMANY, Family::V6).chosen, [1]);
}

#[test]
fn an_endpoint_that_nobody_checks_counts_as_up() {
    let endpoints = [json!({}), json!({"checked": false})];
    let scene = Scene::of(&endpoints, json!([{"kind": "healthy"}])).with_health(&[]);
    assert_eq!(scene.chosen(GERMANY), [2]);
}

#[test]
fn an_endpoint_that_nobody_checks_is_down_if_an_operator_says_so() {
    let unchecked = json!({"checked": false});
    let steps = json!([{"kind": "healthy"}]);
    for (told, chosen) in [(DOWN_4, 2), (State::Unknown, 1), (State::Up, 1)] {
        let scene = Scene::of(&[unchecked.clone(), unchecked.clone()], steps.clone());
        let scene = scene.with_health(&[(1, Path::V4, told)]);
        assert_eq!(scene.chosen(GERMANY), [chosen]);
    }
}

#[test]
fn when_all_are_down_all_are_kept_and_the_explanation_says_so() {
    let scene = Scene::of(&ordinary(2), json!([{"kind": "healthy"}, all_addresses()]));
    let scene = scene.with_health(&[(1, Path::V4, DOWN_4), (2, Path::V4, DOWN_4)]);
    assert_eq!(scene.chosen(GERMANY), [1, 2]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    assert_eq!(step["outcome"], "bypassed");
    assert_eq!(step["note"], "would have dropped all, so it kept all");
    assert_eq!(step["kept"][0]["why"], "down over IPv4");
}

#[test]
fn admin_drops_what_is_draining_or_disabled() {
    let endpoints = [
        json!({"admin_state": "draining"}),
        json!({}),
        json!({"admin_state": "disabled"}),
    ];
    let scene = Scene::of(&endpoints, json!([{"kind": "admin"}, all_addresses()]));
    assert_eq!(scene.chosen(GERMANY), [2]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    let expected = [(1, "draining".to_owned()), (3, "disabled".to_owned())];
    assert_eq!(drops(step), expected);
}

fn geo_step() -> Value {
    json!({
        "kind": "geo",
        "rules": [
            {"location": "continent:NA", "regions": [1]},
            {"location": "country:US", "regions": [3]},
            {"location": "subdivision:US-VA", "regions": [2]},
            {"location": "country:DE", "regions": [1]},
        ],
        "default": {"regions": [2, 3], "pools": []},
    })
}

#[test]
fn geo_takes_the_most_specific_rule() {
    let scene = Scene::of(&ordinary(3), json!([geo_step(), all_addresses()]));
    assert_eq!(scene.chosen(GERMANY), [1]);
    assert_eq!(scene.chosen(VIRGINIA), [2]);
    assert_eq!(scene.chosen(SINGAPORE), [2, 3]);
    assert_eq!(scene.chosen(NOWHERE), [2, 3]);
    let step = &scene.explained(VIRGINIA)[0]["steps"][0];
    assert_eq!(step["kept"][0]["why"], "matched subdivision:US-VA");
    let reason = "not in the rule subdivision:US-VA".to_owned();
    assert_eq!(drops(step), [(1, reason.clone()), (3, reason)]);
}

#[test]
fn geo_passes_by_a_rule_that_has_nobody_left() {
    let disabled = json!({"admin_state": "disabled"});
    let steps = json!([{"kind": "admin"}, geo_step(), all_addresses()]);
    let scene = Scene::of(&[json!({}), disabled.clone(), json!({})], steps.clone());
    assert_eq!(scene.chosen(VIRGINIA), [3], "the country's rule");
    let scene = Scene::of(&[json!({}), disabled.clone(), disabled], steps);
    assert_eq!(scene.chosen(VIRGINIA), [1], "the continent's rule");
}

#[test]
fn a_fence_denies_its_endpoints_to_the_locations_named() {
    let gpu = json!({"labels": {"tier": "gpu"}});
    let fence = json!({"kind": "fence", "label": "tier=gpu", "deny": ["country:DE"]});
    let scene = Scene::of(&[gpu, json!({})], json!([fence, all_addresses()]));
    assert_eq!(scene.chosen(GERMANY), [2]);
    assert_eq!(scene.chosen(VIRGINIA), [1, 2]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    assert_eq!(drops(step), [(1, "denied by country:DE".to_owned())]);
    assert_eq!(step["kept"][0]["why"], "not fenced");
}

#[test]
fn a_fence_with_allowed_locations_denies_all_others() {
    let gpu = json!({"labels": {"tier": "gpu"}});
    let fence = json!({"kind": "fence", "label": "tier", "allow": ["continent:EU"]});
    let scene = Scene::of(&[gpu, json!({})], json!([fence, all_addresses()]));
    assert_eq!(scene.chosen(GERMANY), [1, 2]);
    assert_eq!(scene.chosen(VIRGINIA), [2]);
    let step = &scene.explained(VIRGINIA)[0]["steps"][0];
    let reason = "no allowed location matches".to_owned();
    assert_eq!(drops(step), [(1, reason)]);
}

#[test]
fn the_most_specific_location_of_a_fence_decides_and_deny_wins_a_tie() {
    let fence = json!({
        "kind": "fence", "label": "fenced",
        "allow": ["cidr:10.1.200.0/24", "country:US", "country:SG"],
        "deny": ["asn:3320", "cidr:10.1.128.0/18", "country:SG", "continent:EU"],
    });
    let fenced = json!({"labels": {"fenced": ""}});
    let scene = Scene::of(&[fenced, json!({})], json!([fence, all_addresses()]));
    let is_allowed = |client: &str| scene.chosen(client).len() == 2;
    assert!(is_allowed("10.1.200.0/24"), "a block beats the AS");
    assert!(!is_allowed("10.1.201.0/24"), "the AS");
    assert!(!is_allowed("10.1.130.0/24"), "a denied block");
    assert!(!is_allowed(GERMANY), "the continent");
    assert!(is_allowed(VIRGINIA), "the country");
    assert!(!is_allowed(SINGAPORE), "a tie");
    assert!(!is_allowed(NOWHERE), "nothing matches");
}

#[test]
fn only_a_fence_may_refuse() {
    let refuse = json!({"action": "refuse"});
    let fence = json!({"kind": "fence", "deny": ["country:DE"], "if_empty": refuse});
    let scene = Scene::of(&ordinary(2), json!([fence]));
    let answer = scene.ask(GERMANY);
    assert_eq!(
        (answer.outcome.as_str(), answer.chosen.len()),
        ("Refused", 0)
    );
    assert_eq!(scene.ask(VIRGINIA).chosen, [1]);
    let policy = &scene.explained(GERMANY)[0];
    assert_eq!(policy["steps"][0]["outcome"], "refused");
    assert_eq!(policy["chosen"], json!([]));
}

#[test]
fn an_endpoint_without_an_address_of_the_family_is_no_candidate() {
    let endpoints = [json!({}), json!({"ipv4": null, "ipv6": "2001:db8::2"})];
    let scene = Scene::of(&endpoints, json!([all_addresses()]));
    assert_eq!(scene.chosen(GERMANY), [1]);
    assert_eq!(scene.ask_family(GERMANY, Family::V6).chosen, [2]);
    let absent = &scene.explained(GERMANY)[0]["not_candidates"][0];
    assert_eq!(absent["reason"], "has no IPv4 address");
}

#[test]
fn a_policy_without_an_address_of_the_family_answers_nothing() {
    let scene = Scene::of(&ordinary(2), json!([]));
    let answer = scene.ask_family(GERMANY, Family::V6);
    assert_eq!(answer.outcome, "NoCandidate");
    assert_eq!(answer.ttl_s, 30);
}

#[test]
fn one_address_is_answered_unless_the_policy_says_first() {
    assert_eq!(Scene::of(&ordinary(5), json!([])).chosen(GERMANY), [1]);
    let first = json!([{"kind": "first", "count": 3}]);
    let scene = Scene::of(&ordinary(5), first);
    assert_eq!(scene.chosen(GERMANY), [1, 2, 3]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    let reason = "beyond the first 3".to_owned();
    assert_eq!(drops(step), [(4, reason.clone()), (5, reason)]);
}

fn named(hostname: &str) -> Value {
    json!({"ipv4": null, "hostname": hostname})
}

#[test]
fn a_host_name_answers_alone_if_it_is_best_and_else_not_at_all() {
    let first = json!([{"kind": "first", "count": 3}]);
    let best = Scene::of(&[named("cdn.example.net."), json!({})], first.clone());
    assert_eq!(best.ask(GERMANY).outcome, "Target(cdn.example.net.)");
    assert_eq!(best.chosen(GERMANY), [1]);
    let endpoints = [json!({}), named("cdn.example.net."), json!({})];
    let second = Scene::of(&endpoints, first);
    assert_eq!(second.chosen(GERMANY), [1, 3]);
    let step = &second.explained(GERMANY)[0]["steps"][0];
    let reason = "a host name cannot be answered beside addresses".to_owned();
    assert_eq!(drops(step), [(2, reason)]);
}

struct Known(&'static str);

impl Targets for Known {
    fn has_address(&self, target: crate::wire::Name<'_>, family: Family) -> bool {
        family == Family::V4 && target.to_string() == self.0
    }
}

#[test]
fn at_an_apex_a_host_name_needs_addresses() {
    let endpoints = [named("gone.example.net."), named("cdn.example.net.")];
    let mut scene = Scene::of(&endpoints, json!([]));
    scene.apex = Some(Box::new(Known("cdn.example.net.")));
    assert_eq!(scene.ask(GERMANY).outcome, "Target(cdn.example.net.)");
    let absent = &scene.explained(GERMANY)[0]["not_candidates"][0];
    let reason = "a host name whose IPv4 addresses are not known; a zone's apex needs them";
    assert_eq!(absent["reason"], reason);
    let answer = scene.ask_family(GERMANY, Family::V6);
    assert_eq!(answer.outcome, "NoCandidate");
}

#[test]
fn a_label_step_keeps_what_all_its_selectors_match() {
    let endpoints = [
        json!({"labels": {"tenant": "acme", "index_version": "6"}}),
        json!({"labels": {"tenant": "acme", "index_version": "10"}}),
        json!({"labels": {"index_version": "10"}}),
    ];
    let label = json!({"kind": "label", "select": ["tenant=acme", "index_version>=7"]});
    let scene = Scene::of(&endpoints, json!([label, all_addresses()]));
    assert_eq!(scene.chosen(GERMANY), [2]);
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    assert_eq!(
        drops(step),
        [
            (1, "selector 2 does not match its labels".to_owned()),
            (3, "selector 1 does not match its labels".to_owned())
        ]
    );
    assert_eq!(scene.ask(GERMANY).scope, 0, "it holds for everybody");
}

#[test]
fn the_first_label_of_the_name_selects_a_shard() {
    let shard = |number: &str| json!({"labels": {"shard": number}});
    let endpoints = [shard("WWW"), shard("17"), json!({})];
    let label = json!({"kind": "label", "name_label": "shard"});
    let scene = Scene::of(&endpoints, json!([label, all_addresses()]));
    assert_eq!(
        scene.chosen(GERMANY),
        [1],
        "www.demo.test. whatever the case"
    );
    let step = &scene.explained(GERMANY)[0]["steps"][0];
    let reason = "its label is not the first of the name asked for";
    assert_eq!(
        drops(step),
        [(2, reason.to_owned()), (3, reason.to_owned())]
    );
    let shards = Scene::of(
        &endpoints[1..],
        json!([{"kind": "label", "name_label": "shard"}, all_addresses()]),
    );
    let step = &shards.explained(GERMANY)[0]["steps"][0];
    assert_eq!(step["outcome"], "bypassed", "no shard is called www");
}

use super::*;

fn refusal(chunk: &Value) -> String {
    let error = PolicySet::parse(&serde_json::to_vec(chunk).unwrap());
    error.expect_err("must be refused").to_string()
}

/// Refuses "www" for its second step, with each message behind the place.
fn assert_refused(cases: &[(Value, &str)]) {
    for (step, message) in cases {
        let steps = json!([{"kind": "admin"}, step]);
        let refused = refusal(&chunk(&ordinary(1), steps));
        assert_eq!(refused, format!("policy \"www\", step 2 {message}"));
    }
}

#[test]
fn a_refused_geo_step_is_named_with_its_policy_its_place_and_its_rule() {
    let default = json!({"regions": [1], "pools": []});
    assert_refused(&[
        (
            json!({"kind": "geo", "rules": [{"location": "country:XX", "regions": [1]}], "default": default}),
            "(geo): rule 1: unknown country \"XX\"",
        ),
        (
            json!({"kind": "geo", "rules": []}),
            "(geo): default: missing; say which candidates clients without a rule get (S10)",
        ),
        (
            json!({"kind": "geo", "rules": [{"location": "country:DE", "regions": [9]}], "default": "all"}),
            "(geo): rule 1: region 9 is not in the chunk",
        ),
        (
            json!({"kind": "geo", "rules": [{"location": "country:DE"}], "default": "all"}),
            "(geo): rule 1: name at least one region or pool",
        ),
        (
            json!({"kind": "geo", "default": "all", "rules": [
                {"location": "country:DE", "regions": [1]}, {"location": "country:DE", "regions": [2]},
            ]}),
            "(geo): rule 2: a second rule for country:DE",
        ),
        (
            json!({"kind": "geo", "rules": [{"location": "asn:1", "regions": [1]}], "default": "all"}),
            "(geo): rule 1: \"asn:1\": a geo rule is for a continent, country or subdivision; use a fence",
        ),
        (
            json!({"kind": "geo", "default": {"regions": [], "pools": [77]}}),
            "(geo): default: pool 77 is not in the chunk",
        ),
    ]);
}

#[test]
fn a_load_step_sheds_none_before_it_sheds_all() {
    assert_refused(&[
        (
            json!({"kind": "load", "low": -0.1}),
            "(load): low: must be 0 or more",
        ),
        (
            json!({"kind": "load", "low": 0.95}),
            "(load): high: must be above low",
        ),
        (
            json!({"kind": "load", "high": "full"}),
            "(load): high: invalid type: string \"full\", expected f64",
        ),
        (
            json!({"kind": "load", "if_empty": {"action": "refuse"}}),
            "(load): if_empty: only a fence may refuse; use bypass or fallback",
        ),
    ]);
}

#[test]
fn a_refused_step_is_named_with_its_policy_its_place_and_its_field() {
    assert_refused(&[
        (
            json!({"kind": "healthy", "if_empty": {"action": "refuse"}}),
            "(healthy): if_empty: only a fence may refuse; use bypass or fallback",
        ),
        (
            json!({"kind": "admin", "if_empty": {"action": "fallback"}}),
            "(admin): if_empty: a fallback names either a pool or a policy",
        ),
        (
            json!({"kind": "admin", "if_empty": {"action": "fallback", "pool": 9}}),
            "(admin): if_empty: pool 9 is not in the chunk",
        ),
        (
            json!({"kind": "admin", "if_empty": {"action": "fallback", "policy": 9}}),
            "(admin): if_empty: policy 9 is not in the chunk",
        ),
        (
            json!({"kind": "fence", "allow": ["cidr:10.0.0.1/8"]}),
            "(fence): allow: \"10.0.0.1/8\" has bits past its prefix; write 10.0.0.0/8",
        ),
        (
            json!({"kind": "fence"}),
            "(fence): allow, deny: name at least one location",
        ),
        (
            json!({"kind": "fence", "deny": ["asn:1"], "label": "=x"}),
            "(fence): label: \"=x\" is not a selector; write key, key=value, key!=value or, of numbers, key>=7",
        ),
        (
            json!({"kind": "distance", "within_km": -1}),
            "(distance): within_km: must be 0 or more",
        ),
        (
            json!({"kind": "distance", "bias": 100}),
            "(distance): bias: must be from -99 to 99",
        ),
        (
            json!({"kind": "first", "count": 17}),
            "(first): count: must be from 1 to 16",
        ),
        (
            json!({"kind": "weighted", "weight": -1}),
            "(weighted): weight: invalid value: integer `-1`, expected u32",
        ),
        (
            json!({"kind": "sticky", "wieght": 1}),
            "(sticky): wieght: unknown field `wieght`, expected `weight`",
        ),
        (
            json!({"kind": "nearest"}),
            "(nearest): unknown kind; it is one of healthy, admin, fence, label, geo, distance, latency, explore, cost, load, priority, weighted, sticky, use, first",
        ),
    ]);
}

#[test]
fn a_refused_step_over_labels_costs_or_policies_is_named_with_its_field() {
    assert_refused(&[
        (
            json!({"kind": "label"}),
            "(label): select, name_label: give at least one of them",
        ),
        (
            json!({"kind": "label", "select": ["tier", "version>=new"]}),
            "(label): select: \"new\" behind >= is not a number",
        ),
        (
            json!({"kind": "label", "select": ["tier"], "if_empty": {"action": "refuse"}}),
            "(label): if_empty: only a fence may refuse; use bypass or fallback",
        ),
        (
            json!({"kind": "use", "policy": 9}),
            "(use): policy: policy 9 is not in the chunk",
        ),
        (
            json!({"kind": "use", "policy": 5, "min_healthy": 0}),
            "(use): min_healthy: must be 1 or more",
        ),
        (
            json!({"kind": "cost", "cost": -1}),
            "(cost): cost: must be 0 or more",
        ),
        (
            json!({"kind": "cost", "within_percent": -1}),
            "(cost): within_percent: must be 0 or more",
        ),
    ]);
}

#[test]
fn a_refused_row_is_named() {
    let good = chunk(&ordinary(2), json!([]));
    for (pointer, value, message) in [
        (
            "/format",
            json!(3),
            "policy chunk: format 3 is not known; this reads formats 1 and 2",
        ),
        (
            "/regions/0/latitude",
            json!(91),
            "region \"eu\": latitude: must be from -90 to 90",
        ),
        ("/regions/1/id", json!(1), "region 1: the id is there twice"),
        ("/endpoints/1/id", json!(0), "endpoint 0: ids are above 0"),
        (
            "/endpoints/0/region",
            json!(7),
            "endpoint \"e1\": region: region 7 is not in the chunk",
        ),
        (
            "/endpoints/0/ipv4",
            json!(null),
            "endpoint \"e1\": give either a hostname, or ipv4, ipv6 or both",
        ),
        (
            "/endpoints/0/hostname",
            json!("a.example."),
            "endpoint \"e1\": give either a hostname, or ipv4, ipv6 or both",
        ),
        (
            "/endpoints/0/bias",
            json!(100),
            "endpoint \"e1\": bias: 100 is not from -99 to 99",
        ),
        (
            "/pools/0/members/0/endpoint",
            json!(9),
            "pool \"all\": endpoint 9 is not in the chunk",
        ),
        (
            "/pools/0/members/0/endpoint",
            json!(2),
            "pool \"all\": endpoint 2 is a member twice",
        ),
        (
            "/policies/0/pools",
            json!([8]),
            "policy \"www\": pool 8 is not in the chunk",
        ),
        (
            "/policies/0/ttl_min",
            json!(31),
            "policy \"www\": ttl_min: must be at most ttl",
        ),
        (
            "/flattened",
            json!({"Example.net.": {"ipv4": [], "ipv6": [], "ttl": 5}}),
            "flattened \"Example.net.\": \"Example.net.\" must be in lower case",
        ),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert_eq!(refusal(&bad), message);
    }
}

#[test]
fn a_malformed_chunk_is_refused_with_the_path_to_the_fault() {
    let mut bad = chunk(&ordinary(1), json!([]));
    bad["endpoints"][0]["checked"] = json!("yes");
    let refused = refusal(&bad);
    assert!(
        refused.starts_with("policy chunk: endpoints[0].checked: invalid type"),
        "{refused}"
    );
    let error = PolicySet::parse(b"{").unwrap_err().to_string();
    assert!(error.starts_with("policy chunk: EOF"), "{error}");
}

#[test]
fn too_many_candidates_are_refused() {
    let mut many = chunk(&[], json!([]));
    let endpoints = (1..=257).map(|id| endpoint(id, &json!({"ipv4": "192.0.2.1"})));
    many["endpoints"] = endpoints.collect();
    many["pools"][0]["members"] = (1..=256).map(member).collect();
    assert!(PolicySet::parse(&serde_json::to_vec(&many).unwrap()).is_ok());
    many["pools"][0]["members"] = (1..=257).map(member).collect();
    let message =
        "policy \"www\": 257 candidates with those of fallback pools; a policy can have 256";
    assert_eq!(refusal(&many), message);
}

#[test]
fn fallbacks_that_go_in_circles_are_refused() {
    let to =
        |id: u32| json!([{"kind": "healthy", "if_empty": {"action": "fallback", "policy": id}}]);
    let mut chunk = chunk(&ordinary(1), to(6));
    let (spare, last) = (
        policy(6, "spare", 1, to(7)),
        policy(7, "last", 1, json!([])),
    );
    chunk["policies"] = json!([chunk["policies"][0], spare, last]);
    assert!(PolicySet::parse(&serde_json::to_vec(&chunk).unwrap()).is_ok());
    chunk["policies"][2]["steps"] = to(5);
    let message = "policy \"www\": the policies that answer instead of it form a cycle";
    assert_eq!(refusal(&chunk), message);
    chunk["policies"][0]["steps"] = to(5);
    assert_eq!(refusal(&chunk), message);
}

//! The policies: each kind of step alone and all of them in a row, over endpoints of every sort.

use serde_json::{Value, json};

use super::GeoFiles;
use super::fixture::{mmdb, mmdb_with_aliases};
use super::latency_fixture::{Written, WrittenRow};

/// Ids count from 1; the name `sN.z.` is steered by policy N.
pub const COUNT: u32 = 19;

/// With shadows: each policy is that of the one before it.
pub fn chunk() -> Vec<u8> {
    let mut chunk = plain();
    let policies = chunk["policies"].as_array().expect("a list").clone();
    let following = policies.iter().zip(policies.iter().skip(1)).zip(1..);
    let shadows: Vec<_> = following
        .map(|((policy, next), id): (_, u32)| {
            json!({
                "id": id, "policy": policy["id"], "pools": next["pools"], "steps": next["steps"],
                "percent": 100, "until": u64::MAX,
            })
        })
        .collect();
    chunk["format"] = json!(2);
    chunk["shadows"] = json!(shadows);
    chunk.to_string().into_bytes()
}

pub fn chunk_without_shadows() -> Vec<u8> {
    plain().to_string().into_bytes()
}

fn plain() -> Value {
    let policies = [policies(), vec![spared(), near()]].concat();
    json!({
        "format": 1,
        "regions": [
            {"id": 1, "name": "eu", "latitude": 50.1, "longitude": 8.7},
            {"id": 2, "name": "us", "latitude": 39.0, "longitude": -77.5},
            {"id": 3, "name": "ap", "latitude": 1.3, "longitude": 103.8},
        ],
        "endpoints": endpoints(),
        "pools": pools(),
        "policies": policies,
        "flattened": {
            "known.example.net.": {"ipv4": ["198.51.100.7", "198.51.100.8"], "ipv6": [], "ttl": 30},
            "both.example.net.": {"ipv4": ["198.51.100.9"], "ipv6": ["2001:db8::9"], "ttl": 90},
        },
    })
}

fn endpoints() -> Vec<Value> {
    let endpoint = |id: u32, region: u32, change: Value| {
        let mut endpoint = json!({
            "id": id, "name": format!("e{id}"), "region": region, "ipv4": null, "ipv6": null, "hostname": null,
            "weight": null, "priority": null, "bias": null, "capacity": null, "labels": {},
            "admin_state": "enabled", "checked": true,
        });
        let change = change.as_object().expect("an object").clone();
        endpoint.as_object_mut().expect("an object").extend(change);
        endpoint
    };
    vec![
        endpoint(
            10,
            1,
            json!({"ipv4": "192.0.2.10", "labels": {"tier": "gpu"}}),
        ),
        endpoint(
            11,
            1,
            json!({"ipv4": "192.0.2.11", "ipv6": "2001:db8::11", "weight": 0}),
        ),
        endpoint(12, 2, json!({"ipv6": "2001:db8::12", "priority": 5})),
        endpoint(
            13,
            2,
            json!({"ipv4": "192.0.2.13", "ipv6": "2001:db8::13", "bias": 40}),
        ),
        endpoint(
            14,
            3,
            json!({"ipv4": "192.0.2.14", "admin_state": "draining"}),
        ),
        endpoint(
            15,
            3,
            json!({"ipv4": "192.0.2.15", "checked": false, "weight": 1000}),
        ),
        endpoint(
            16,
            3,
            json!({"ipv4": "192.0.2.16", "admin_state": "disabled", "labels": {"tier": "gpu"}}),
        ),
        endpoint(20, 1, json!({"hostname": "a.z."})),
        endpoint(21, 2, json!({"hostname": "both.example.net."})),
        endpoint(
            22,
            3,
            json!({"hostname": "unresolved.example.net.", "checked": false}),
        ),
        endpoint(23, 3, json!({"hostname": "c0.z."})),
    ]
}

fn pools() -> Value {
    let members = |ids: &[u32]| {
        let member =
            |id: &u32| json!({"endpoint": id, "weight": null, "priority": null, "bias": null});
        ids.iter().map(member).collect::<Vec<_>>()
    };
    let pool = |id: u32, ids: &[u32]| {
        json!({"id": id, "name": format!("p{id}"), "weight": null, "priority": null, "bias": null,
               "members": members(ids)})
    };
    json!([
        pool(1, &[10, 11, 12, 13, 14, 15, 16]),
        pool(2, &[20, 21, 22, 23]),
        pool(3, &[15]),
        pool(4, &[14, 16]),
        pool(5, &[12]),
        pool(6, &[10, 20, 13, 21]),
    ])
}

fn policy(id: u32, ecs: &str, pool: u32, steps: Vec<Value>) -> Value {
    json!({"id": id, "name": format!("s{id}"), "salt": format!("salt {id}"), "ttl": 30, "ttl_min": 5, "ecs": ecs,
           "pools": [pool], "steps": steps})
}

fn policies() -> Vec<Value> {
    let fence = json!({
        "kind": "fence", "label": "tier=gpu", "allow": ["continent:EU", "cidr:10.3.0.0/20"],
        "deny": ["country:SG", "asn:3320", "cidr:10.1.128.0/19", "cidr:2001:db8::/44"],
    });
    let fenced_in = json!({
        "kind": "fence", "label": null, "allow": ["country:DE"], "deny": [], "if_empty": {"action": "refuse"},
    });
    let geo = json!({
        "kind": "geo", "default": "all",
        "rules": [
            {"location": "country:DE", "regions": [1], "pools": []},
            {"location": "subdivision:US-VA", "regions": [2], "pools": []},
            {"location": "continent:AS", "regions": [], "pools": [3]},
        ],
    });
    let distance = json!({"kind": "distance", "within_km": 500, "bias": 10});
    let healthy = json!({"kind": "healthy"});
    let to_pool = json!({"kind": "admin", "if_empty": {"action": "fallback", "pool": 3}});
    let to_policy = json!({"kind": "admin", "if_empty": {"action": "fallback", "policy": 7}});
    let label =
        json!({"kind": "label", "select": ["tier!=gpu", "version<9"], "name_label": "site"});
    let cost = json!({"kind": "cost", "cost": 1.5, "within_percent": 10});
    let (priority, weighted) = (
        json!({"kind": "priority"}),
        json!({"kind": "weighted", "weight": 3}),
    );
    let (sticky, first) = (
        json!({"kind": "sticky"}),
        |count: u32| json!({"kind": "first", "count": count}),
    );
    let all = vec![
        healthy.clone(),
        to_pool.clone(),
        fence.clone(),
        geo.clone(),
        distance.clone(),
        priority.clone(),
        weighted.clone(),
        first(2),
    ];
    vec![
        policy(1, "always", 1, vec![healthy]),
        policy(2, "always", 4, vec![to_pool, weighted.clone()]),
        policy(3, "always", 1, vec![fenced_in, first(4)]),
        policy(4, "always", 1, vec![geo.clone(), first(16)]),
        policy(5, "always", 1, vec![distance.clone(), first(3)]),
        policy(6, "always", 1, vec![priority, sticky.clone()]),
        policy(7, "always", 1, vec![weighted.clone(), first(16)]),
        policy(8, "always", 1, vec![sticky.clone()]),
        policy(9, "always", 1, vec![fence.clone(), first(16)]),
        policy(10, "always", 4, vec![to_policy]),
        policy(11, "always", 2, vec![weighted.clone()]),
        policy(12, "always", 1, all),
        policy(13, "never", 1, vec![geo.clone(), sticky.clone()]),
        policy(14, "geo-only", 1, vec![geo, distance, sticky, first(2)]),
        policy(15, "always", 5, vec![weighted.clone()]),
        policy(
            17,
            "always",
            1,
            vec![json!({"kind": "use", "policy": 15, "min_healthy": 2})],
        ),
        policy(
            16,
            "always",
            6,
            vec![fence, label, cost, weighted, first(2)],
        ),
    ]
}

/// Endpoints that are nearly full are spared.
fn spared() -> Value {
    let load = json!({"kind": "load", "low": 0.5, "high": 0.9});
    let (sticky, first) = (
        json!({"kind": "sticky"}),
        json!({"kind": "first", "count": 3}),
    );
    policy(18, "always", 1, vec![load, sticky, first])
}

/// By round trips, of which as many clients as may be try a runner-up.
fn near() -> Value {
    let latency = json!({"kind": "latency", "within_ms": 20});
    let explore = json!({"kind": "explore", "percent": 50});
    policy(19, "always", 1, vec![latency, explore])
}

/// Networks within networks, so that scopes differ.
pub fn geo_files() -> GeoFiles {
    let germany = json!({"continent": {"code": "EU"}, "country": {"iso_code": "DE"}});
    let virginia = json!({
        "continent": {"code": "NA"}, "country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "VA"}],
        "location": {"latitude": 39.0, "longitude": -77.5},
    });
    let singapore = json!({"continent": {"code": "AS"}, "country": {"iso_code": "SG"}});
    let cities = [
        ("10.1.0.0/16", germany.clone()),
        ("10.1.77.0/24", singapore.clone()),
        ("10.1.77.128/25", virginia.clone()),
        ("10.2.0.0/15", virginia.clone()),
        ("10.3.0.0/18", singapore),
        ("2001:db8::/40", germany.clone()),
        ("2001:db8:40::/44", virginia),
    ];
    let countries = [("10.0.0.0/8", germany)];
    let asn = |number: u32| json!({"autonomous_system_number": number});
    let systems = [("10.1.128.0/17", asn(3320)), ("10.1.128.64/26", asn(64500))];
    vec![
        ("asn", mmdb(&systems)),
        ("city", mmdb(&cities)),
        (
            "country",
            mmdb_with_aliases(&countries, &["2002::/16", "::ffff:0:0/96"]),
        ),
    ]
}

/// Clients with rows of their own, and groups for those without.
pub fn latency_map() -> Vec<u8> {
    let row = |rtts_ms: [f64; 3], order: [u8; 3]| WrittenRow {
        samples: 9,
        columns: rtts_ms.map(|rtt_ms| (rtt_ms, 4)).to_vec(),
        order: order.to_vec(),
    };
    let group = |kind: u8, key: u32, eighths: [i16; 3]| {
        let columns = eighths.map(|eighth| (eighth, 9));
        (kind, key, 9, columns.to_vec())
    };
    let map = Written {
        sequence: 1,
        base: 0,
        regions: vec![1, 2, 3],
        groups: vec![
            group(0, 0, [8, -8, 40]),
            group(1, 0x4445, [80, 0, -400]),
            group(2, 3320, [0, 160, 0]),
            group(3, 0, [320, 400, 360]),
        ],
        ipv4: vec![
            (0x0a_01_4d, row([22.0, 20.0, 90.0], [0, 1, 2])),
            (0x0a_02_00, row([95.0, 12.0, 200.0], [1, 0, 2])),
        ],
        ipv6: vec![(0x2001_0db8_0040, row([40.0, 41.0, 42.0], [2, 1, 0]))],
    };
    map.octets()
}

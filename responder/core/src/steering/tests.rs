//! Policies at work on one small world: three regions, and whatever endpoints a test declares.

mod distances;
mod draws;
mod fallbacks;
mod latencies;
mod lifetimes;
mod loads;
mod properties;
mod refusals;
mod shadows;
mod sifting;
mod switches;
mod views;

use std::net::IpAddr;

use serde_json::{Value, json};

use super::*;
use crate::beliefs::Beliefs;
use crate::explain::Recorder;
use crate::geo::fixture::mmdb;
use crate::geo::{GeoData, GeoFile};
use crate::health::{HealthTable, Path, State, ViewsEntry};
use crate::latency_map::LatencyMap;
use crate::latency_map::fixture::{Written, WrittenRow};
use crate::load::LoadReport;
use crate::observe::Silent;
use crate::wire::NameBuf;

const NOW_S: u64 = 1_795_248_000;
const WWW: u32 = 5;

/// The regions' clients: Germany, the east of the United States, Singapore; and one from nowhere.
const GERMANY: &str = "10.1.2.0/24";
const VIRGINIA: &str = "10.2.2.0/24";
const SINGAPORE: &str = "10.3.2.0/24";
const NOWHERE: &str = "192.168.1.0/24";

fn geo() -> GeoData {
    let cities = mmdb(&[
        (
            "10.1.0.0/16",
            json!({"continent": {"code": "EU"}, "country": {"iso_code": "DE"}}),
        ),
        (
            "10.2.0.0/16",
            json!({
                "continent": {"code": "NA"}, "country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "VA"}],
                "location": {"latitude": 39.0, "longitude": -77.5},
            }),
        ),
        (
            "10.3.0.0/16",
            json!({"continent": {"code": "AS"}, "country": {"iso_code": "SG"}}),
        ),
    ]);
    let systems = mmdb(&[("10.1.128.0/17", json!({"autonomous_system_number": 3320}))]);
    opened(&[("city", cities), ("asn", systems)])
}

fn opened(files: &[(&str, std::sync::Arc<[u8]>)]) -> GeoData {
    let files: Vec<_> = files
        .iter()
        .map(|(role, octets)| GeoFile::open(role, octets).unwrap())
        .collect();
    GeoData::new(&files).unwrap()
}

/// A chunk with the policy "www" over all endpoints, which are given as what differs from an ordinary one. Endpoint
/// n (from 1 on) has the address 192.0.2.n and lives in region 1, 2 or 3 in turn.
fn chunk(endpoints: &[Value], steps: Value) -> Value {
    let endpoints: Vec<_> = (1..)
        .zip(endpoints)
        .map(|(id, change)| endpoint(id, change))
        .collect();
    let ids = endpoints.iter().map(|endpoint| endpoint["id"].clone());
    let members: Vec<_> = ids.map(|id| member(id.as_u64().unwrap())).collect();
    json!({
        "format": 1,
        "regions": [
            {"id": 1, "name": "eu", "latitude": 50.1, "longitude": 8.7},
            {"id": 2, "name": "us", "latitude": 39.0, "longitude": -77.5},
            {"id": 3, "name": "asia", "latitude": 1.35, "longitude": 103.8},
        ],
        "endpoints": endpoints,
        "pools": [{"id": 1, "name": "all", "weight": null, "priority": null, "bias": null, "members": members}],
        "policies": [policy(WWW, "www", 1, steps)],
        "flattened": {},
    })
}

fn endpoint(id: u64, change: &Value) -> Value {
    let mut endpoint = json!({
        "id": id, "name": format!("e{id}"), "region": (id - 1) % 3 + 1, "ipv4": format!("192.0.2.{id}"), "ipv6": null,
        "hostname": null, "weight": null, "priority": null, "bias": null, "capacity": null, "labels": {},
        "admin_state": "enabled", "checked": true,
    });
    merge(&mut endpoint, change);
    endpoint
}

fn member(endpoint: u64) -> Value {
    json!({"endpoint": endpoint, "weight": null, "priority": null, "bias": null})
}

fn policy(id: u32, name: &str, pool: u32, steps: Value) -> Value {
    json!({
        "id": id, "name": name, "salt": format!("salt of {name}"), "ttl": 30, "ttl_min": 5, "ecs": "always",
        "pools": [pool], "steps": steps,
    })
}

fn merge(into: &mut Value, change: &Value) {
    for (key, value) in change.as_object().unwrap() {
        into[key] = value.clone();
    }
}

/// `count` ordinary endpoints.
fn ordinary(count: usize) -> Vec<Value> {
    vec![json!({}); count]
}

struct Scene {
    chunk: Value,
    policies: PolicySet,
    beliefs: Beliefs,
    geo: GeoData,
    apex: Option<Box<dyn Targets>>,
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}\n{:?}", self.chunk, self.beliefs)
    }
}

/// A selection by the ids of what was chosen.
#[derive(Debug, PartialEq)]
struct Answer {
    chosen: Vec<u32>,
    outcome: String,
    ttl_s: u32,
    scope: u8,
}

impl Scene {
    fn new(chunk: &Value) -> Self {
        let policies = PolicySet::parse(&serde_json::to_vec(chunk).unwrap())
            .unwrap_or_else(|error| panic!("{error}\n{chunk:#}"));
        let everybody_up = policies.endpoints().iter().flat_map(|endpoint| {
            [Path::Name, Path::V4, Path::V6].map(|path| (endpoint.id, path, State::Up))
        });
        let beliefs = Beliefs::new(&policies, &HealthTable::new(1, everybody_up));
        Self {
            chunk: chunk.clone(),
            policies,
            beliefs,
            geo: geo(),
            apex: None,
        }
    }

    fn of(endpoints: &[Value], steps: Value) -> Self {
        Self::new(&chunk(endpoints, steps))
    }

    /// All are up, and some said how loaded they are: endpoint, share and age; it counts for a minute.
    fn with_loads(self, loads: &[(u32, f64, u64)]) -> Self {
        let ids = self.policies.endpoints().iter().map(|endpoint| endpoint.id);
        let up =
            ids.flat_map(|id| [Path::Name, Path::V4, Path::V6].map(|path| (id, path, State::Up)));
        let states: Vec<_> = up.collect();
        self.with_health_and_loads(&states, loads)
    }

    fn with_health_and_loads(
        self,
        states: &[(u32, Path, State)],
        loads: &[(u32, f64, u64)],
    ) -> Self {
        self.believing(states, loads, Vec::new())
    }

    fn believing(
        mut self,
        states: &[(u32, Path, State)],
        loads: &[(u32, f64, u64)],
        views: Vec<ViewsEntry>,
    ) -> Self {
        let loads = loads.iter();
        let loads =
            loads.map(|(id, share, age_s)| (*id, LoadReport::new(*share, NOW_S - age_s, 60)));
        let table = HealthTable::new(2, states.iter().copied()).with_loads(loads);
        let table = table.with_views(views);
        self.beliefs = Beliefs::new(&self.policies, &table);
        self
    }

    fn with_latency(mut self, message: &Written) -> Self {
        let map = LatencyMap::default().apply(&message.octets()).unwrap();
        self.beliefs = std::mem::take(&mut self.beliefs).with_latency(&self.policies, map.into());
        self
    }

    /// Only these states are known.
    fn with_health(self, states: &[(u32, Path, State)]) -> Self {
        self.with_health_and_loads(states, &[])
    }

    /// These endpoints are switched off (P6).
    fn without(mut self, ids: &[u32]) -> Self {
        let ids = ids.iter().copied().collect();
        let beliefs = std::mem::take(&mut self.beliefs);
        self.beliefs = beliefs.with_switched_off(&self.policies, &ids);
        self
    }

    fn question<'a>(&'a self, client: &'a Client, name: &'a NameBuf) -> Question<'a> {
        Question {
            policies: &self.policies,
            beliefs: &self.beliefs,
            geo: &self.geo,
            client,
            family: Family::V4,
            name: name.as_name(),
            now_s: NOW_S,
            apex: self.apex.as_deref(),
        }
    }

    fn answer(&self, question: &Question<'_>) -> Answer {
        let mut scratch = Scratch::new();
        let index = self.policies.policy(WWW).unwrap();
        let selection = select(question, index, &mut scratch, &mut Silent);
        self.described(&selection, &scratch)
    }

    fn described(&self, selection: &Selection<'_>, scratch: &Scratch) -> Answer {
        let chosen = scratch.chosen().iter();
        Answer {
            chosen: chosen
                .map(|index| self.policies.endpoint(*index).unwrap().id)
                .collect(),
            outcome: format!("{:?}", selection.outcome),
            ttl_s: selection.ttl_s,
            scope: selection.scope,
        }
    }

    fn ask_family(&self, client: &str, family: Family) -> Answer {
        let (client, name) = (client_of(client), www());
        let question = self.question(&client, &name);
        self.answer(&Question { family, ..question })
    }

    fn ask(&self, client: &str) -> Answer {
        self.ask_family(client, Family::V4)
    }

    fn chosen(&self, client: &str) -> Vec<u32> {
        self.ask(client).chosen
    }

    /// The explanation's part about policies.
    fn explained(&self, client: &str) -> Value {
        let (client, name) = (client_of(client), www());
        let mut recorder = Recorder::new();
        let index = self.policies.policy(WWW).unwrap();
        let question = self.question(&client, &name);
        select(&question, index, &mut Scratch::new(), &mut recorder);
        let explanation = recorder.into_explanation(
            crate::explain::Asked {
                generation: 1,
                health_sequence: 1,
                latency_sequence: self.beliefs.latency().sequence(),
                at: NOW_S,
                qname: "www.demo.test.".to_owned(),
                qtype: "A".to_owned(),
                client,
            },
            &self.geo,
            crate::explain::Answer::default(),
        );
        serde_json::to_value(explanation).unwrap()["policies"].clone()
    }
}

fn www() -> NameBuf {
    NameBuf::from_text("www.demo.test.").unwrap()
}

/// A client behind the resolver 198.51.100.53: `10.0.0.0/8` is a subnet, an address alone is the resolver itself.
fn client_of(text: &str) -> Client {
    let resolver: IpAddr = "198.51.100.53".parse().unwrap();
    match text.split_once('/') {
        None => Client {
            resolver: text.parse().unwrap(),
            subnet: None,
        },
        Some((address, prefix)) => Client {
            resolver,
            subnet: Some(Subnet {
                address: address.parse().unwrap(),
                prefix: prefix.parse().unwrap(),
            }),
        },
    }
}

/// The reasons of a step's drops, by endpoint id.
fn drops(step: &Value) -> Vec<(u64, String)> {
    let drops = step["dropped"].as_array().unwrap().iter();
    drops
        .map(|drop| {
            let reason = drop["reason"].as_str().unwrap().to_owned();
            (drop["endpoint"].as_u64().unwrap(), reason)
        })
        .collect()
}

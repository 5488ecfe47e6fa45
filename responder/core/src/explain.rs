//! An observer that records a decision, and the JSON made of it (docs/explain.md).

mod format;

use std::net::IpAddr;

use crate::geo::{GeoData, Location};
use crate::observe::{
    CandidateSeen, Located, Note, Observer, PolicyStarted, Reason, StageOutcome, StepOutcome, Why,
};
use crate::steering::{self, Client, ClientView, EcsMode, Endpoint, Shown};
use crate::wire::Name;

pub use format::{Answer, Explanation};
use format::{Candidate, Dropped, Kept, Policy, Stage, Step};

/// What was asked, of what: the head of an explanation.
#[derive(Debug, Clone)]
pub struct Asked {
    pub generation: u64,
    pub health_sequence: u64,
    pub latency_sequence: u64,
    pub at: u64,
    pub qname: String,
    pub qtype: String,
    pub client: Client,
}

/// Records everything that it sees.
#[derive(Debug, Default)]
pub struct Recorder {
    client: Option<format::Client>,
    zone: Option<String>,
    stages: Vec<Stage>,
    policies: Vec<Policy>,
}

impl Recorder {
    pub fn new() -> Self {
        Self::default()
    }

    /// The explanation. `geo` places a client whom no policy had to place.
    pub fn into_explanation(self, asked: Asked, geo: &GeoData, answer: Answer) -> Explanation {
        let client = self.client.unwrap_or_else(|| unsteered(&asked.client, geo));
        Explanation {
            generation: asked.generation,
            health_sequence: asked.health_sequence,
            latency_sequence: asked.latency_sequence,
            at: asked.at,
            qname: asked.qname,
            qtype: asked.qtype,
            client,
            zone: self.zone,
            stages: self.stages,
            policies: self.policies,
            answer,
        }
    }

    fn step(&mut self) -> Option<&mut Step> {
        self.policies.last_mut()?.steps.last_mut()
    }
}

impl Observer for Recorder {
    fn looked_up(&mut self, zone: Option<Name<'_>>, name: Name<'_>, outcome: StageOutcome) {
        if self.stages.is_empty() {
            self.zone = zone.map(|origin| origin.to_string());
        }
        self.stages.push(Stage {
            name: name.to_string(),
            outcome: outcome.name(),
            policy: outcome.policy(),
        });
    }

    fn located(&mut self, event: &Located<'_>) {
        self.client.get_or_insert_with(|| describe(event));
    }

    fn policy_started(&mut self, event: &PolicyStarted<'_>) {
        self.policies.push(Policy {
            id: event.policy.id,
            name: event.policy.name.to_string(),
            salt_slot: event.time_slot,
            family: event.family.number(),
            not_candidates: Vec::new(),
            candidates: Vec::new(),
            steps: Vec::new(),
            chosen: Vec::new(),
            ttl: 0,
            ttl_note: String::new(),
            scope: 0,
        });
    }

    fn not_a_candidate(&mut self, endpoint: &Endpoint, reason: Reason) {
        if let Some(policy) = self.policies.last_mut() {
            policy.not_candidates.push(dropped(endpoint, reason));
        }
    }

    fn candidate(&mut self, event: &CandidateSeen<'_>) {
        let region = event.policies.region(event.endpoint.region);
        if let Some(policy) = self.policies.last_mut() {
            policy.candidates.push(Candidate {
                endpoint: event.endpoint.id,
                name: event.endpoint.name.to_string(),
                region: region.map(|region| region.name.to_string()),
                address: Shown(event.endpoint, event.family).to_string(),
                weight: event.weight,
                priority: event.priority,
                switched_off: event.switched_off,
            });
        }
    }

    fn step_started(&mut self, kind: &'static str) {
        if let Some(policy) = self.policies.last_mut() {
            policy.steps.push(Step {
                kind,
                outcome: StepOutcome::Unchanged.name(),
                scope: 0,
                note: String::new(),
                dropped: Vec::new(),
                kept: Vec::new(),
            });
        }
    }

    fn dropped(&mut self, endpoint: &Endpoint, reason: Reason) {
        if let Some(step) = self.step() {
            step.dropped.push(dropped(endpoint, reason));
        }
    }

    fn kept(&mut self, endpoint: &Endpoint, tier: u16, why: Why) {
        if let Some(step) = self.step() {
            step.kept.push(Kept {
                endpoint: endpoint.id,
                name: endpoint.name.to_string(),
                tier,
                why: why.to_string(),
            });
        }
    }

    fn step_ended(&mut self, outcome: StepOutcome, scope: u8, note: Note) {
        if let Some(step) = self.step() {
            step.outcome = outcome.name();
            step.scope = scope;
            step.note = note.to_string();
        }
    }

    fn chosen(&mut self, endpoint: &Endpoint) {
        if let Some(policy) = self.policies.last_mut() {
            policy.chosen.push(endpoint.id);
        }
    }

    fn ttl_lowered(&mut self, policy: &steering::Policy, endpoint: &Endpoint) {
        if let Some(Policy { ttl_note, .. }) = self.policies.last_mut() {
            match ttl_note.is_empty() {
                true => {
                    let ttl_s = policy.ttl_s;
                    *ttl_note =
                        format!("lowered from {ttl_s} s, for it fails but is not yet down: ");
                }
                false => ttl_note.push_str(", "),
            }
            ttl_note.push_str(&endpoint.name);
        }
    }

    fn policy_ended(&mut self, ttl_s: u32, scope: u8) {
        if let Some(policy) = self.policies.last_mut() {
            policy.ttl = ttl_s;
            policy.scope = scope;
        }
    }
}

fn dropped(endpoint: &Endpoint, reason: Reason) -> Dropped {
    Dropped {
        endpoint: endpoint.id,
        name: endpoint.name.to_string(),
        reason: reason.to_string(),
    }
}

/// A client of static data, as a policy would see it.
fn unsteered(client: &Client, geo: &GeoData) -> format::Client {
    let view = ClientView::new(client, EcsMode::Always);
    let address = view.located.address;
    describe(&Located {
        client,
        prefix: (address, view.located.prefix),
        by_subnet: view.located_by_subnet,
        location: &geo.locate(address),
        asn: geo.asn(address).0,
    })
}

fn describe(event: &Located<'_>) -> format::Client {
    let prefix = |(address, length): (IpAddr, u8)| format!("{address}/{length}");
    let Location {
        continent,
        country,
        subdivision,
        position,
        position_source,
        ..
    } = event.location;
    let subnet = event.client.subnet;
    format::Client {
        resolver: event.client.resolver,
        ecs: subnet.map(|subnet| prefix((subnet.address, subnet.prefix))),
        source: if event.by_subnet { "ecs" } else { "resolver" },
        prefix: prefix(event.prefix),
        continent: continent.map(|continent| continent.code()),
        country: country.map(|country| crate::geo::countries::country(country).code_text()),
        subdivision: subdivision.map(|subdivision| subdivision.to_string()),
        asn: event.asn,
        latitude: position.map(|position| position.latitude),
        longitude: position.map(|position| position.longitude),
        location_from: position_source.map(|source| source.name()),
    }
}

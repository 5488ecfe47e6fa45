//! The JSON of an explanation, field by field as docs/explain.md shows it.

use std::net::IpAddr;

use serde::Serialize;

/// Why a client gets its answer. Serialised, it is what the API, the command line and the page show.
#[derive(Debug, Serialize)]
pub struct Explanation {
    pub(super) generation: u64,
    pub(super) health_sequence: u64,
    pub(super) latency_sequence: u64,
    pub(super) at: u64,
    pub(super) qname: String,
    pub(super) qtype: String,
    pub(super) client: Client,
    pub(super) zone: Option<String>,
    pub(super) stages: Vec<Stage>,
    pub(super) policies: Vec<Policy>,
    pub(super) answer: Answer,
}

/// The answer in presentation format.
#[derive(Debug, Default, Serialize)]
pub struct Answer {
    pub rcode: String,
    pub authoritative: bool,
    pub scope: u8,
    pub records: Vec<String>,
    pub authority: Vec<String>,
    pub additional: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Client {
    pub resolver: IpAddr,
    pub ecs: Option<String>,
    pub source: &'static str,
    pub prefix: String,
    pub continent: Option<&'static str>,
    pub country: Option<&'static str>,
    pub subdivision: Option<String>,
    pub asn: Option<u32>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub location_from: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Stage {
    pub name: String,
    pub outcome: &'static str,
    pub policy: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct Policy {
    pub id: u32,
    pub name: String,
    pub salt_slot: u64,
    pub family: u8,
    pub not_candidates: Vec<Dropped>,
    pub candidates: Vec<Candidate>,
    pub steps: Vec<Step>,
    pub chosen: Vec<u32>,
    pub ttl: u32,
    /// Why it is not the policy's own; empty if it is.
    pub ttl_note: String,
    pub scope: u8,
}

#[derive(Debug, Serialize)]
pub(super) struct Candidate {
    pub endpoint: u32,
    pub name: String,
    pub region: Option<String>,
    pub address: String,
    pub weight: Option<u32>,
    pub priority: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub switched_off: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub kind: &'static str,
    pub outcome: &'static str,
    pub scope: u8,
    pub note: String,
    pub dropped: Vec<Dropped>,
    pub kept: Vec<Kept>,
}

#[derive(Debug, Serialize)]
pub(super) struct Dropped {
    pub endpoint: u32,
    pub name: String,
    pub reason: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Kept {
    pub endpoint: u32,
    pub name: String,
    pub tier: u16,
    pub why: String,
}

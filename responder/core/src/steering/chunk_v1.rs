//! The policy chunk, versions 1 and 2, as it is written (docs/snapshot-format.md). Meaning is checked by `compile`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::EcsMode;

pub(super) const FORMAT: u32 = 1;
/// As version 1, and has shadows. A chunk without any is written as version 1, for readers that know no other.
pub(super) const FORMAT_WITH_SHADOWS: u32 = 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chunk {
    pub format: u32,
    pub regions: Vec<Region>,
    pub endpoints: Vec<Endpoint>,
    pub pools: Vec<Pool>,
    pub policies: Vec<Policy>,
    pub flattened: BTreeMap<String, Flattened>,
    #[serde(default)]
    pub shadows: Vec<Shadow>,
}

impl Chunk {
    pub(super) fn is_of_known_format(&self) -> bool {
        match self.format {
            FORMAT => self.shadows.is_empty(),
            format => format == FORMAT_WITH_SHADOWS,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Region {
    pub id: u32,
    pub name: String,
    pub latitude: f64,
    pub longitude: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    pub id: u32,
    pub name: String,
    pub region: u32,
    pub ipv4: Option<Ipv4Addr>,
    pub ipv6: Option<Ipv6Addr>,
    pub hostname: Option<String>,
    pub weight: Option<u32>,
    pub priority: Option<u32>,
    pub bias: Option<i8>,
    pub cost: Option<f64>,
    pub capacity: Option<f64>,
    pub labels: BTreeMap<String, String>,
    pub admin_state: AdminState,
    pub checked: bool,
}

/// What the operator wants of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdminState {
    Enabled,
    Draining,
    Disabled,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    pub id: u32,
    pub name: String,
    pub weight: Option<u32>,
    pub priority: Option<u32>,
    pub bias: Option<i8>,
    pub cost: Option<f64>,
    pub members: Vec<Member>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub endpoint: u32,
    pub weight: Option<u32>,
    pub priority: Option<u32>,
    pub bias: Option<i8>,
    pub cost: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub id: u32,
    pub name: String,
    pub salt: String,
    pub ttl: u32,
    pub ttl_min: u32,
    pub ecs: EcsMode,
    pub pools: Vec<u32>,
    pub steps: Vec<Step>,
}

/// Kind and options: which there are is up to the kind.
pub(super) type Step = Map<String, Value>;

/// What a policy might be, tried on a share of its clients.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shadow {
    pub id: u32,
    pub policy: u32,
    pub pools: Vec<u32>,
    pub steps: Vec<Step>,
    pub percent: f64,
    pub until: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flattened {
    pub ipv4: Vec<Ipv4Addr>,
    pub ipv6: Vec<Ipv6Addr>,
    pub ttl: u32,
}

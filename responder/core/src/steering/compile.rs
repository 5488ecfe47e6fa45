//! From the policy chunk as written to policies as served: everything checked, everything resolved.

mod catalogue;
mod context;
mod cycles;
mod shadows;

use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::chunk_v1::{self, Chunk};
use super::id_map::IdMap;
use super::policy::{Flattened, Policy, PolicyIndex, PolicySet, Pool, SaltKey};
use super::steps::Step;
use crate::wire::NameBuf;
use catalogue::Catalogue;
pub(super) use context::Context;

/// A policy chunk that must not be served. The message names policy, step and field:
/// `policy "www", step 2 (geo): rule 1: unknown country "XX"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// What is wrong, such as `policy "www", step 2 (geo)`.
    pub place: String,
    pub message: String,
}

impl PolicyError {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for PolicyError {}

/// RFC 2181 section 8: a TTL takes 31 bits.
const MAX_TTL_S: u32 = i32::MAX as u32;

pub(super) fn policy_set(json: &[u8]) -> Result<PolicySet, PolicyError> {
    let mut chunk = read(json)?;
    let steps = chunk.policies.iter_mut();
    let steps: Vec<_> = steps
        .map(|policy| std::mem::take(&mut policy.steps))
        .collect();
    let catalogue = Catalogue::new(&chunk)?;
    let served = chunk.policies.iter().zip(steps);
    let served = served.map(|(written, steps)| {
        let place = format!("policy \"{}\"", written.name);
        policy(written, (&written.pools, steps), place, &catalogue)
    });
    let mut policies = served.collect::<Result<Vec<_>, _>>()?;
    let (shadows, proposals) = shadows::compiled(&chunk, &catalogue)?;
    policies.extend(proposals);
    cycles::refuse(&policies)?;
    let flattened = chunk
        .flattened
        .iter()
        .map(flattened)
        .collect::<Result<_, _>>()?;
    Ok(PolicySet {
        regions: catalogue.regions,
        endpoints: catalogue.endpoints,
        pools: chunk.pools.iter().map(pool).collect(),
        policy_by_id: IdMap::new(catalogue.policy_by_id),
        served: chunk.policies.len(),
        policies: policies.into(),
        shadows,
        flattened,
    })
}

fn read(json: &[u8]) -> Result<Chunk, PolicyError> {
    match serde_json::from_slice::<Chunk>(json) {
        Ok(chunk) if chunk.is_of_known_format() => Ok(chunk),
        _ => read_with_care(json),
    }
}

/// The same, keeping track of where it is: that takes twice as long, and is for errors.
#[cold]
fn read_with_care(json: &[u8]) -> Result<Chunk, PolicyError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let malformed = |error: &dyn fmt::Display| PolicyError::new("policy chunk", error.to_string());
    let Versioned { format } = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    if ![chunk_v1::FORMAT, chunk_v1::FORMAT_WITH_SHADOWS].contains(&format) {
        let message = format!("format {format} is not known; this reads formats 1 and 2");
        return Err(PolicyError::new("policy chunk", message));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let chunk: Chunk =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| malformed(&error))?;
    match chunk.is_of_known_format() {
        true => Ok(chunk),
        false => Err(PolicyError::new(
            "policy chunk",
            "shadows: format 1 has none",
        )),
    }
}

fn pool(written: &chunk_v1::Pool) -> Pool {
    let members = written.members.iter();
    Pool {
        id: written.id,
        name: written.name.as_str().into(),
        members: members.map(|member| member.endpoint).collect(),
    }
}

/// The policy that is written, with these pools and steps.
fn policy(
    written: &chunk_v1::Policy,
    (pools, written_steps): (&[u32], Vec<chunk_v1::Step>),
    place: String,
    catalogue: &Catalogue<'_>,
) -> Result<Policy, PolicyError> {
    let refuse = |message: String| PolicyError::new(place.as_str(), message);
    if written.ttl > MAX_TTL_S {
        return Err(refuse(format!("ttl: must be at most {MAX_TTL_S}")));
    }
    if written.ttl_min > written.ttl {
        return Err(refuse("ttl_min: must be at most ttl".to_owned()));
    }
    let mut context = Context::new(catalogue);
    let candidates = context.enlist(pools).map_err(refuse)?;
    let own = context.members().count();
    let mut steps = Vec::with_capacity(written_steps.len());
    for (number, step) in (1..).zip(written_steps) {
        let step = Step::compile(step, &mut context);
        steps.push(step.map_err(|(kind, message)| {
            PolicyError::new(format!("{place}, step {number} ({kind})"), message)
        })?);
    }
    let has_names = context
        .members()
        .any(|(_, endpoint)| endpoint.hostname.is_some());
    let hands_over = steps.iter().any(|step| step.successor().is_some());
    Ok(Policy {
        id: written.id,
        name: written.name.as_str().into(),
        ttl_s: written.ttl,
        ttl_min_s: written.ttl_min,
        ecs: written.ecs,
        salt: salt_key(&written.salt),
        sees_apex: has_names || hands_over,
        members: context.into_members(),
        own,
        candidates,
        says_first: steps.iter().any(Step::is_first),
        steps: steps.into(),
    })
}

/// A salt is text of any length; SipHash takes 128 bits.
fn salt_key(salt: &str) -> SaltKey {
    let digest = Sha256::digest(salt.as_bytes());
    let word = |from: usize| {
        let octets = digest.iter().skip(from).take(8);
        octets.fold(0, |word, octet| word << 8 | u64::from(*octet))
    };
    SaltKey(word(0), word(8))
}

fn flattened(
    (name, written): (&String, &chunk_v1::Flattened),
) -> Result<(Box<[u8]>, Flattened), PolicyError> {
    let owner = absolute_name(name)
        .map_err(|error| PolicyError::new(format!("flattened \"{name}\""), error))?;
    let addresses = Flattened {
        ipv4: written.ipv4.as_slice().into(),
        ipv6: written.ipv6.as_slice().into(),
        ttl_s: written.ttl.min(MAX_TTL_S),
    };
    Ok((owner.as_name().as_bytes().into(), addresses))
}

fn absolute_name(text: &str) -> Result<NameBuf, String> {
    let name = NameBuf::from_text(text).map_err(|error| format!("\"{text}\": {error}"))?;
    match name.as_name() {
        name if !name.is_lowered() => Err(format!("\"{text}\" must be in lower case")),
        _ if !text.ends_with('.') => Err(format!("\"{text}\" must end with a dot")),
        _ => Ok(name),
    }
}

impl Catalogue<'_> {
    fn policy_index(&self, id: u32) -> Result<PolicyIndex, String> {
        let index = self.policy_by_id.get(&id).copied();
        index.ok_or_else(|| format!("policy {id} is not in the chunk"))
    }
}

//! Version 1 of the manifest (`docs/snapshot-format.md`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::World;
use super::digest::Digest;
use super::error::SnapshotError;
use crate::wire::NameBuf;

const FORMAT: u64 = 1;

#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "format")]
    _format: u64,
    generation: u64,
    #[serde(rename = "created")]
    _created: String,
    zones: BTreeMap<String, String>,
    policies: String,
    geo: BTreeMap<String, String>,
}

/// Which chunks make up a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub generation: u64,
    /// Origin and chunk, sorted by origin as text.
    pub zones: Vec<(String, Digest)>,
    pub policies: Digest,
    /// Role and MMDB file, sorted by role.
    pub geo: Vec<(String, Digest)>,
}

impl Manifest {
    pub fn parse(json: &[u8]) -> Result<Self, SnapshotError> {
        let shape = |error: serde_json::Error| SnapshotError::Manifest {
            reason: error.to_string(),
        };
        let Versioned { format } = serde_json::from_slice(json).map_err(shape)?;
        if format != FORMAT {
            return Err(SnapshotError::UnknownFormat { format });
        }
        let written: Written = serde_json::from_slice(json).map_err(shape)?;
        if written.generation == 0 {
            return Err(field("generation", "must be at least 1"));
        }
        for origin in written.zones.keys() {
            check_origin(origin)?;
        }
        Ok(Self {
            generation: written.generation,
            zones: digests("zones", written.zones)?,
            policies: digest("policies", &written.policies)?,
            geo: digests("geo", written.geo)?,
        })
    }

    /// The digests of all chunks that `previous` does not hold already.
    pub fn missing_from(&self, previous: Option<&World>) -> Vec<Digest> {
        let zones = self.zones.iter().map(|(_, digest)| *digest);
        let mut missing: Vec<_> = zones.chain([self.policies]).collect();
        missing.retain(|digest| !previous.is_some_and(|world| world.holds(digest)));
        // A geo file is opened for its role.
        let geo = self.geo.iter();
        let geo = geo.filter(|(role, digest)| {
            previous.is_none_or(|world| world.geo_file(role, digest).is_none())
        });
        missing.extend(geo.map(|(_, digest)| *digest));
        missing
    }
}

fn digests(
    field: &str,
    written: BTreeMap<String, String>,
) -> Result<Vec<(String, Digest)>, SnapshotError> {
    let pairs = written.into_iter().map(|(key, text)| {
        let digest = digest(&format!("{field}: {key}"), &text)?;
        Ok((key, digest))
    });
    pairs.collect()
}

fn digest(of: &str, text: &str) -> Result<Digest, SnapshotError> {
    text.parse()
        .map_err(|_| field(of, "a digest is 64 lower-case hexadecimal digits"))
}

fn check_origin(origin: &str) -> Result<(), SnapshotError> {
    let canonical = NameBuf::from_text(origin)
        .is_ok_and(|name| name.as_name().is_lowered() && name.as_name().to_string() == origin);
    if canonical {
        return Ok(());
    }
    let reason = "an origin is a lower-case name with its final dot";
    Err(field(&format!("zones: {origin}"), reason))
}

fn field(field: &str, reason: &'static str) -> SnapshotError {
    SnapshotError::Field {
        field: field.to_owned(),
        reason,
    }
}

//! Version 1 of the manifest (`docs/snapshot-format.md`).

use serde::Deserialize;

use super::World;
use super::digest::Digest;
use super::error::SnapshotError;
use super::listed::Listed;
use crate::wire::NameBuf;
use crate::wire::name::{MAX_LABEL, MAX_NAME};

const FORMAT: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u64,
    generation: u64,
    created: String,
    zones: Listed,
    policies: String,
    geo: Listed,
}

/// Which chunks make up a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub generation: u64,
    /// When, as the control plane wrote it: nothing is decided by it.
    pub created: String,
    /// Origin and chunk, sorted by origin as text.
    pub zones: Vec<(String, Digest)>,
    pub policies: Digest,
    /// Role and MMDB file, sorted by role.
    pub geo: Vec<(String, Digest)>,
}

impl Manifest {
    pub fn parse(json: &[u8]) -> Result<Self, SnapshotError> {
        let written = read(json)?;
        if written.generation == 0 {
            return Err(field("generation", "must be at least 1"));
        }
        for (origin, _) in &written.zones.0 {
            check_origin(origin)?;
        }
        Ok(Self {
            generation: written.generation,
            created: written.created,
            zones: digests("zones", written.zones)?,
            policies: digest("policies", &written.policies)?,
            geo: digests("geo", written.geo)?,
        })
    }

    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        let listed = self.zones.iter().chain(&self.geo);
        listed.map(|(_, digest)| *digest).chain([self.policies])
    }

    /// The digests of all chunks that `previous` does not hold already.
    pub fn missing_from(&self, previous: Option<&World>) -> Vec<Digest> {
        let Some(previous) = previous else {
            return self.digests().collect();
        };
        let zones = self.zones.iter().zip(previous.zones.held(&self.zones));
        let zones = zones.filter(|(_, held)| held.is_none());
        let mut missing: Vec<_> = zones.map(|((_, digest), _)| *digest).collect();
        if !previous.has_policies(&self.policies) {
            missing.push(self.policies);
        }
        // A geo file is opened for its role.
        let geo = self.geo.iter();
        let geo = geo.filter(|(role, digest)| previous.geo_file(role, digest).is_none());
        missing.extend(geo.map(|(_, digest)| *digest));
        missing
    }
}

fn read(json: &[u8]) -> Result<Written, SnapshotError> {
    /// Of another version, nothing else is known.
    #[derive(Deserialize)]
    struct Versioned {
        format: u64,
    }
    let shape = |error: serde_json::Error| SnapshotError::Manifest {
        reason: error.to_string(),
    };
    let read = serde_json::from_slice::<Written>(json);
    let format = match &read {
        Ok(written) => written.format,
        Err(_) => {
            let Versioned { format } = serde_json::from_slice(json).map_err(shape)?;
            format
        }
    };
    match format {
        FORMAT => read.map_err(shape),
        format => Err(SnapshotError::UnknownFormat { format }),
    }
}

fn digests(field: &str, Listed(listed): Listed) -> Result<Vec<(String, Digest)>, SnapshotError> {
    let pairs = listed.into_iter().map(|(key, digest)| match digest {
        Some(digest) => Ok((key, digest)),
        None => Err(malformed(&format!("{field}: {key}"))),
    });
    pairs.collect()
}

fn digest(of: &str, text: &str) -> Result<Digest, SnapshotError> {
    text.parse().map_err(|_| malformed(of))
}

fn malformed(of: &str) -> SnapshotError {
    field(of, "a digest is 64 lower-case hexadecimal digits")
}

fn check_origin(origin: &str) -> Result<(), SnapshotError> {
    if is_plain(origin) {
        return Ok(());
    }
    let canonical = NameBuf::from_text(origin)
        .is_ok_and(|name| name.as_name().is_lowered() && name.as_name().to_string() == origin);
    if canonical {
        return Ok(());
    }
    let reason = "an origin is a lower-case name with its final dot";
    Err(field(&format!("zones: {origin}"), reason))
}

/// What nearly all origins are: labels of letters, digits, hyphens and underscores, each with its dot.
fn is_plain(origin: &str) -> bool {
    let mut label = 0;
    for octet in origin.bytes() {
        match octet {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' if label < MAX_LABEL => label += 1,
            b'.' if label > 0 => label = 0,
            _ => return false,
        }
    }
    // On the wire a name takes one octet more than as text with its final dot.
    label == 0 && (1..MAX_NAME).contains(&origin.len())
}

fn field(field: &str, reason: &'static str) -> SnapshotError {
    SnapshotError::Field {
        field: field.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_plain_is_canonical(origin in "[a-z0-9_.\\\\-]{0,12}|([a-z]{50,64}\\.){1,5}") {
            if is_plain(&origin) {
                let name = NameBuf::from_text(&origin).unwrap();
                prop_assert!(name.as_name().is_lowered());
                prop_assert_eq!(name.as_name().to_string(), origin);
            }
        }
    }

    #[test]
    fn common_origins_are_plain() {
        for origin in ["example.test.", "a-b.c_d.2.", "com."] {
            assert!(is_plain(origin), "{origin}");
        }
    }
}

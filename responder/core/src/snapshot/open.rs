//! Verifies the chunks of a manifest and makes a world of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::digest::Digest;
use super::error::SnapshotError;
use super::manifest::Manifest;
use super::zones::Zones;
use super::{OpenedFile, World};
use crate::geo::{GeoData, GeoFile};
use crate::steering::PolicySet;
use crate::zone::{Steered, Zone, ZoneError, ZoneFault, chunk_v1};

/// Octets by digest; what they hash to is checked here.
pub type Chunks<'c> = HashMap<Digest, &'c [u8]>;

impl World {
    /// Opens `manifest`; `chunks` must hold all that `Manifest::missing_from` asks for.
    pub fn open(
        manifest: &Manifest,
        chunks: &Chunks<'_>,
        previous: Option<&World>,
    ) -> Result<Self, SnapshotError> {
        let opening = Opening { chunks, previous };
        let mut zones = Vec::with_capacity(manifest.zones.len());
        let mut zone_by_digest = HashMap::with_capacity(manifest.zones.len());
        for (origin, digest) in &manifest.zones {
            let zone = opening.zone(origin, *digest)?;
            zone_by_digest.insert(*digest, zone.clone());
            zones.push(zone);
        }
        let policies = opening.policies(manifest.policies)?;
        for zone in &zones {
            check_steered(zone, &policies)?;
        }
        let geo_files = opening.geo_files(&manifest.geo)?;
        Ok(Self {
            generation: manifest.generation,
            zones: Zones::new(zones),
            policies,
            geo: GeoData::new(geo_files.iter().map(|opened| opened.file.as_ref()))?,
            zone_by_digest,
            policies_digest: manifest.policies,
            geo_files,
        })
    }

    pub(super) fn holds(&self, digest: &Digest) -> bool {
        self.zone_by_digest.contains_key(digest) || self.policies_digest == *digest
    }

    pub(super) fn geo_file(&self, role: &str, digest: &Digest) -> Option<&OpenedFile> {
        let mut files = self.geo_files.iter();
        files.find(|file| file.role == role && file.digest == *digest)
    }

    /// P1: whether this world may follow the one of generation `serving`.
    pub fn check_follows(&self, serving: u64) -> Result<(), SnapshotError> {
        let offered = self.generation;
        if offered >= serving {
            return Ok(());
        }
        Err(SnapshotError::Stale { serving, offered })
    }
}

struct Opening<'o> {
    chunks: &'o Chunks<'o>,
    previous: Option<&'o World>,
}

impl Opening<'_> {
    fn zone(&self, origin: &str, digest: Digest) -> Result<Arc<Zone>, SnapshotError> {
        let held = self.previous.map(|world| &world.zone_by_digest);
        let zone = match held.and_then(|zones| zones.get(&digest)) {
            Some(zone) => zone.clone(),
            None => {
                let octets = self.verified(&format!("zone {origin}"), digest)?;
                Arc::new(chunk_v1::decode(octets.into())?)
            }
        };
        let found = zone.origin().to_string();
        if found == origin {
            return Ok(zone);
        }
        Err(SnapshotError::ForeignOrigin {
            listed: origin.to_owned(),
            found,
        })
    }

    fn policies(&self, digest: Digest) -> Result<Arc<PolicySet>, SnapshotError> {
        match self.previous {
            Some(world) if world.policies_digest == digest => Ok(world.policies.clone()),
            _ => {
                let octets = self.verified("policies", digest)?;
                Ok(Arc::new(PolicySet::parse(octets)?))
            }
        }
    }

    fn geo_files(&self, listed: &[(String, Digest)]) -> Result<Vec<OpenedFile>, SnapshotError> {
        let files = listed.iter().map(|(role, digest)| {
            let held = self.previous;
            let file = match held.and_then(|world| world.geo_file(role, digest)) {
                Some(held) => held.file.clone(),
                None => {
                    let octets = self.verified(&format!("geo {role}"), *digest)?;
                    Arc::new(GeoFile::open(role, octets)?)
                }
            };
            Ok(OpenedFile {
                role: role.clone(),
                digest: *digest,
                file,
            })
        });
        files.collect()
    }

    fn verified(&self, chunk: &str, expected: Digest) -> Result<&[u8], SnapshotError> {
        let chunk = || chunk.to_owned();
        let Some(octets) = self.chunks.get(&expected) else {
            return Err(SnapshotError::MissingChunk {
                chunk: chunk(),
                digest: expected,
            });
        };
        let found = Digest::of(octets);
        if found == expected {
            return Ok(octets);
        }
        Err(SnapshotError::DigestMismatch {
            chunk: chunk(),
            expected,
            found,
        })
    }
}

/// P3: every binding has a policy, and that an endpoint. Asked anew for shared zones: policies change apart from them.
fn check_steered(zone: &Zone, policies: &PolicySet) -> Result<(), ZoneError> {
    for Steered { owner, set, policy } in zone.steered() {
        let fault = match policies.policy(policy) {
            None => ZoneFault::UnknownPolicy(policy),
            Some(index) if !policies.has_endpoint(index) => {
                ZoneFault::PolicyWithoutEndpoint(policy)
            }
            Some(_) => continue,
        };
        return Err(ZoneError {
            zone: zone.origin().to_string(),
            owner: Some(owner.to_string()),
            record_type: Some(set.record_type),
            fault,
        });
    }
    Ok(())
}

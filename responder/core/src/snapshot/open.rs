//! Verifies the chunks of a manifest and makes a world of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::digest::Digest;
use super::error::SnapshotError;
use super::manifest::{ListedZones, Manifest, ZoneList};
use super::zone_list;
use super::zones::{OpenedList, OpenedZone, Zones};
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
        let lists = manifest.lists.iter().map(|list| opening.list(list));
        let zones = Zones::new(lists.collect::<Result<_, _>>()?);
        let policies = opening.policies(manifest.policies)?;
        opening.check_steered(&zones, &policies)?;
        let geo_files = opening.geo_files(&manifest.geo)?;
        Ok(Self {
            generation: manifest.generation,
            zones,
            policies,
            geo: GeoData::new(geo_files.iter().map(|opened| opened.file.as_ref()))?,
            policies_digest: manifest.policies,
            geo_files,
        })
    }

    pub(super) fn has_policies(&self, digest: &Digest) -> bool {
        self.policies_digest == *digest
    }

    pub(super) fn geo_file(&self, role: &str, digest: &Digest) -> Option<&OpenedFile> {
        let mut files = self.geo_files.iter();
        files.find(|file| file.role == role && file.digest == *digest)
    }

    /// The digests of the chunks that `other` is not made of.
    pub fn missing_from(&self, other: &World) -> Vec<Digest> {
        let mut missing = Vec::new();
        for (list, zones) in self.zones.missing_from(&other.zones) {
            missing.extend(list);
            missing.extend(zones.iter().map(|opened| opened.digest));
        }
        if !other.has_policies(&self.policies_digest) {
            missing.push(self.policies_digest);
        }
        let geo = self.geo_files.iter().map(|opened| opened.digest);
        missing.extend(geo.filter(|digest| !other.has_geo_file(digest)));
        missing
    }

    fn has_geo_file(&self, digest: &Digest) -> bool {
        self.geo_files.iter().any(|opened| opened.digest == *digest)
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
    fn list(&self, list: &ZoneList) -> Result<OpenedList, SnapshotError> {
        let number = list.number;
        let (digest, zones) = match &list.zones {
            ListedZones::Here(listed) => (None, self.zones(number, listed)?),
            ListedZones::In(digest) => (Some(*digest), self.zones_in(number, *digest)?),
        };
        Ok(OpenedList {
            number,
            digest,
            zones,
        })
    }

    fn zones_in(&self, number: u8, digest: Digest) -> Result<Vec<Arc<OpenedZone>>, SnapshotError> {
        let held = self.previous.map(|world| &world.zones);
        match held.and_then(|zones| zones.held_list(number, &digest)) {
            Some(held) => Ok(held.to_vec()),
            None => self.zones(number, &zone_list::read(number, digest, self.chunks)?),
        }
    }

    fn zones(
        &self,
        number: u8,
        listed: &[(String, Digest)],
    ) -> Result<Vec<Arc<OpenedZone>>, SnapshotError> {
        let mut held = self.previous.map(|world| world.zones.held(number, listed));
        let mut held = std::iter::from_fn(|| held.as_mut()?.next());
        let zones = listed.iter().map(|(origin, digest)| {
            let zone = match held.next().flatten() {
                Some(held) => return Ok(held.clone()),
                None => self.zone(origin, *digest)?,
            };
            Ok(Arc::new(OpenedZone::new(origin, *digest, zone)))
        });
        zones.collect()
    }

    /// Zones that the previous world has with the same policies passed there.
    fn check_steered(&self, zones: &Zones, policies: &Arc<PolicySet>) -> Result<(), ZoneError> {
        let nothing = Zones::default();
        let passed = match self.previous {
            Some(world) if Arc::ptr_eq(&world.policies, policies) => &world.zones,
            _ => &nothing,
        };
        for (_, fresh) in zones.missing_from(passed) {
            for opened in fresh {
                check_steered(&opened.zone, policies)?;
            }
        }
        Ok(())
    }

    fn zone(&self, origin: &str, digest: Digest) -> Result<Zone, SnapshotError> {
        let octets = verified(self.chunks, &format!("zone {origin}"), digest)?;
        let zone = chunk_v1::decode(octets.into())?;
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
                let octets = verified(self.chunks, "policies", digest)?;
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
                    let octets = verified(self.chunks, &format!("geo {role}"), *digest)?;
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
}

/// The octets of a digest, which are called `chunk` in errors.
pub(super) fn verified<'c>(
    chunks: &Chunks<'c>,
    chunk: &str,
    expected: Digest,
) -> Result<&'c [u8], SnapshotError> {
    let chunk = || chunk.to_owned();
    let Some(octets) = chunks.get(&expected) else {
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

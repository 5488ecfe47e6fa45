//! From a manifest and its chunks to the world that is served.
//!
//! ```text
//! manifest ─► Manifest::parse ─► digests not in the previous world ─► zone lists ─► digests of zones not in it
//!                                                                         └────► chunks, hashed and decoded ─► World
//! ```
//!
//! All or nothing (P2): a world is made as a whole or not at all, and never changes afterwards. What did not change
//! is shared with the previous world.

mod digest;
mod error;
mod listed;
mod manifest;
mod open;
mod zone_list;
mod zones;

use std::sync::Arc;

pub use digest::{Digest, MalformedDigest};
pub use error::SnapshotError;
pub use manifest::{ListedZones, Manifest, ZoneList};
pub use open::Chunks;
pub use zones::Zones;

use crate::geo::{GeoData, GeoFile};
use crate::steering::PolicySet;

/// Everything of one generation that answers are made from, verified.
pub struct World {
    generation: u64,
    zones: Zones,
    policies: Arc<PolicySet>,
    geo: GeoData,
    policies_digest: Digest,
    geo_files: Vec<OpenedFile>,
}

/// A file of the geo data, shared with the worlds that have the same.
#[derive(Clone)]
struct OpenedFile {
    role: String,
    digest: Digest,
    file: Arc<GeoFile>,
}

impl World {
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn zones(&self) -> &Zones {
        &self.zones
    }

    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    pub fn geo(&self) -> &GeoData {
        &self.geo
    }
}

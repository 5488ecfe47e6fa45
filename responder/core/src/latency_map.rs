//! How far regions are from clients, as the control plane believes (docs/snapshot-format.md, "Latency map").
//!
//! ```text
//! message ─► apply ─► LatencyMap ─► outlook of a client ─► its row, or what its place and groups say ─► estimates
//! ```
//!
//! A map is immutable: a delta makes another one, which shares all that did not change.

mod error;
mod groups;
mod message;
mod outlook;
mod pages;
mod row;

use std::sync::Arc;

pub use error::LatencyMapError;
pub(crate) use outlook::Outlook;
pub use outlook::{Estimate, Source};

use groups::Groups;
use pages::Pages;
use row::Shape;

/// Clients are told apart by the first bits of their address: 24 of them, and 48 with IPv6.
const PREFIX_V4: u8 = 24;
const PREFIX_V6: u8 = 48;

/// A region's column in the rows of a map.
pub type Column = u8;

/// No region's column.
pub(crate) const NO_COLUMN: Column = Column::MAX;

/// What is said of everyone.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Terms {
    distance_ms: f64,
    slope_ms_per_km: f64,
    /// Standard errors added to an estimate where clients are compared by it.
    caution: f64,
}

/// Without a map.
const PLAIN: Terms = Terms {
    distance_ms: 15.0,
    slope_ms_per_km: 0.0165,
    caution: 0.25,
};

/// All estimates at one sequence number.
#[derive(Debug, Clone)]
pub struct LatencyMap {
    sequence: u64,
    made_s: u64,
    terms: Terms,
    shape: Shape,
    /// Ids of regions by column.
    regions: Arc<[u32]>,
    groups: Groups,
    ipv4: Pages,
    ipv6: Pages,
}

impl Default for LatencyMap {
    fn default() -> Self {
        Self {
            sequence: 0,
            made_s: 0,
            terms: PLAIN,
            shape: Shape::new(0),
            regions: Arc::default(),
            groups: Groups::default(),
            ipv4: Pages::of_ipv4(),
            ipv6: Pages::of_ipv6(),
        }
    }
}

impl LatencyMap {
    /// 0: nothing was measured, or nothing came.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Unix seconds: what was measured until then is in it.
    pub fn made_s(&self) -> u64 {
        self.made_s
    }

    /// Clients that have rows.
    pub fn rows(&self) -> usize {
        self.ipv4.rows() + self.ipv6.rows()
    }

    /// The octets that rows and their index take.
    pub fn octets(&self) -> usize {
        self.ipv4.octets() + self.ipv6.octets()
    }

    /// Of the region with the id `region`.
    pub fn column(&self, region: u32) -> Option<Column> {
        let place = self.regions.binary_search(&region).ok()?;
        Column::try_from(place).ok()
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

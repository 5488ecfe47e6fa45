//! Why a snapshot is not served.

use std::fmt;

use super::digest::Digest;
use crate::geo::GeoError;
use crate::steering::PolicyError;
use crate::zone::ZoneError;

/// The message names the zone, chunk or field.
#[derive(Debug)]
pub enum SnapshotError {
    /// The manifest is not JSON, lacks a field or has one of the wrong shape.
    Manifest {
        reason: String,
    },
    UnknownFormat {
        format: u64,
    },
    /// A field of the manifest has an impossible value.
    Field {
        field: String,
        reason: &'static str,
    },
    /// A zone list is not JSON, or lists what it may not.
    ZoneList {
        number: u8,
        reason: String,
    },
    MissingChunk {
        chunk: String,
        digest: Digest,
    },
    DigestMismatch {
        chunk: String,
        expected: Digest,
        found: Digest,
    },
    /// The manifest gives a zone the chunk of another.
    ForeignOrigin {
        listed: String,
        found: String,
    },
    Zone(ZoneError),
    Policies(PolicyError),
    Geo(GeoError),
    /// P1: generations only rise.
    Stale {
        serving: u64,
        offered: u64,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest { reason } => write!(f, "manifest: {reason}"),
            Self::UnknownFormat { format } => write!(
                f,
                "manifest: unknown format {format}; this responder reads formats 1 and 2, upgrade it first"
            ),
            Self::Field { field, reason } => write!(f, "manifest: {field}: {reason}"),
            Self::ZoneList { number, reason } => write!(f, "zone list {number:02x}: {reason}"),
            Self::MissingChunk { chunk, digest } => {
                write!(f, "{chunk}: chunk {digest} was not supplied")
            }
            Self::DigestMismatch {
                chunk,
                expected,
                found,
            } => write!(
                f,
                "{chunk}: the digest of the chunk is {found}, the manifest says {expected}; fetch it again"
            ),
            Self::ForeignOrigin { listed, found } => {
                write!(f, "zone {listed}: its chunk holds the zone {found}")
            }
            Self::Zone(error) => error.fmt(f),
            Self::Policies(error) => error.fmt(f),
            Self::Geo(error) => error.fmt(f),
            Self::Stale { serving, offered } => write!(
                f,
                "generation {offered} is lower than generation {serving}, which is being served"
            ),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<ZoneError> for SnapshotError {
    fn from(error: ZoneError) -> Self {
        Self::Zone(error)
    }
}

impl From<PolicyError> for SnapshotError {
    fn from(error: PolicyError) -> Self {
        Self::Policies(error)
    }
}

impl From<GeoError> for SnapshotError {
    fn from(error: GeoError) -> Self {
        Self::Geo(error)
    }
}

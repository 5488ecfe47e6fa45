//! Why a message is not taken.

use std::fmt;

use crate::wire::reader::ReadError;

/// A message that is not taken. The map stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LatencyMapError {
    /// It is not of this format, or not whole.
    Malformed(&'static str),
    /// A delta to another map; only the messages between, or a full one, help.
    Gap { have: u64, base: u64 },
    /// A map that is not newer.
    Stale { have: u64, got: u64 },
    /// A delta between other regions than its base has.
    OtherRegions,
}

impl fmt::Display for LatencyMapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "latency map: malformed: {what}"),
            Self::Gap { have, base } => write!(
                f,
                "latency map: a delta to {base} does not apply to {have}: ask for a full map"
            ),
            Self::Stale { have, got } => {
                write!(
                    f,
                    "latency map {got} refused: {have} is known, and it only rises"
                )
            }
            Self::OtherRegions => f.write_str(
                "latency map: a delta has other regions than its base: ask for a full map",
            ),
        }
    }
}

impl std::error::Error for LatencyMapError {}

impl From<ReadError> for LatencyMapError {
    fn from(_: ReadError) -> Self {
        Self::Malformed("it ends too early")
    }
}

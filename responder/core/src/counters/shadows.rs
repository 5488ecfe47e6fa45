//! What shadows would have answered, beside what was.

use super::table::Key;
use super::{pair, unpair};

/// Answers to the clients of a country that a shadow was tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShadowTally {
    /// The shadow's id.
    pub shadow: u32,
    /// ISO 3166-1 alpha-2; zeros: unknown, or found no room.
    pub country: [u8; 2],
    /// The first endpoint that was answered; 0: none.
    pub endpoint: u32,
    /// The first that the shadow would have answered; 0: none.
    pub shadow_endpoint: u32,
}

impl ShadowTally {
    pub(super) fn key(self) -> Key {
        let country = u16::from_be_bytes(self.country);
        [
            pair(self.shadow, self.endpoint),
            pair(country.into(), self.shadow_endpoint),
        ]
    }

    pub(super) fn of_key([who, what]: Key) -> Self {
        let (shadow, endpoint) = unpair(who);
        let (country, shadow_endpoint) = unpair(what);
        Self {
            shadow,
            country: (country as u16).to_be_bytes(),
            endpoint,
            shadow_endpoint,
        }
    }
}

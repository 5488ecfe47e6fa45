//! What clients have in common with others of their country or network.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Column;
use super::row::error_ms;

/// Whom a group holds, and what its round trips are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Over what distance explains.
    Everyone,
    Country,
    Network,
    /// The whole of it, for clients of whom no place is known.
    PlacelessEveryone,
    PlacelessNetwork,
}

impl Kind {
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Everyone),
            1 => Some(Self::Country),
            2 => Some(Self::Network),
            3 => Some(Self::PlacelessEveryone),
            4 => Some(Self::PlacelessNetwork),
            _ => None,
        }
    }
}

pub(super) type Key = (Kind, u32);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub samples: u16,
    /// By column: eighths of a millisecond, and the code of the error.
    pub columns: Box<[(i16, u8)]>,
}

impl Group {
    pub fn rtt_ms(&self, column: Column) -> Option<f64> {
        let (eighths, _) = self.columns.get(usize::from(column))?;
        Some(f64::from(*eighths) / 8.0)
    }

    pub fn error_ms(&self, column: Column) -> Option<f64> {
        let (_, code) = self.columns.get(usize::from(column))?;
        Some(error_ms(*code))
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    groups: Arc<BTreeMap<Key, Group>>,
    has_networks: bool,
}

impl Groups {
    pub fn get(&self, kind: Kind, key: u32) -> Option<&Group> {
        self.groups.get(&(kind, key))
    }

    /// Whether any network is a group of its own.
    pub fn has_networks(&self) -> bool {
        self.has_networks
    }

    /// With `groups` in place of those of the same key.
    pub fn with(&self, groups: Vec<(Key, Group)>) -> Self {
        if groups.is_empty() {
            return self.clone();
        }
        let mut all = BTreeMap::clone(&self.groups);
        all.extend(groups);
        let mut kinds = all.keys().map(|(kind, _)| *kind);
        let has_networks = kinds.any(|kind| matches!(kind, Kind::Network | Kind::PlacelessNetwork));
        Self {
            groups: Arc::new(all),
            has_networks,
        }
    }
}

//! All zones, found by the names in them.

use std::sync::Arc;

use hashbrown::HashTable;

use crate::wire::{LookupName, Name};
use crate::zone::Zone;

#[derive(Default)]
pub struct Zones {
    zones: Vec<Arc<Zone>>,
    /// Numbers of `zones` by the hash of their origins.
    table: HashTable<usize>,
    /// Bit n: a zone's origin has n labels. Only such ancestors of a name are looked up.
    depths: u128,
}

impl Zones {
    /// `zones` have different origins.
    pub fn new(zones: Vec<Arc<Zone>>) -> Self {
        let mut table = HashTable::with_capacity(zones.len());
        let mut depths = 0;
        let of = |number: &usize| zones.get(*number).map_or(0, |zone| hash(zone.origin()));
        for (number, zone) in zones.iter().enumerate() {
            table.insert_unique(hash(zone.origin()), number, of);
            depths |= 1 << zone.origin().label_count();
        }
        Self {
            zones,
            table,
            depths,
        }
    }

    /// The zone with the longest origin at or above `name`.
    pub fn deepest(&self, name: &LookupName) -> Option<&Zone> {
        self.deepest_within(name, name.label_count())
    }

    /// The zone with the longest origin above `name`.
    pub fn deepest_above(&self, name: &LookupName) -> Option<&Zone> {
        self.deepest_within(name, name.label_count().checked_sub(1)?)
    }

    /// The zone with the longest origin of `labels` labels or fewer.
    #[inline]
    fn deepest_within(&self, name: &LookupName, labels: usize) -> Option<&Zone> {
        let mut possible = self.depths & (u128::MAX >> (127 - labels.min(127)));
        while possible != 0 {
            let labels = possible.ilog2();
            if let Some(zone) = self.at(name, labels as usize) {
                return Some(zone);
            }
            possible ^= 1 << labels;
        }
        None
    }

    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().map(Arc::as_ref)
    }

    fn at(&self, name: &LookupName, labels: usize) -> Option<&Zone> {
        let origin = name.ancestor(labels);
        let zone = |number: &usize| self.zones.get(*number).map(Arc::as_ref);
        let is_origin = |number: &usize| zone(number).is_some_and(|zone| zone.origin() == origin);
        self.table
            .find(name.hash_of(labels), is_origin)
            .and_then(zone)
    }
}

fn hash(name: Name<'_>) -> u64 {
    LookupName::of(name).full_hash()
}

//! All zones, found by the names in them.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::wire::Name;
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

    /// The zone with the longest origin at or above `name`, which is in lower case.
    pub fn deepest(&self, name: Name<'_>) -> Option<&Zone> {
        let labels = name.label_count();
        let ancestors = name.ancestors().zip((0..=labels).rev());
        let possible = ancestors.filter(|(_, depth)| self.depths >> depth & 1 == 1);
        let mut zones = possible.filter_map(|(ancestor, _)| self.at(ancestor));
        zones.next()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().map(Arc::as_ref)
    }

    fn at(&self, origin: Name<'_>) -> Option<&Zone> {
        let zone = |number: &usize| self.zones.get(*number).map(Arc::as_ref);
        let is_origin = |number: &usize| zone(number).is_some_and(|zone| zone.origin() == origin);
        self.table.find(hash(origin), is_origin).and_then(zone)
    }
}

fn hash(name: Name<'_>) -> u64 {
    FixedState::default().hash_one(name.as_bytes())
}

//! All zones, found by the names in them.

use std::sync::Arc;

use super::digest::Digest;
use crate::wire::LookupName;
use crate::zone::Zone;
use crate::zone::name_index::NameIndex;

/// A zone as it was opened, shared by all worlds that have the same.
pub(super) struct OpenedZone {
    /// As text, as manifests list it.
    pub origin: String,
    pub digest: Digest,
    pub zone: Zone,
    hash: u64,
    labels: usize,
}

impl OpenedZone {
    pub fn new(origin: &str, digest: Digest, zone: Zone) -> Self {
        Self {
            hash: LookupName::of(zone.origin()).full_hash(),
            labels: zone.origin().label_count(),
            origin: origin.to_owned(),
            digest,
            zone,
        }
    }
}

#[derive(Default)]
pub struct Zones {
    /// Sorted by origin as text.
    zones: Vec<Arc<OpenedZone>>,
    /// Numbers of `zones` by the hash of their origins.
    index: NameIndex,
    /// Bit n: a zone's origin has n labels. Only such ancestors of a name are looked up.
    depths: u128,
}

impl Zones {
    /// `zones` have different origins and are sorted by them as text.
    pub(super) fn new(zones: Vec<Arc<OpenedZone>>) -> Self {
        let mut index = NameIndex::with_capacity(zones.len());
        let mut depths = 0;
        let of = |number| zones.get(number as usize).map_or(0, |opened| opened.hash);
        for (number, opened) in (0..).zip(&zones) {
            index.insert(opened.hash, number, of);
            depths |= 1 << opened.labels;
        }
        Self {
            zones,
            index,
            depths,
        }
    }

    pub(super) fn opened(&self) -> impl Iterator<Item = &OpenedZone> {
        self.zones.iter().map(Arc::as_ref)
    }

    /// For each of `listed`, which is sorted by origin as text, the zone if it is the very same here.
    pub(super) fn held<'h>(
        &'h self,
        listed: &'h [(String, Digest)],
    ) -> impl Iterator<Item = Option<&'h Arc<OpenedZone>>> {
        let mut own = self.zones.iter().peekable();
        listed.iter().map(move |(origin, digest)| {
            while own.next_if(|held| held.origin < *origin).is_some() {}
            own.next_if(|held| held.origin == *origin)
                .filter(|held| held.digest == *digest)
        })
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

    /// The zone of an origin, as manifests list it.
    pub fn of(&self, origin: &str) -> Option<&Zone> {
        let number = self
            .zones
            .binary_search_by(|zone| zone.origin.as_str().cmp(origin));
        let opened = number.ok().and_then(|number| self.zones.get(number));
        opened.map(|opened| &opened.zone)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.opened().map(|opened| &opened.zone)
    }

    fn at(&self, name: &LookupName, labels: usize) -> Option<&Zone> {
        let origin = name.ancestor(labels);
        let zone = |number| self.zones.get(number as usize).map(|opened| &opened.zone);
        let is_origin = |number| zone(number).is_some_and(|zone| zone.origin() == origin);
        self.index
            .find(name.hash_of(labels), is_origin)
            .and_then(zone)
    }
}

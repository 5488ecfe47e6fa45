//! All zones, found by the names in them.

use std::ops::Range;
use std::sync::Arc;

use super::digest::Digest;
use super::zone_list::number_of;
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

    /// Whether it is one of `zones`, which are sorted by origin as text.
    fn is_in(&self, zones: &[Arc<Self>]) -> bool {
        let place = zones.binary_search_by(|zone| zone.origin.cmp(&self.origin));
        let same_origin = place.ok().and_then(|place| zones.get(place));
        same_origin.is_some_and(|zone| zone.digest == self.digest)
    }
}

/// The zones of one list, sorted by origin as text.
pub(super) struct OpenedList {
    pub number: u8,
    /// None: of a manifest that names zones itself.
    pub digest: Option<Digest>,
    pub zones: Vec<Arc<OpenedZone>>,
}

#[derive(Default)]
pub struct Zones {
    /// Sorted by list, and in each by origin as text.
    zones: Vec<Arc<OpenedZone>>,
    /// Sorted by number.
    lists: Vec<List>,
    /// Numbers of `zones` by the hash of their origins.
    index: NameIndex,
    /// Bit n: a zone's origin has n labels. Only such ancestors of a name are looked up.
    depths: u128,
}

/// Where the zones of a list are in `Zones::zones`.
struct List {
    number: u8,
    digest: Option<Digest>,
    place: Range<usize>,
}

impl Zones {
    /// `lists` are sorted by number; all zones have different origins.
    pub(super) fn new(lists: Vec<OpenedList>) -> Self {
        let mut zones = Vec::with_capacity(lists.iter().map(|list| list.zones.len()).sum());
        let lists = lists.into_iter().map(|list| {
            let first = zones.len();
            zones.extend(list.zones);
            List {
                number: list.number,
                digest: list.digest,
                place: first..zones.len(),
            }
        });
        let lists = lists.collect();
        let mut index = NameIndex::with_capacity(zones.len());
        let mut depths = 0;
        let of = |number| zones.get(number as usize).map_or(0, |opened| opened.hash);
        for (number, opened) in (0..).zip(&zones) {
            index.insert(opened.hash, number, of);
            depths |= 1 << opened.labels;
        }
        Self {
            zones,
            lists,
            index,
            depths,
        }
    }

    /// The zones of a list, if it is the very same here.
    pub(super) fn held_list(&self, number: u8, digest: &Digest) -> Option<&[Arc<OpenedZone>]> {
        let list = self.list(number)?;
        (list.digest.as_ref() == Some(digest)).then(|| self.in_list(list))
    }

    /// For each of `listed`, which are of one list and sorted by origin as text, the zone if it is the very same here.
    pub(super) fn held<'h>(
        &'h self,
        number: u8,
        listed: &'h [(String, Digest)],
    ) -> impl Iterator<Item = Option<&'h Arc<OpenedZone>>> {
        let own = self.list(number).map_or(&[][..], |list| self.in_list(list));
        let mut own = own.iter().peekable();
        listed.iter().map(move |(origin, digest)| {
            while own.next_if(|held| held.origin < *origin).is_some() {}
            own.next_if(|held| held.origin == *origin)
                .filter(|held| held.digest == *digest)
        })
    }

    /// The zones that are not the very same in `other`, and the lists.
    pub(super) fn missing_from<'z>(
        &'z self,
        other: &'z Zones,
    ) -> impl Iterator<Item = (Option<Digest>, Vec<&'z OpenedZone>)> {
        let held = |list: &List| other.held_list(list.number, list.digest.as_ref()?);
        let lists = self.lists.iter().filter(move |list| held(list).is_none());
        lists.map(|list| {
            let known = other
                .list(list.number)
                .map_or(&[][..], |list| other.in_list(list));
            let zones = self.in_list(list).iter().filter(|zone| !zone.is_in(known));
            (list.digest, zones.map(Arc::as_ref).collect())
        })
    }

    fn list(&self, number: u8) -> Option<&List> {
        let place = self.lists.binary_search_by_key(&number, |list| list.number);
        self.lists.get(place.ok()?)
    }

    fn in_list(&self, list: &List) -> &[Arc<OpenedZone>] {
        self.zones.get(list.place.clone()).unwrap_or(&[])
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
        let zones = self.in_list(self.list(number_of(origin))?);
        let place = zones.binary_search_by(|zone| zone.origin.as_str().cmp(origin));
        let opened = place.ok().and_then(|place| zones.get(place));
        opened.map(|opened| &opened.zone)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().map(|opened| &opened.zone)
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

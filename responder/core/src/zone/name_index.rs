//! Where names are, by their hashes: one cache line is read to find a name, or that there is none.
//!
//! ```text
//! hash ─┬─ low bits ──► slot ─► next slot ─► … ─► free: there is none
//!       └─ high bits ─► tag, which tells nearly all other names of these slots apart
//! ```
//!
//! Half of the slots stay free, so the way is short, and as a rule within the cache line it begins in.

/// Eight to a cache line.
#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    number: u32,
}

impl Slot {
    /// No name has this number: a chunk has fewer octets.
    const FREE: Self = Self {
        tag: 0,
        number: u32::MAX,
    };

    fn is_free(self) -> bool {
        self.number == Self::FREE.number
    }
}

/// Numbers of names by the hashes of the names.
#[derive(Debug)]
pub(crate) struct NameIndex {
    /// A power of two of them.
    slots: Box<[Slot]>,
    used: usize,
}

impl NameIndex {
    /// With room for `names`, and for more after moving.
    pub fn with_capacity(names: usize) -> Self {
        let slots = (2 * names).next_power_of_two().max(1);
        Self {
            slots: vec![Slot::FREE; slots].into(),
            used: 0,
        }
    }

    /// The number of a name with this hash that `is_wanted`.
    #[inline]
    pub fn find(&self, hash: u64, mut is_wanted: impl FnMut(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        let mut at = self.first(hash);
        loop {
            let slot = self.slots.get(at).copied().unwrap_or(Slot::FREE);
            if slot.is_free() {
                return None;
            }
            if slot.tag == tag && is_wanted(slot.number) {
                return Some(slot.number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Adds a name that is not there. `hash_of` gives the hash of any name that is, in case that all have to move.
    pub fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        if 2 * (self.used + 1) > self.slots.len() {
            let mut larger = Self::with_capacity(self.slots.len());
            for slot in self.slots.iter().filter(|slot| !slot.is_free()) {
                larger.put(hash_of(slot.number), slot.number);
            }
            *self = larger;
        }
        self.put(hash, number);
    }

    fn put(&mut self, hash: u64, number: u32) {
        let tag = tag(hash);
        let mut at = self.first(hash);
        // Ends because half of the slots are free.
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.is_free() {
                *slot = Slot { tag, number };
                self.used += 1;
                return;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    #[inline]
    fn first(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }
}

#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl Default for NameIndex {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_added_is_found_and_nothing_else(
            hashes in prop::collection::vec(
                // Many begin at the same slot, some have the same tag, some are the same.
                (0_u64..4, 0_u64..20).prop_map(|(high, low)| (high << 32) | (low * 64)),
                0..200,
            ),
            capacity in 0_usize..50,
        ) {
            let mut index = NameIndex::with_capacity(capacity);
            let mut added: HashMap<u64, Vec<u32>> = HashMap::new();
            for (number, hash) in (0..).zip(&hashes) {
                index.insert(*hash, number, |known| hashes[known as usize]);
                added.entry(*hash).or_default().push(number);
            }
            for hash in (0..4_u64).flat_map(|high| (0..20).map(move |low| (high << 32) | (low * 64))) {
                let expected = added.remove(&hash).unwrap_or_default();
                for number in &expected {
                    prop_assert_eq!(index.find(hash, |found| found == *number), Some(*number));
                }
                let mut seen = Vec::new();
                index.find(hash, |found| {
                    seen.push(found);
                    false
                });
                seen.retain(|number| hashes[*number as usize] == hash);
                prop_assert_eq!(seen.len(), expected.len());
            }
        }
    }

    #[test]
    fn an_empty_index_has_no_name() {
        assert_eq!(NameIndex::default().find(7, |_| true), None);
    }
}

//! Straight ways through the decision tree for clients whose place alone decides: one cache line instead of a walk.
//!
//! ```text
//! policy, family, place ─► hash ─► set of four shortcuts ─► whose key is the same ─► lots
//! ```
//!
//! A full set forgets one: whom it was for goes through the tree again. Nothing depends on what is remembered.

use super::client::Family;
use super::lots::Lots;
use super::policy::PolicyIndex;
use crate::geo::PlaceNumber;

/// A hundred policies whose clients come from twenty countries each fit. More would crowd the tree and the zones out of the
/// 512 KiB that a core commonly has for itself.
const SETS: usize = 1 << 10;
const WAYS: usize = 4;

/// Whom a shortcut is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Key {
    /// `None`: of so many policies, this one has no shortcuts.
    #[inline]
    pub fn new(policy: PolicyIndex, family: Family, place: PlaceNumber) -> Option<Self> {
        let policy = u64::from(policy.0) + 1;
        let whose = policy << 1 | u64::from(family == Family::V6);
        let fits = whose < 1 << (u64::BITS - PlaceNumber::BITS);
        fits.then(|| Self(whose << PlaceNumber::BITS | place.to_bits()))
    }

    fn hash(self) -> u64 {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let mixed = (self.0 ^ self.0 >> 32).wrapping_mul(GOLDEN);
        mixed >> 32
    }
}

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Set {
    keys: [Key; WAYS],
    lots: [Lots; WAYS],
}

const _: () = assert!(size_of::<Set>() == 64);

impl Set {
    const EMPTY: Self = Self {
        keys: [Key(0); WAYS],
        lots: [Lots::NOBODY; WAYS],
    };
}

#[derive(Debug)]
pub(super) struct Shortcuts {
    sets: Vec<Set>,
    added: usize,
}

impl Shortcuts {
    pub const fn new() -> Self {
        Self {
            sets: Vec::new(),
            added: 0,
        }
    }

    pub fn clear(&mut self) {
        self.sets.clear();
        self.sets.resize(SETS, Set::EMPTY);
    }

    #[inline]
    pub fn get(&self, key: Key) -> Option<Lots> {
        let set = self.sets.get(key.hash() as usize % SETS)?;
        let mut ways = set.keys.iter().zip(&set.lots);
        let found = ways.find(|(known, _)| **known == key);
        found.map(|(_, lots)| *lots)
    }

    /// In place of one after the other.
    pub fn add(&mut self, key: Key, lots: Lots) {
        let way = self.added % WAYS;
        self.added = self.added.wrapping_add(1);
        if let Some(set) = self.sets.get_mut(key.hash() as usize % SETS)
            && let (Some(known), Some(slot)) = (set.keys.get_mut(way), set.lots.get_mut(way))
        {
            (*known, *slot) = (key, lots);
        }
    }
}

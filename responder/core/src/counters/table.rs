//! A hash table of fixed size that one thread writes while others read, without a lock.
//!
//! Keys stay for ever and counts only rise, so a reader that comes at any time sees whole keys and a count that was true
//! a moment ago. Fine keys may take the first half of the slots only, and coarse ones seven eighths: probing stays short, and
//! room stays for the coarser keys that stand in for those that come too late.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// 24 octets each: 0.8 MB.
pub(super) const SLOTS: usize = 32_768;
/// Places looked at before a key counts as having no room. At half load two or three do.
const PROBES: usize = 32;

pub(super) type Key = [u64; 2];

/// How much of the table a key may help to fill.
#[derive(Clone, Copy)]
pub(super) enum Grain {
    Fine,
    Coarse,
    Coarsest,
}

impl Grain {
    fn most_used(self) -> usize {
        match self {
            Self::Fine => SLOTS / 2,
            Self::Coarse => SLOTS / 8 * 7,
            Self::Coarsest => SLOTS,
        }
    }
}

#[derive(Default)]
struct Slot {
    key: [AtomicU64; 2],
    /// 0: free. The key is complete before this first rises, and never changes again.
    count: AtomicU64,
}

impl Slot {
    fn key(&self) -> Key {
        self.key.each_ref().map(|part| part.load(Ordering::Relaxed))
    }
}

pub(super) struct Table {
    slots: Box<[Slot]>,
    used: AtomicUsize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            used: AtomicUsize::new(0),
        }
    }
}

impl Table {
    /// Counts one more of `key`; false: there is no room for it. Only the owning thread may call this.
    pub fn count(&self, key: Key, grain: Grain) -> bool {
        let Some(slot) = self.slot(key) else {
            return false;
        };
        if slot.count.load(Ordering::Relaxed) == 0 {
            let used = self.used.load(Ordering::Relaxed);
            if used >= grain.most_used() {
                return false;
            }
            self.used.store(used + 1, Ordering::Relaxed);
            for (place, part) in slot.key.iter().zip(key) {
                place.store(part, Ordering::Relaxed);
            }
        }
        raise(&slot.count);
        true
    }

    /// Where `count` looks first.
    #[inline]
    pub fn memory_at(&self, key: Key) -> Option<*const u8> {
        let slot = self.slots.get(scatter(key))?;
        Some((&raw const *slot).cast())
    }

    /// Every key counted so far with its count.
    pub fn counts(&self) -> impl Iterator<Item = (Key, u64)> + '_ {
        self.slots.iter().filter_map(|slot| {
            let count = slot.count.load(Ordering::Acquire);
            (count > 0).then(|| (slot.key(), count))
        })
    }

    /// The slot of `key`, or the free one where it would go.
    fn slot(&self, key: Key) -> Option<&Slot> {
        let start = scatter(key);
        let places = (start..start + PROBES).map(|place| place % SLOTS);
        let mut slots = places.filter_map(|place| self.slots.get(place));
        slots.find(|slot| slot.count.load(Ordering::Relaxed) == 0 || slot.key() == key)
    }
}

/// Plain load and store: there is one writer.
pub(super) fn raise(counter: &AtomicU64) {
    add(counter, 1);
}

pub(crate) fn add(counter: &AtomicU64, number: u64) {
    let value = counter.load(Ordering::Relaxed);
    counter.store(value + number, Ordering::Release);
}

/// Both halves of a full product, folded: one multiplication mixes every bit of both parts into every bit.
fn scatter([first, second]: Key) -> usize {
    const ODD: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03];
    let product = u128::from(first ^ ODD[0]) * u128::from(second ^ ODD[1]);
    ((product >> 64) as u64 ^ product as u64) as usize % SLOTS
}

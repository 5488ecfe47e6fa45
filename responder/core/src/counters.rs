//! Counts what one worker answered, for a reader in another thread, without a lock or a shared cache line.
//!
//! Each worker owns one `Counters` and is its only writer, so that counting is a plain load and store. Values only rise
//! and are never reset: whoever reads takes differences. The table has a fixed size; keys that find no room are
//! counted under a coarser key rather than lost.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::wire::Rcode;

/// What one answer is counted under. Static answers: `Tally::of_static`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tally {
    /// 0: static data.
    pub policy: u32,
    /// The first endpoint of the answer; 0: none.
    pub endpoint: u32,
    /// ISO 3166-1 alpha-2; zeros: unknown.
    pub country: [u8; 2],
    pub rcode: u16,
}

impl Tally {
    pub fn of_static(rcode: Rcode) -> Self {
        Self {
            policy: 0,
            endpoint: 0,
            country: [0; 2],
            rcode: rcode.0,
        }
    }

    fn pack(self) -> (u64, u32) {
        let [a, b] = self.country;
        let [c, d] = self.rcode.to_be_bytes();
        let who = u64::from(self.policy) << 32 | u64::from(self.endpoint);
        (who, u32::from_be_bytes([a, b, c, d]))
    }

    fn unpack(who: u64, what: u32) -> Self {
        let [a, b, c, d] = what.to_be_bytes();
        Self {
            policy: (who >> 32) as u32,
            endpoint: who as u32,
            country: [a, b],
            rcode: u16::from_be_bytes([c, d]),
        }
    }
}

/// 250 countries times some tens of endpoints; 24 octets each.
const SLOTS: usize = 16_384;
/// Places looked at before a key counts as having no room.
const PROBES: usize = 64;

#[derive(Default)]
struct Slot {
    who: AtomicU64,
    what: AtomicU32,
    /// 0: free. The key is complete before this first rises, and never changes again.
    count: AtomicU64,
}

pub struct Counters {
    queries: AtomicU64,
    dropped: AtomicU64,
    slots: Box<[Slot]>,
    /// Answers under keys that found no room at all.
    crowded_out: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            queries: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            crowded_out: AtomicU64::new(0),
        }
    }
}

impl Counters {
    /// Counts a query and what became of it; `None`: it was dropped. Only the owning worker may call this.
    pub fn count(&self, outcome: Option<Tally>) {
        raise(&self.queries);
        match outcome {
            None => raise(&self.dropped),
            Some(tally) => self.count_answer(tally),
        }
    }

    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Every key counted so far with its count; a key may come more than once.
    pub fn answers(&self) -> Vec<(Tally, u64)> {
        let counted = self.slots.iter().filter_map(|slot| {
            let count = slot.count.load(Ordering::Acquire);
            let who = slot.who.load(Ordering::Relaxed);
            let what = slot.what.load(Ordering::Relaxed);
            (count > 0).then(|| (Tally::unpack(who, what), count))
        });
        let crowded_out = self.crowded_out.load(Ordering::Relaxed);
        let rest = (crowded_out > 0).then(|| (Tally::of_static(Rcode::NOERROR), crowded_out));
        counted.chain(rest).collect()
    }

    fn count_answer(&self, tally: Tally) {
        let coarser = Tally {
            country: [0; 2],
            ..tally
        };
        let slot = self.slot(tally).or_else(|| self.slot(coarser));
        raise(slot.map_or(&self.crowded_out, |slot| &slot.count));
    }

    /// The slot of `tally`, taken for it if it has none yet; `None`: no room.
    fn slot(&self, tally: Tally) -> Option<&Slot> {
        let (who, what) = tally.pack();
        let start = scatter(who, what) % SLOTS;
        let places = (start..start + PROBES).map(|place| place % SLOTS);
        for slot in places.filter_map(|place| self.slots.get(place)) {
            if slot.count.load(Ordering::Relaxed) == 0 {
                slot.who.store(who, Ordering::Relaxed);
                slot.what.store(what, Ordering::Relaxed);
                return Some(slot);
            }
            let same = slot.who.load(Ordering::Relaxed) == who
                && slot.what.load(Ordering::Relaxed) == what;
            if same {
                return Some(slot);
            }
        }
        None
    }
}

fn raise(counter: &AtomicU64) {
    let value = counter.load(Ordering::Relaxed);
    counter.store(value + 1, Ordering::Release);
}

/// Multiplicative hashing; the high bits are the well-mixed ones.
fn scatter(who: u64, what: u32) -> usize {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = (who ^ u64::from(what).rotate_left(29)).wrapping_mul(GOLDEN);
    (mixed >> 40) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(endpoint: u32, country: [u8; 2]) -> Tally {
        Tally {
            policy: 5,
            endpoint,
            country,
            rcode: 0,
        }
    }

    #[test]
    fn every_key_has_a_count_of_its_own() {
        let counters = Counters::default();
        counters.count(None);
        for round in 0..3 {
            counters.count(Some(tally(10, *b"DE")));
            if round > 0 {
                counters.count(Some(tally(10, *b"FR")));
            }
        }
        let mut answers = counters.answers();
        answers.sort_unstable();
        assert_eq!(answers, [(tally(10, *b"DE"), 3), (tally(10, *b"FR"), 2)]);
        assert_eq!((counters.queries(), counters.dropped()), (6, 1));
    }

    #[test]
    fn a_full_table_loses_detail_and_no_answer() {
        let counters = Counters::default();
        let keys = 2 * SLOTS as u32;
        for endpoint in 0..keys {
            counters.count(Some(tally(endpoint, *b"DE")));
        }
        let total: u64 = counters.answers().iter().map(|(_, count)| count).sum();
        assert_eq!(total, u64::from(keys));
    }

    #[test]
    fn a_reader_never_sees_a_count_fall() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            let writer =
                scope.spawn(|| (0..200_000).for_each(|_| counters.count(Some(tally(1, *b"DE")))));
            let mut last = 0;
            while !writer.is_finished() {
                let now = counters.answers().first().map_or(0, |(_, count)| *count);
                assert!(now >= last);
                last = now;
            }
        });
        assert_eq!(counters.answers(), [(tally(1, *b"DE"), 200_000)]);
    }
}

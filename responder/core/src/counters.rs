//! Counts what one worker answered, for a reader in another thread, without a lock or a shared cache line.
//!
//! ```text
//!            ┌─ answers:  policy, endpoint, country, rcode, explored ─ no room ─► country left out ─ no room ─► endpoint too
//! Tally ─────┤
//!            ├─ networks: policy, network ──────────────────────────── no room ─► network left out
//!            └─ shadows:  shadow, country, both endpoints ──────────── no room ─► country left out
//! ```
//!
//! Each worker owns one `Counters` and is its only writer, so that counting is a plain load and store. Values only rise
//! and are never reset: whoever reads takes differences. Tables have a fixed size; keys that find no room are counted
//! under a coarser key rather than lost.
//!
//! Networks have a table of their own: in one key with the rest, some thousand networks times the endpoints that a draw
//! spreads each of them over would crowd out everything. So the keys of both add up instead of multiplying. A hundred
//! policies with twenty endpoints need 2,000 coarse keys; clients of a country mostly get one or two of the endpoints, so
//! 16,384 fine keys hold a hundred policies with some eighty countries each. Whether a client explores is one bit of the
//! key: of one answer in a hundred, so that no key but the busy ones comes twice, and no grain leaves it out.

mod shadows;
mod table;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::latency::Latency;
use crate::steering::Watched;
use crate::wire::Rcode;
pub use shadows::ShadowTally;
pub(crate) use table::add;
use table::{Grain, Key, Table, raise};

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
    /// The autonomous system of the client; 0: unknown. Read back as 0: networks are counted apart.
    pub network: u32,
    /// Whether the client was sent elsewhere to learn about it.
    pub is_explored: bool,
}

impl Tally {
    pub fn of_static(rcode: Rcode) -> Self {
        Self {
            policy: 0,
            endpoint: 0,
            country: [0; 2],
            rcode: rcode.0,
            network: 0,
            is_explored: false,
        }
    }

    fn key(self) -> Key {
        let [a, b] = self.country;
        let [c, d] = self.rcode.to_be_bytes();
        let what = u32::from_be_bytes([a, b, c, d]);
        [
            pair(self.policy, self.endpoint),
            pair(self.is_explored.into(), what),
        ]
    }

    fn of_key([who, what]: Key) -> Self {
        let (policy, endpoint) = unpair(who);
        let (explored, what) = unpair(what);
        let [a, b, c, d] = what.to_be_bytes();
        Self {
            policy,
            endpoint,
            country: [a, b],
            rcode: u16::from_be_bytes([c, d]),
            network: 0,
            is_explored: explored != 0,
        }
    }
}

/// Answers of a policy to the clients of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetworkTally {
    pub policy: u32,
    /// The number of the autonomous system; 0: those that found no room.
    pub network: u32,
}

impl NetworkTally {
    fn key(self) -> Key {
        [pair(self.policy, self.network), 0]
    }

    fn of_key([who, _]: Key) -> Self {
        let (policy, network) = unpair(who);
        Self { policy, network }
    }
}

fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn unpair(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

/// All that we answer with are below.
const RCODES: usize = 32;

#[derive(Default)]
pub struct Counters {
    queries: AtomicU64,
    dropped: AtomicU64,
    withheld: AtomicU64,
    slipped: AtomicU64,
    answers: Table,
    /// Answers under keys that found no room at all, by response code.
    crowded_out: [AtomicU64; RCODES],
    /// Made when the first network is known: without an ASN file it takes no memory.
    networks: OnceLock<Table>,
    /// Made when the first shadow looks at a client.
    shadows: OnceLock<Table>,
    pub latency: Latency,
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

    /// Counts what a shadow would have answered beside what was. Only the owning worker may call this.
    #[cold]
    pub fn count_watched(&self, tally: Tally, watched: Watched) {
        let table = self.shadows.get_or_init(Table::default);
        let fine = ShadowTally {
            shadow: watched.shadow,
            country: tally.country,
            endpoint: tally.endpoint,
            shadow_endpoint: watched.endpoint,
        };
        if !table.count(fine.key(), Grain::Fine) {
            let country = [0; 2];
            table.count(ShadowTally { country, ..fine }.key(), Grain::Coarse);
        }
    }

    /// What counting `tally` will look at first, for whoever can have it fetched in the meantime.
    #[inline]
    pub fn memory_at(&self, tally: Tally) -> Option<*const u8> {
        self.answers.memory_at(tally.key())
    }

    /// Counts a query whose reply the rate limit kept back.
    pub fn count_withheld(&self) {
        raise(&self.queries);
        raise(&self.withheld);
    }

    /// Counts a query whose reply the rate limit cut short.
    pub fn count_slipped(&self, tally: Tally) {
        self.count(Some(tally));
        raise(&self.slipped);
    }

    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub fn withheld(&self) -> u64 {
        self.withheld.load(Ordering::Relaxed)
    }

    pub fn slipped(&self) -> u64 {
        self.slipped.load(Ordering::Relaxed)
    }

    /// Every key counted so far with its count; a key may come more than once.
    pub fn answers(&self) -> Vec<(Tally, u64)> {
        let counted = self.answers.counts();
        let counted = counted.map(|(key, count)| (Tally::of_key(key), count));
        let crowded_out = self.crowded_out.iter().zip(0..).map(|(count, rcode)| {
            let count = count.load(Ordering::Relaxed);
            (Tally::of_static(Rcode(rcode)), count)
        });
        let crowded_out = crowded_out.filter(|(_, count)| *count > 0);
        counted.chain(crowded_out).collect()
    }

    /// Every network counted so far, apart for each policy.
    pub fn networks(&self) -> Vec<(NetworkTally, u64)> {
        let counted = self.networks.get().into_iter().flat_map(Table::counts);
        counted
            .map(|(key, count)| (NetworkTally::of_key(key), count))
            .collect()
    }

    /// All that shadows were tried on so far.
    pub fn shadows(&self) -> Vec<(ShadowTally, u64)> {
        let counted = self.shadows.get().into_iter().flat_map(Table::counts);
        counted
            .map(|(key, count)| (ShadowTally::of_key(key), count))
            .collect()
    }

    fn count_answer(&self, tally: Tally) {
        let is_counted = self.answers.count(tally.key(), Grain::Fine) || {
            let coarser = Tally {
                country: [0; 2],
                ..tally
            };
            let coarsest = Tally {
                endpoint: 0,
                ..coarser
            };
            self.answers.count(coarser.key(), Grain::Coarse)
                || self.answers.count(coarsest.key(), Grain::Coarsest)
        };
        if !is_counted && let Some(count) = self.crowded_out.get(usize::from(tally.rcode)) {
            raise(count);
        }
        if tally.network != 0 {
            self.count_network(tally.policy, tally.network);
        }
    }

    fn count_network(&self, policy: u32, network: u32) {
        let table = self.networks.get_or_init(Table::default);
        if !table.count(NetworkTally { policy, network }.key(), Grain::Fine) {
            // More policies than half the table has slots: then even this is lost, and still counted as an answer.
            table.count(NetworkTally { policy, network: 0 }.key(), Grain::Coarse);
        }
    }
}

#[cfg(test)]
mod tests;

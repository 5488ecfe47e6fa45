//! One zone in memory: its chunk as it came, and an index of nodes over it.
//!
//! ```text
//! chunk ─► chunk_v1::decode (every P3 check) ─► Zone ─► Zone::find ─► Found ─► records, in place
//! ```
//!
//! Names and rdata are never copied out of the chunk: a node knows where its name stands, a record set where
//! its records do.

mod build;
pub mod chunk_v1;
mod denial;
mod difference;
mod error;
mod lookup;
pub(crate) mod name_index;
mod node;
mod record_set;

pub use difference::{Loss, loss};
pub use error::{ZoneError, ZoneFault};
pub use lookup::Found;
pub use node::NodeRef;
pub use record_set::{Data, Rdatas, RecordSet};

use crate::wire::writer::Prepared;
use crate::wire::{Name, RecordType};
use name_index::NameIndex;
use node::Node;
use record_set::Entry;

/// A zone that passed every check of `docs/snapshot-format.md`.
pub struct Zone {
    octets: Box<[u8]>,
    apex: Node,
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    /// Where `nodes` and `entries` have what is steered.
    steered: Vec<(u32, u32)>,
    /// Numbers of `nodes` by the hash of their names.
    index: NameIndex,
    /// No name of the zone has more labels.
    deepest: usize,
    negative_ttl: u32,
    origin_labels: usize,
    denial: Prepared,
}

impl Zone {
    pub fn origin(&self) -> Name<'_> {
        self.apex().name()
    }

    /// How many labels the origin has.
    pub fn origin_labels(&self) -> usize {
        self.origin_labels
    }

    pub fn apex(&self) -> NodeRef<'_> {
        NodeRef::new(self, &self.apex)
    }

    /// RFC 2308 section 5: the lesser of the SOA's TTL and its MINIMUM field.
    pub fn negative_ttl(&self) -> u32 {
        self.negative_ttl
    }

    /// The SOA record of negative answers to names of the zone.
    pub fn denial(&self) -> &Prepared {
        &self.denial
    }

    /// Owner and type of every record set.
    fn record_sets(&self) -> impl Iterator<Item = (Name<'_>, RecordType)> {
        self.nodes.iter().flat_map(|node| {
            let node = NodeRef::new(self, node);
            let sets = node.record_sets();
            sets.map(move |set| (node.name(), set.record_type))
        })
    }

    /// Owner, type and policy of every steered record set.
    pub fn steered(&self) -> impl Iterator<Item = Steered<'_>> {
        self.steered.iter().filter_map(|(node, entry)| {
            let node = self.nodes.get(*node as usize)?;
            let set = self.entries.get(*entry as usize)?.resolve(&self.octets);
            match set.data {
                Data::Steered { policy } => Some(Steered {
                    owner: NodeRef::new(self, node).name(),
                    set,
                    policy,
                }),
                Data::Static(_) => None,
            }
        })
    }
}

/// A record set whose answers a policy chooses.
pub struct Steered<'z> {
    pub owner: Name<'z>,
    pub set: RecordSet<'z>,
    pub policy: u32,
}

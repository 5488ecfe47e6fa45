//! Nodes of a zone's tree, empty non-terminals among them.

use std::ops::Range;

use super::Zone;
use super::record_set::{Entry, RecordSet};
use crate::wire::{Name, RecordType};

/// Where a name stands in the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub offset: u32,
    pub length: u8,
}

impl Span {
    pub fn of(self, octets: &[u8]) -> Name<'_> {
        let start = self.offset as usize;
        let end = start + usize::from(self.length);
        octets.get(start..end).map_or(Name::ROOT, Name::known)
    }
}

/// What hides a node from ordinary lookups; numbers count `Zone::nodes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    None,
    /// At or below a delegation.
    Cut(u32),
    /// Below a DNAME.
    Dname(u32),
}

/// In one cache line, where answers find most of what they need.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Node {
    pub name: Span,
    /// The first of its record sets, once more: most nodes have no other.
    pub first: Option<Entry>,
    /// Its record sets in `Zone::entries`, sorted by type.
    pub first_entry: u32,
    pub entry_count: u32,
    pub cover: Cover,
    /// What hides names below this node that do not exist.
    pub cover_below: Cover,
    /// The child `*`.
    pub wildcard: Option<u32>,
}

const _: () = assert!(size_of::<Node>() == 64);

impl Node {
    pub fn entries(self) -> Range<usize> {
        let first = self.first_entry as usize;
        first..first + self.entry_count as usize
    }
}

/// A node together with the zone it is part of.
#[derive(Clone, Copy)]
pub struct NodeRef<'z> {
    zone: &'z Zone,
    node: &'z Node,
}

impl<'z> NodeRef<'z> {
    pub(super) fn new(zone: &'z Zone, node: &'z Node) -> Self {
        Self { zone, node }
    }

    pub fn name(self) -> Name<'z> {
        self.node.name.of(&self.zone.octets)
    }

    /// Sorted by type.
    pub fn record_sets(self) -> impl Iterator<Item = RecordSet<'z>> {
        let octets = &self.zone.octets;
        self.entries().iter().map(|entry| entry.resolve(octets))
    }

    pub fn record_set(self, record_type: RecordType) -> Option<RecordSet<'z>> {
        let first = self.node.first.as_ref()?;
        let entry = match first.record_type == record_type {
            true => first,
            false if self.node.entry_count == 1 => return None,
            false => {
                let mut entries = self.entries().iter();
                entries.find(|entry| entry.record_type == record_type)?
            }
        };
        Some(entry.resolve(&self.zone.octets))
    }

    fn entries(self) -> &'z [Entry] {
        let entries = self.zone.entries.get(self.node.entries());
        entries.unwrap_or(&[])
    }
}

//! Builds the index over a chunk's entries and checks what only the whole zone can show.

use super::Zone;
use super::chunk_v1::OwnedEntry;
use super::denial;
use super::error::{ZoneError, ZoneFault};
use super::name_index::NameIndex;
use super::node::{Cover, Node, NodeRef, Span};
use super::record_set::{Content, Entry};
use crate::wire::reader::Reader;
use crate::wire::writer::Prepared;
use crate::wire::{LookupName, Name, RecordType};

/// The zone of `entries`, which are sorted, inside `origin` and well-formed one by one.
pub(super) fn zone(
    octets: Box<[u8]>,
    origin: Span,
    entries: &[OwnedEntry],
) -> Result<Zone, ZoneError> {
    let same_owner = |a: &OwnedEntry, b: &OwnedEntry| a.owner.of(&octets) == b.owner.of(&octets);
    let owners = entries.chunk_by(same_owner).count();
    let mut builder = Builder::new(&octets, origin, owners, entries.len());
    for of_owner in entries.chunk_by(same_owner) {
        builder.add_owner(of_owner)?;
    }
    let Builder {
        nodes,
        entries,
        steered,
        index,
        deepest,
        ..
    } = builder;
    let apex = nodes.first().copied();
    let zone = Zone {
        apex: apex.unwrap_or_else(|| empty_node(origin)),
        nodes,
        entries,
        steered,
        index,
        deepest,
        negative_ttl: 0,
        origin_labels: origin.of(&octets).label_count(),
        denial: Prepared::default(),
        octets,
    };
    check_apex(zone)
}

struct Builder<'c> {
    octets: &'c [u8],
    origin: Span,
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    steered: Vec<(u32, u32)>,
    index: NameIndex,
    deepest: usize,
    /// Of the owner at work.
    name: LookupName,
}

impl<'c> Builder<'c> {
    fn new(octets: &'c [u8], origin: Span, owners: usize, entries: usize) -> Self {
        let mut builder = Self {
            octets,
            origin,
            nodes: Vec::with_capacity(owners + 1),
            entries: Vec::with_capacity(entries),
            steered: Vec::new(),
            index: NameIndex::with_capacity(owners + 1),
            deepest: 0,
            name: LookupName::of(origin.of(octets)),
        };
        let labels = builder.name.label_count();
        builder.add_node(origin, labels, Cover::None);
        builder
    }

    fn add_owner(&mut self, of_owner: &[OwnedEntry]) -> Result<(), ZoneError> {
        let Some(owner) = of_owner.first().map(|first| first.owner) else {
            return Ok(());
        };
        let is_apex = owner.of(self.octets) == self.origin.of(self.octets);
        check_owner(of_owner, is_apex).map_err(|(record_type, fault)| ZoneError {
            zone: self.origin.of(self.octets).to_string(),
            owner: Some(owner.of(self.octets).to_string()),
            record_type: Some(record_type),
            fault,
        })?;
        self.name.set(owner.of(self.octets));
        let number = self.node_at(owner, self.name.label_count());
        let first_entry = self.entries.len() as u32;
        for (entry, owned) in (first_entry..).zip(of_owner) {
            self.entries.push(owned.entry);
            if matches!(owned.entry.content, Content::Steered { .. }) {
                self.steered.push((number, entry));
            }
        }
        let holds = |wanted| {
            of_owner
                .iter()
                .any(|owned| owned.entry.record_type == wanted)
        };
        if let Some(node) = self.nodes.get_mut(number as usize) {
            node.first_entry = first_entry;
            node.entry_count = of_owner.len() as u32;
            node.first = of_owner.first().map(|owned| owned.entry);
            if node.cover == Cover::None {
                if holds(RecordType::NS) && !is_apex {
                    node.cover = Cover::Cut(number);
                    node.cover_below = Cover::Cut(number);
                } else if holds(RecordType::DNAME) {
                    node.cover_below = Cover::Dname(number);
                }
            }
        }
        Ok(())
    }

    /// The number of the node at `name`, which is made, with all that is missing above it, if there is none.
    ///
    /// Entries come in canonical order, so what is above a name is complete before the name is seen.
    fn node_at(&mut self, name: Span, labels: usize) -> u32 {
        if let Some(number) = self.find(name.of(self.octets), labels) {
            return number;
        }
        let label = name.of(self.octets).split_label();
        let skipped = label.map_or(0, |(label, _)| label.len() + 1);
        let parent = Span {
            offset: name.offset + skipped as u32,
            length: name.length - skipped as u8,
        };
        let parent = self.node_at(parent, labels.saturating_sub(1));
        let above = self.nodes.get(parent as usize);
        let cover = above.map_or(Cover::None, |parent| parent.cover_below);
        let number = self.add_node(name, labels, cover);
        if name.of(self.octets).is_wildcard()
            && let Some(parent) = self.nodes.get_mut(parent as usize)
        {
            parent.wildcard = Some(number);
        }
        number
    }

    fn find(&self, name: Name<'_>, labels: usize) -> Option<u32> {
        let is_name = |number| {
            let node = self.nodes.get(number as usize);
            node.is_some_and(|node| node.name.of(self.octets) == name)
        };
        self.index.find(self.name.hash_of(labels), is_name)
    }

    /// `name` has `labels` labels and is the owner at work, or above it.
    fn add_node(&mut self, name: Span, labels: usize, cover: Cover) -> u32 {
        let number = self.nodes.len() as u32;
        self.nodes.push(Node {
            cover,
            cover_below: cover,
            ..empty_node(name)
        });
        let (octets, nodes) = (self.octets, &self.nodes);
        let hash_of = |number| {
            let node = nodes.get(number as usize);
            node.map_or(0, |node| LookupName::of(node.name.of(octets)).full_hash())
        };
        self.index
            .insert(self.name.hash_of(labels), number, hash_of);
        self.deepest = self.deepest.max(labels);
        number
    }
}

fn empty_node(name: Span) -> Node {
    Node {
        name,
        first_entry: 0,
        entry_count: 0,
        first: None,
        cover: Cover::None,
        cover_below: Cover::None,
        wildcard: None,
    }
}

fn check_owner(of_owner: &[OwnedEntry], is_apex: bool) -> Result<(), (RecordType, ZoneFault)> {
    for OwnedEntry { entry, .. } in of_owner {
        let fault = match entry.record_type {
            RecordType::SOA if !is_apex => ZoneFault::SoaBelowApex,
            RecordType::CNAME if !stands_alone(of_owner) => ZoneFault::CnameBesideOthers,
            RecordType::SOA | RecordType::CNAME | RecordType::DNAME | RecordType::ALIAS
                if entry.has_many() =>
            {
                ZoneFault::OneRecordOnly
            }
            _ => continue,
        };
        return Err((entry.record_type, fault));
    }
    Ok(())
}

/// RFC 4034 section 2.5 and 4: the types that DNSSEC puts beside a CNAME.
fn stands_alone(of_owner: &[OwnedEntry]) -> bool {
    let mut types = of_owner.iter().map(|owned| owned.entry.record_type);
    types.all(|it| matches!(it, RecordType::CNAME | RecordType::RRSIG | RecordType::NSEC))
}

fn check_apex(mut zone: Zone) -> Result<Zone, ZoneError> {
    let fault = match zone.apex().record_set(RecordType::SOA) {
        None => ZoneFault::NoSoa,
        Some(_) if zone.apex().record_set(RecordType::NS).is_none() => ZoneFault::NoNameServers,
        Some(_) => {
            zone.negative_ttl = negative_ttl(zone.apex());
            zone.denial = denial::prepared(&zone);
            return Ok(zone);
        }
    };
    let origin = zone.origin().to_string();
    Err(ZoneError {
        zone: origin.clone(),
        owner: Some(origin),
        record_type: None,
        fault,
    })
}

fn negative_ttl(apex: NodeRef<'_>) -> u32 {
    let soa = apex.record_set(RecordType::SOA);
    let minimum = soa.and_then(|soa| {
        let rdata = soa.rdatas().next()?;
        let minimum = rdata.get(rdata.len().checked_sub(4)?..)?;
        let minimum = Reader::new(minimum).u32().ok()?;
        Some(minimum.min(soa.ttl))
    });
    minimum.unwrap_or(0)
}

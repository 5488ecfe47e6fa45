//! Finds what a zone says about a name: RFC 1034 section 4.3.2 with RFC 4592 and RFC 6672.

use super::Zone;
use super::node::{Cover, Node, NodeRef};
use crate::wire::{LookupName, RecordType};

/// What a zone knows about a name at or below its origin.
#[derive(Clone, Copy)]
pub enum Found<'z> {
    /// The name exists; it may be an empty non-terminal.
    Exact(NodeRef<'z>),
    /// The name does not exist, but this `*` node stands in for it.
    Wildcard(NodeRef<'z>),
    /// The name is at or below this delegation.
    Referral(NodeRef<'z>),
    /// The name is below this node's DNAME.
    Dname(NodeRef<'z>),
    NxDomain,
}

impl Zone {
    /// Looks up `name`, which is at or below the origin.
    pub fn find(&self, name: &LookupName, record_type: RecordType) -> Found<'_> {
        if let Some(node) = self.node(name, name.label_count()) {
            return self.find_at(node, name, record_type);
        }
        let encloser = self.closest_encloser(name);
        match self.covering(encloser.cover_below) {
            Some(covered) => covered,
            None => match encloser.wildcard.and_then(|number| self.numbered(number)) {
                Some(wildcard) => Found::Wildcard(NodeRef::new(self, wildcard)),
                None => Found::NxDomain,
            },
        }
    }

    /// The node at exactly `name`, even where a delegation hides it: that is where glue is.
    pub fn glue_node(&self, name: &LookupName) -> Option<NodeRef<'_>> {
        let node = self.node(name, name.label_count());
        node.map(|node| NodeRef::new(self, node))
    }

    fn find_at<'z>(
        &'z self,
        node: &'z Node,
        name: &LookupName,
        record_type: RecordType,
    ) -> Found<'z> {
        let here = NodeRef::new(self, node);
        match self.covering(node.cover) {
            // RFC 4035 section 3.1.4.1: the DS RRset at a cut is the parent's to answer.
            Some(Found::Referral(cut))
                if record_type == RecordType::DS && cut.name() == name.as_name() =>
            {
                Found::Exact(here)
            }
            Some(covered) => covered,
            None => Found::Exact(here),
        }
    }

    fn covering(&self, cover: Cover) -> Option<Found<'_>> {
        match cover {
            Cover::None => None,
            Cover::Cut(number) => {
                let cut = self.numbered(number)?;
                Some(Found::Referral(NodeRef::new(self, cut)))
            }
            Cover::Dname(number) => {
                let owner = self.numbered(number)?;
                Some(Found::Dname(NodeRef::new(self, owner)))
            }
        }
    }

    /// The deepest existing ancestor of a name that does not exist.
    fn closest_encloser(&self, name: &LookupName) -> &Node {
        let known_depths = 0..name.label_count().min(self.deepest + 1);
        let mut existing = known_depths
            .rev()
            .filter_map(|labels| self.node(name, labels));
        existing.next().unwrap_or(&self.apex)
    }

    /// The node at the ancestor of `name` with `labels` labels.
    #[inline]
    fn node(&self, name: &LookupName, labels: usize) -> Option<&Node> {
        let wanted = name.ancestor(labels);
        let is_wanted = |number| {
            let node = self.numbered(number);
            node.is_some_and(|node| node.name.of(&self.octets) == wanted)
        };
        let number = self.index.find(name.hash_of(labels), is_wanted)?;
        self.numbered(number)
    }

    fn numbered(&self, number: u32) -> Option<&Node> {
        self.nodes.get(number as usize)
    }
}

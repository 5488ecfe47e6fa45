//! Longest match over address blocks (S9) that also says how many bits decided it.

use std::net::IpAddr;

use super::client::Subnet;
use super::place::Block;

/// A binary trie per address family. An IPv4 trie is at most 32 deep, so a walk touches few nodes.
#[derive(Debug, Default)]
pub(crate) struct BlockMap<T> {
    ipv4: Trie<T>,
    ipv6: Trie<T>,
}

#[derive(Debug)]
struct Trie<T> {
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    /// 0: none, for the root is nobody's child.
    children: [u32; 2],
    value: Option<T>,
}

/// The outcome of a lookup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Match<'a, T> {
    /// The value of the longest block that holds the whole subnet, and that block's prefix.
    pub found: Option<(&'a T, u8)>,
    /// How many bits of the address decided it: a subnet that agrees in them, and is no shorter, finds the same.
    pub depth: u8,
}

impl<T> BlockMap<T> {
    pub(crate) fn new() -> Self {
        Self {
            ipv4: Trie::new(),
            ipv6: Trie::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ipv4.is_empty() && self.ipv6.is_empty()
    }

    /// Gives `block` the value, in place of the one it had.
    pub(crate) fn insert(&mut self, block: Block, value: T) {
        match block.address {
            IpAddr::V4(v4) => self.ipv4.insert(aligned(v4.to_bits()), block.prefix, value),
            IpAddr::V6(v6) => self.ipv6.insert(v6.to_bits(), block.prefix, value),
        }
    }

    pub(crate) fn longest_match(&self, subnet: Subnet) -> Match<'_, T> {
        match subnet.address {
            IpAddr::V4(v4) => self.ipv4.walk(aligned(v4.to_bits()), subnet.prefix),
            IpAddr::V6(v6) => self.ipv6.walk(v6.to_bits(), subnet.prefix),
        }
    }
}

fn aligned(bits: u32) -> u128 {
    u128::from(bits) << 96
}

fn side(bits: u128, depth: u8) -> usize {
    usize::from(bits << depth >> 127 == 1)
}

impl<T> Default for Trie<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Trie<T> {
    fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| node.value.is_none())
    }

    fn new() -> Self {
        Self {
            nodes: vec![Node::new()],
        }
    }

    fn child(&self, node: &Node<T>, side: usize) -> Option<usize> {
        let child = *node.children.get(side)?;
        (child != 0).then_some(child as usize)
    }

    fn insert(&mut self, bits: u128, prefix: u8, value: T) {
        let mut index = 0;
        for depth in 0..prefix {
            index = self.grown_child(index, side(bits, depth));
        }
        if let Some(node) = self.nodes.get_mut(index) {
            node.value = Some(value);
        }
    }

    fn grown_child(&mut self, parent: usize, side: usize) -> usize {
        let free = self.nodes.len();
        let slot = self
            .nodes
            .get_mut(parent)
            .and_then(|node| node.children.get_mut(side));
        match slot {
            Some(child) if *child != 0 => return *child as usize,
            Some(child) => *child = free as u32,
            None => return parent,
        }
        self.nodes.push(Node::new());
        free
    }

    fn walk(&self, bits: u128, prefix: u8) -> Match<'_, T> {
        let mut matched = Match {
            found: None,
            depth: 0,
        };
        let mut node = self.nodes.first();
        while let Some(here) = node {
            // S9: a subnet shorter than the block does not match it.
            if let Some(value) = here.value.as_ref().filter(|_| matched.depth <= prefix) {
                matched.found = Some((value, matched.depth));
            }
            if here.children == [0, 0] {
                break;
            }
            node = self
                .child(here, side(bits, matched.depth))
                .and_then(|child| self.nodes.get(child));
            matched.depth += 1;
        }
        matched
    }
}

impl<T> Node<T> {
    fn new() -> Self {
        Self {
            children: [0, 0],
            value: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::masked;
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn subnet(bits: u32, prefix: u8) -> Subnet {
        let address = masked(Ipv4Addr::from_bits(bits).into(), prefix);
        Subnet { address, prefix }
    }

    fn block(bits: u32, prefix: u8) -> Block {
        let Subnet { address, prefix } = subnet(bits, prefix);
        Block { address, prefix }
    }

    fn bits(address: IpAddr) -> u32 {
        match address {
            IpAddr::V4(v4) => v4.to_bits(),
            IpAddr::V6(_) => unreachable!("only IPv4 here"),
        }
    }

    /// A containing block decides with its length, any other with the first bit that differs.
    fn deciding_bits(block: &Block, of: Subnet) -> u8 {
        let common = (bits(block.address) ^ bits(of.address)).leading_zeros() as u8;
        block.prefix.min(common.saturating_add(1))
    }

    /// Few distinct bits, so that blocks nest and touch.
    fn crowded() -> impl Strategy<Value = u32> {
        prop::collection::vec(0u32..3, 8).prop_map(|parts| {
            let nibbles = parts.into_iter().map(|part| [0x0, 0x1, 0xf][part as usize]);
            nibbles.fold(0, |bits, nibble| bits << 4 | nibble)
        })
    }

    proptest! {
        #[test]
        fn the_longest_match_is_that_of_brute_force(
            blocks in prop::collection::vec((crowded(), 0u8..=32), 0..20),
            of in (crowded(), 1u8..=32),
        ) {
            let mut map = BlockMap::new();
            let blocks: Vec<_> = blocks.into_iter().map(|(bits, prefix)| block(bits, prefix)).collect();
            for block in &blocks {
                map.insert(*block, *block);
            }
            let of = subnet(of.0, of.1);
            let matched = map.longest_match(of);
            let holds = |block: &&Block| {
                block.prefix <= of.prefix && masked(of.address, block.prefix) == block.address
            };
            let longest = blocks.iter().filter(holds).max_by_key(|block| block.prefix);
            prop_assert_eq!(matched.found, longest.map(|block| (block, block.prefix)));
            let depth = blocks.iter().map(|block| deciding_bits(block, of)).max();
            prop_assert_eq!(matched.depth, depth.unwrap_or(0));
        }
    }

    #[test]
    fn a_subnet_shorter_than_the_block_does_not_match_it() {
        let mut map = BlockMap::new();
        map.insert(block(0x0a00_0000, 16), ());
        assert_eq!(map.longest_match(subnet(0x0a00_0000, 8)).found, None);
        assert!(map.longest_match(subnet(0x0a00_0000, 16)).found.is_some());
        assert!(map.longest_match(subnet(0x0a00_0100, 24)).found.is_some());
    }

    #[test]
    fn the_families_are_apart() {
        let mut map = BlockMap::new();
        map.insert(block(0, 0), ());
        let address = "2001:db8::".parse().unwrap();
        let matched = map.longest_match(Subnet {
            address,
            prefix: 32,
        });
        assert_eq!((matched.found, matched.depth), (None, 0));
    }
}

//! A number for every address, by the prefixes it lies in: some loads instead of a walk bit by bit.
//!
//! ```text
//! first 16 bits ─► root[65536] ─► leaf
//!                       └───────► node ─ next 8 bits ─► leaf
//!                                             └───────► node ─ next 8 bits ─► …
//! ```
//!
//! A node has 256 slots. Neighbours that hold the same share one entry: a bit says for each slot whether a new entry
//! starts there, and the number of such bits up to a slot is where its entry stands (Degermark and others, "Small
//! forwarding tables for fast routing lookups", 1997). A node is one cache line, which has room for the first six entries;
//! few nodes have more.

/// What is known of the addresses of one network; by default nothing, for all addresses alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Leaf {
    /// Below `MOST_VALUES`.
    pub value: u32,
    /// The length of the network's prefix, by the bits of the address's own family.
    pub prefix: u8,
}

pub(super) const MOST_VALUES: usize = 1 << 23;

/// A network by its first bits, which are the highest of the number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    pub bits: u128,
    pub leaf: Leaf,
}

const ROOT_BITS: u8 = 16;
const NODE_BITS: u8 = 8;
const SLOTS: usize = 1 << NODE_BITS;

/// A leaf, or the number of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry(u32);

const IS_NODE: u32 = 1 << 31;

impl Entry {
    fn leaf(leaf: Leaf) -> Self {
        Self((leaf.value & (MOST_VALUES as u32 - 1)) << 8 | u32::from(leaf.prefix))
    }

    fn as_leaf(self) -> Leaf {
        Leaf {
            value: self.0 >> 8,
            prefix: self.0 as u8,
        }
    }

    fn as_node(self) -> Option<usize> {
        (self.0 & IS_NODE != 0).then_some((self.0 & !IS_NODE) as usize)
    }
}

/// How many entries stand in a node itself.
const INSIDE: usize = 6;

#[repr(align(64))]
struct Node {
    /// Bit n: a new entry starts at slot n.
    starts: [u64; SLOTS / 64],
    /// How many entries start in the words before.
    before: [u8; SLOTS / 64],
    /// Where the entries that have no room inside begin.
    first_outside: u32,
    inside: [Entry; INSIDE],
}

const _: () = assert!(size_of::<Node>() == 64);

impl Node {
    /// Which of the node's entries is that of `slot`.
    #[inline]
    fn entry_of(&self, slot: u8) -> usize {
        let word = usize::from(slot >> 6);
        let upto = u64::MAX >> (63 - (slot & 63));
        let starts = self.starts.get(word).copied().unwrap_or(0) & upto;
        let before = self.before.get(word).copied().unwrap_or(0);
        usize::from(before) + starts.count_ones() as usize - 1
    }
}

pub(super) struct PrefixMap {
    root: Box<[Entry]>,
    nodes: Vec<Node>,
    outside: Vec<Entry>,
}

impl PrefixMap {
    /// Of `networks`, which are sorted and apart from each other; addresses in none of them get `elsewhere`.
    pub fn new(networks: &[Network], elsewhere: Leaf) -> Self {
        let mut map = Self {
            root: Box::default(),
            nodes: Vec::new(),
            outside: Vec::new(),
        };
        map.root = map.slots(networks, 0, ROOT_BITS, Entry::leaf(elsewhere));
        map.nodes.shrink_to_fit();
        map.outside.shrink_to_fit();
        map
    }

    /// Of the address with these first bits.
    #[inline]
    pub fn get(&self, bits: u128) -> Leaf {
        let nothing = Entry(0);
        let top = (bits >> (128 - ROOT_BITS)) as usize;
        let mut entry = self.root.get(top).copied().unwrap_or(nothing);
        let mut rest = bits << ROOT_BITS;
        while let Some(node) = entry.as_node() {
            let slot = (rest >> (128 - NODE_BITS)) as u8;
            entry = self.entry(node, slot).unwrap_or(nothing);
            rest <<= NODE_BITS;
        }
        entry.as_leaf()
    }

    #[inline]
    fn entry(&self, node: usize, slot: u8) -> Option<Entry> {
        let node = self.nodes.get(node)?;
        let place = node.entry_of(slot);
        match node.inside.get(place) {
            Some(entry) => Some(*entry),
            None => {
                let outside = node.first_outside as usize + place - INSIDE;
                self.outside.get(outside).copied()
            }
        }
    }

    /// One entry for each value of the `stride` bits behind the first `depth`; `networks` agree in those before.
    fn slots(
        &mut self,
        mut networks: &[Network],
        depth: u8,
        stride: u8,
        elsewhere: Entry,
    ) -> Box<[Entry]> {
        let mut slots = vec![elsewhere; 1 << stride];
        let slot_of = |network: &Network| (network.bits << depth >> (128 - stride)) as usize;
        while let Some((network, rest)) = networks.split_first() {
            let slot = slot_of(network);
            if network.leaf.prefix <= depth + stride {
                let width = 1 << (depth + stride - network.leaf.prefix);
                let covered = slots.get_mut(slot..slot + width);
                covered.unwrap_or_default().fill(Entry::leaf(network.leaf));
                networks = rest;
                continue;
            }
            let inside = networks.iter().take_while(|other| slot_of(other) == slot);
            let (inside, rest) = networks.split_at(inside.count());
            let node = self.node(inside, depth + stride, elsewhere);
            if let Some(free) = slots.get_mut(slot) {
                *free = node;
            }
            networks = rest;
        }
        slots.into()
    }

    fn node(&mut self, networks: &[Network], depth: u8, elsewhere: Entry) -> Entry {
        let slots = self.slots(networks, depth, NODE_BITS, elsewhere);
        let mut node = Node {
            starts: [0; SLOTS / 64],
            before: [0; SLOTS / 64],
            first_outside: self.outside.len() as u32,
            inside: [elsewhere; INSIDE],
        };
        let (mut last, mut count) = (None, 0_usize);
        let words = slots.chunks(64).zip(&mut node.starts);
        for ((slots, starts), before) in words.zip(&mut node.before) {
            *before = count as u8;
            for (bit, entry) in slots.iter().enumerate() {
                if last != Some(*entry) {
                    *starts |= 1 << bit;
                    match node.inside.get_mut(count) {
                        Some(free) => *free = *entry,
                        None => self.outside.push(*entry),
                    }
                    count += 1;
                    last = Some(*entry);
                }
            }
        }
        self.nodes.push(node);
        Entry(IS_NODE | (self.nodes.len() - 1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ELSEWHERE: Leaf = Leaf {
        value: 0,
        prefix: 128,
    };

    /// Networks that are apart from each other: of two that overlap the first stays.
    fn apart(drawn: Vec<(u128, u8)>) -> Vec<Network> {
        let mut networks: Vec<Network> = Vec::new();
        for (number, (bits, length)) in (1..).zip(drawn) {
            let bits = bits & mask(length);
            let overlaps = |other: &Network| {
                let common = mask(length.min(other.leaf.prefix));
                other.bits & common == bits & common
            };
            if !networks.iter().any(overlaps) {
                let leaf = Leaf {
                    value: number,
                    prefix: length,
                };
                networks.push(Network { bits, leaf });
            }
        }
        networks.sort_by_key(|network| network.bits);
        networks
    }

    fn mask(length: u8) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
    }

    /// Bits that often agree in front.
    fn bits() -> impl Strategy<Value = u128> {
        let start = prop::sample::select(vec![0x0a01_u128 << 112, 0x2001_0db8_u128 << 96]);
        (start, any::<u128>(), 0_u8..=64)
            .prop_map(|(start, bits, kept)| start | bits & !mask(kept + 16))
    }

    proptest! {
        #[test]
        fn every_address_gets_what_its_network_has(
            drawn in prop::collection::vec((bits(), 1_u8..=128), 0..40),
            asked in prop::collection::vec(bits(), 1..20),
        ) {
            let networks = apart(drawn);
            let map = PrefixMap::new(&networks, ELSEWHERE);
            let within = networks.iter().map(|network| network.bits | !mask(network.leaf.prefix));
            for bits in asked.into_iter().chain(within) {
                let holds = |network: &&Network| bits & mask(network.leaf.prefix) == network.bits;
                let expected = networks.iter().find(holds).map_or(ELSEWHERE, |network| network.leaf);
                prop_assert_eq!(map.get(bits), expected);
            }
        }
    }

    #[test]
    fn the_network_of_everything_is_everywhere() {
        let leaf = Leaf {
            value: 7,
            prefix: 0,
        };
        let all = Network { bits: 0, leaf };
        let map = PrefixMap::new(&[all], ELSEWHERE);
        assert_eq!((map.get(0), map.get(u128::MAX)), (leaf, leaf));
    }
}

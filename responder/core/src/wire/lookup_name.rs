//! A name made ready to be looked up: in lower case, with the hash of itself and of every name above it.
//!
//! ```text
//! octets ─► label starts (one walk) ─► lower case (8 octets at a time) ─► hashes (from the root on)
//! ```
//!
//! The hash of a name is made of its parent's and its first label, so one pass gives those of all ancestors. Whoever may
//! write a zone could fill it with names of one hash, if he knew how it is made: so the process keeps a secret. It decides
//! nothing but where names are found, and no answer depends on it.

use std::sync::OnceLock;

use super::name::{MAX_LABEL, MAX_NAME, Name, NameError};

/// 127 labels fit into 255 octets.
const MOST_LABELS: usize = 128;
/// Whole words are read and written, also at the end.
const ROOM: usize = MAX_NAME + 1 + WORD;
const WORD: usize = 8;

/// Reused from query to query: what is past `length` and `labels` is left over from before.
#[derive(Clone)]
pub struct LookupName {
    octets: [u8; ROOM],
    starts: [u8; MOST_LABELS],
    /// By the number of labels that a name has; the root's comes first.
    hashes: [u64; MOST_LABELS],
    length: u8,
    labels: u8,
    secret: Secret,
}

/// What hashes start with, and what they multiply by.
#[derive(Clone, Copy)]
struct Secret {
    root: u64,
    multiplier: u64,
}

static SECRET: OnceLock<Secret> = OnceLock::new();

/// Without a secret of the process' own: digits of π.
const NO_SECRET: [u64; 2] = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7345];

/// Has names be hashed with random numbers from now on. Only the first call before any name is hashed has an effect, so
/// that all of a process are hashed alike.
pub fn keep_secret(random: [u64; 2]) {
    SECRET.get_or_init(|| Secret::new(random));
}

impl Secret {
    fn new([root, multiplier]: [u64; 2]) -> Self {
        Self {
            root,
            // An even one would lose bits.
            multiplier: multiplier | 1,
        }
    }

    /// The hash of the name below one with `parent`'s, whose first label is at `start`: `taken` octets with its length.
    #[inline]
    fn below(self, parent: u64, octets: &[u8; ROOM], (mut start, mut taken): (u8, u8)) -> u64 {
        let mut hash = parent;
        while usize::from(taken) > WORD {
            hash = self.folded(hash ^ word_at(octets, start));
            start = start.wrapping_add(WORD as u8);
            taken -= WORD as u8;
        }
        let behind = u64::BITS - 8 * u32::from(taken);
        self.folded(hash ^ word_at(octets, start).wrapping_shl(behind))
    }

    fn folded(self, value: u64) -> u64 {
        let product = u128::from(value) * u128::from(self.multiplier);
        (product >> 64) as u64 ^ product as u64
    }
}

impl LookupName {
    pub fn root() -> Self {
        let secret = *SECRET.get_or_init(|| Secret::new(NO_SECRET));
        Self {
            octets: [0; ROOM],
            starts: [0; MOST_LABELS],
            hashes: [secret.root; MOST_LABELS],
            length: 1,
            labels: 0,
            secret,
        }
    }

    pub fn of(name: Name<'_>) -> Self {
        let mut lookup = Self::root();
        lookup.set(name);
        lookup
    }

    pub fn set(&mut self, name: Name<'_>) {
        // A `Name` is well-formed.
        let _ = self.read(name.as_bytes());
    }

    /// Takes the uncompressed name at the front of `octets` and returns its length; on an error the name is the root.
    pub fn read(&mut self, octets: &[u8]) -> Result<usize, NameError> {
        match self.walk(octets) {
            Ok(length) => {
                self.lower(octets, length);
                self.hash();
                Ok(length)
            }
            Err(error) => {
                (self.length, self.labels) = (1, 0);
                Err(error)
            }
        }
    }

    pub fn as_name(&self) -> Name<'_> {
        self.ancestor(self.labels.into())
    }

    pub fn label_count(&self) -> usize {
        self.labels.into()
    }

    /// The ancestor with `labels` labels; the root if there is no such.
    pub fn ancestor(&self, labels: usize) -> Name<'_> {
        let end = usize::from(self.length);
        let start = match usize::from(self.labels).checked_sub(labels) {
            Some(dropped) if labels > 0 => self.starts.get(dropped).copied().map(usize::from),
            _ => None,
        };
        let octets = self.octets.get(start.unwrap_or(end - 1)..end);
        octets.map_or(Name::ROOT, Name::known)
    }

    pub fn hash_of(&self, labels: usize) -> u64 {
        self.hashes.get(labels).copied().unwrap_or(self.secret.root)
    }

    pub fn full_hash(&self) -> u64 {
        self.hash_of(self.labels.into())
    }

    fn walk(&mut self, octets: &[u8]) -> Result<usize, NameError> {
        let (mut at, mut labels) = (0, 0);
        loop {
            match octets.get(at).copied() {
                None => return Err(NameError::Truncated),
                Some(0) => break,
                Some(length) if usize::from(length) <= MAX_LABEL => {
                    let Some(start) = self.starts.get_mut(labels) else {
                        return Err(NameError::NameTooLong);
                    };
                    *start = at as u8;
                    labels += 1;
                    at += usize::from(length) + 1;
                }
                Some(0xC0..) => return Err(NameError::BadPointer),
                Some(_) => return Err(NameError::LabelTooLong),
            }
            if at >= MAX_NAME {
                return Err(NameError::NameTooLong);
            }
        }
        self.labels = labels as u8;
        self.length = (at + 1) as u8;
        Ok(at + 1)
    }

    /// Copies in lower case. Length octets are below 64 and so below every letter.
    fn lower(&mut self, octets: &[u8], length: usize) {
        let mut at = 0;
        while at < length {
            let mut word = [0; WORD];
            match octets.get(at..at + WORD).and_then(<[u8]>::first_chunk) {
                Some(whole) => word = *whole,
                None => {
                    let last = octets.get(at..).unwrap_or(&[]);
                    word.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
                }
            }
            if let Some(slot) = self.octets.get_mut(at..at + WORD) {
                slot.copy_from_slice(&lowered(u64::from_le_bytes(word)).to_le_bytes());
            }
            at += WORD;
        }
    }

    fn hash(&mut self) {
        let mut hash = self.secret.root;
        // A name is no longer than a `u8` can tell.
        let mut end = self.length - 1;
        let starts = self.starts.get(..usize::from(self.labels));
        let (_, hashes) = self.hashes.split_at_mut(1);
        for (start, slot) in starts.unwrap_or(&[]).iter().rev().zip(hashes) {
            hash = self
                .secret
                .below(hash, &self.octets, (*start, end.wrapping_sub(*start)));
            *slot = hash;
            end = *start;
        }
    }
}

/// There is a whole word behind every octet of a name.
#[inline]
fn word_at(octets: &[u8; ROOM], at: u8) -> u64 {
    let at = usize::from(at);
    let word = octets.get(at..at + WORD).and_then(<[u8]>::first_chunk);
    u64::from_le_bytes(word.copied().unwrap_or_default())
}

/// Eight octets in lower case at once: those from `A` to `Z` get their bit 0x20 set.
fn lowered(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let low = word & !HIGH;
    let from_a = low + (0x80 - b'A' as u64) * ONES;
    let past_z = low + (0x80 - b'Z' as u64 - 1) * ONES;
    let is_letter = from_a & !past_z & !word & HIGH;
    word | is_letter >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::NameBuf;
    use proptest::prelude::*;

    fn any_name() -> impl Strategy<Value = Vec<u8>> {
        let label = prop::collection::vec(any::<u8>(), 1..=MAX_LABEL);
        prop::collection::vec(label, 0..5).prop_filter_map("too long", |labels| {
            let labels = labels.iter().flat_map(|label| {
                let length = label.len() as u8;
                std::iter::once(length).chain(label.iter().copied())
            });
            let octets: Vec<u8> = labels.chain([0]).collect();
            (octets.len() <= MAX_NAME).then_some(octets)
        })
    }

    proptest! {
        #[test]
        fn it_is_the_name_in_lower_case(octets in any_name(), behind: Vec<u8>) {
            let mut lookup = LookupName::of(NameBuf::from_text("left.over.from.before.").unwrap().as_name());
            let length = lookup.read(&[&octets[..], &behind].concat());
            prop_assert_eq!(length, Ok(octets.len()));
            let name = Name::whole(&octets).unwrap();
            let lowered = NameBuf::lowered(name);
            prop_assert_eq!(lookup.as_name(), lowered.as_name());
            prop_assert_eq!(lookup.label_count(), name.label_count());
        }

        #[test]
        fn every_ancestor_has_the_hash_that_it_has_alone(octets in any_name()) {
            let lookup = LookupName::of(Name::whole(&octets).unwrap());
            for name in lookup.as_name().ancestors() {
                let labels = name.label_count();
                prop_assert_eq!(lookup.ancestor(labels), name);
                prop_assert_eq!(lookup.hash_of(labels), LookupName::of(name).full_hash());
            }
        }

        #[test]
        fn it_refuses_what_names_refuse(octets: Vec<u8>) {
            let read = LookupName::root().read(&octets);
            prop_assert_eq!(read.is_ok(), Name::split_from(&octets).is_ok());
            if let (Err(read), Err(split)) = (read, Name::split_from(&octets)) {
                prop_assert_eq!(read, split);
            }
        }
    }

    #[test]
    fn names_made_to_collide_under_one_secret_do_not_under_another() {
        let known = Secret::new(NO_SECRET);
        let label = |number: u64| {
            let mut label = [0; ROOM];
            label[0] = 15;
            label[1..8].copy_from_slice(format!("{number:07}").as_bytes());
            let hash = known.folded(known.root ^ word_at(&label, 0));
            // The second word takes back what the first has done.
            label[8..16].copy_from_slice(&(hash ^ 4711).to_le_bytes());
            label
        };
        let hashes = |secret: Secret| {
            let hashes = (0..1000).map(|number| secret.below(secret.root, &label(number), (0, 16)));
            hashes.collect::<std::collections::HashSet<_>>().len()
        };
        assert_eq!(hashes(known), 1);
        assert_eq!(hashes(Secret::new([1, 0x9E37_79B9_7F4A_7C15])), 1000);
    }

    #[test]
    fn names_that_differ_in_one_octet_have_hashes_that_differ() {
        let hashes: std::collections::HashSet<_> = (0..100_000)
            .map(|number| format!("host-{number}.example.test."))
            .map(|text| LookupName::of(NameBuf::from_text(&text).unwrap().as_name()).full_hash())
            .collect();
        assert_eq!(hashes.len(), 100_000);
    }
}

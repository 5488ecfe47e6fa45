//! Name compression (RFC 1035 section 4.1.4): where in the message names start, so that a pointer can stand for them.

use super::name::Name;
use super::output::Output;

/// Enough for a chain or a referral; what is past it is written in full.
const REMEMBERED_NAMES: usize = 32;
/// RFC 1035 section 4.1.4: a pointer has 14 bits.
const LAST_POINTER: usize = 0x3FFF;

/// Reused from message to message: `forget` starts the next.
#[derive(Debug, Default)]
pub(crate) struct Compressor {
    known: [KnownName; REMEMBERED_NAMES],
    count: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct KnownName {
    offset: u16,
    /// Uncompressed length, so that most names are told apart without reading them.
    length: u8,
}

impl Compressor {
    pub fn forget(&mut self) {
        self.count = 0;
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn known(&self) -> usize {
        self.count
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.count = count;
    }

    /// Remembers the uncompressed name that stands at `offset`, and all names above it.
    pub fn remember_all(&mut self, mut offset: usize, name: Name<'_>) {
        for name in name.ancestors().filter(|name| !name.is_root()) {
            self.remember(offset, name);
            offset += name.split_label().map_or(0, |(label, _)| label.len() + 1);
        }
    }

    fn remember(&mut self, offset: usize, name: Name<'_>) {
        if offset > LAST_POINTER {
            return;
        }
        if let Some(free) = self.known.get_mut(self.count) {
            *free = KnownName {
                offset: offset as u16,
                length: name.as_bytes().len() as u8,
            };
            self.count += 1;
        }
    }

    pub fn put(&mut self, out: &mut Output<'_>, name: Name<'_>) {
        let mut rest = name;
        while let Some((label, parent)) = rest.split_label() {
            if let Some(offset) = self.find(out.written(), rest) {
                out.put_u16(0xC000 | offset);
                return;
            }
            self.remember(out.position(), rest);
            out.put(&[label.len() as u8]);
            out.put(label);
            rest = parent;
        }
        out.put(&[0]);
    }

    fn find(&self, written: &[u8], name: Name<'_>) -> Option<u16> {
        let known = self.known.get(..self.count)?;
        let length = name.as_bytes().len();
        let same = |known: &&KnownName| {
            usize::from(known.length) == length && is_at(written, known.offset.into(), name)
        };
        known.iter().find(same).map(|known| known.offset)
    }
}

/// Whether the possibly compressed name at `position` of our own message equals `name`, whatever the case.
fn is_at(written: &[u8], mut position: usize, name: Name<'_>) -> bool {
    for label in name.labels() {
        while let Some([high @ 0xC0..=0xFF, low]) = written.get(position..position + 2) {
            position = usize::from(high & 0x3F) << 8 | usize::from(*low);
        }
        let end = position + 1 + label.len();
        let here = written.get(position..end).and_then(<[u8]>::split_first);
        let same = here.is_some_and(|(length, octets)| {
            usize::from(*length) == label.len() && octets.eq_ignore_ascii_case(label)
        });
        if !same {
            return false;
        }
        position = end;
    }
    true
}

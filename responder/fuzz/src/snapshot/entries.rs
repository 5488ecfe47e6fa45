//! The zone chunk once more, read plainly from docs/snapshot-format.md.

use crate::reference::{self, Labels, u16_at};

const MAGIC: usize = 4;
const NS: u16 = 2;
const DNAME: u16 = 39;
const ALIAS: u16 = 65401;
const META: [std::ops::RangeInclusive<u16>; 3] = [0..=0, 41..=41, 128..=255];

#[derive(Debug)]
pub struct Entry {
    pub origin: Labels,
    pub owner: Labels,
    pub record_type: u16,
    pub ttl: u32,
    /// None: steered.
    pub rdatas: Option<Vec<Vec<u8>>>,
}

impl Entry {
    /// Whether the set is static, may be asked for, and is hidden by no delegation and no DNAME.
    pub fn is_plain(&self, all: &[Self]) -> bool {
        let hides = |other: &Self| match other.record_type {
            NS => other.owner != self.origin && self.owner.ends_with(&other.owner),
            DNAME => other.owner != self.owner && self.owner.ends_with(&other.owner),
            _ => false,
        };
        let is_asked_for =
            self.record_type != ALIAS && !META.iter().any(|it| it.contains(&self.record_type));
        self.rdatas.is_some() && is_asked_for && !all.iter().any(hides)
    }
}

pub fn of(chunk: &[u8]) -> Option<Vec<Entry>> {
    let (origin, mut at) = name(chunk, MAGIC)?;
    let count = u32::from(u16_at(chunk, at)?) << 16 | u32::from(u16_at(chunk, at + 2)?);
    at += 4;
    let mut entries = Vec::new();
    for _ in 0..count {
        let (entry, end) = entry(chunk, at, &origin)?;
        entries.push(entry);
        at = end;
    }
    (at == chunk.len()).then_some(entries)
}

fn entry(chunk: &[u8], at: usize, origin: &Labels) -> Option<(Entry, usize)> {
    let (owner, fixed) = name(chunk, at)?;
    let ttl = u32::from(u16_at(chunk, fixed + 2)?) << 16 | u32::from(u16_at(chunk, fixed + 4)?);
    let mut at = fixed + 7;
    let rdatas = match chunk.get(fixed + 6)? {
        0 => Some(rdatas(chunk, &mut at)?),
        _ => {
            at += 4;
            None
        }
    };
    let entry = Entry {
        origin: origin.clone(),
        owner,
        record_type: u16_at(chunk, fixed)?,
        ttl,
        rdatas,
    };
    Some((entry, at))
}

fn rdatas(chunk: &[u8], at: &mut usize) -> Option<Vec<Vec<u8>>> {
    let count = u16_at(chunk, *at)?;
    *at += 2;
    let mut rdatas = Vec::new();
    for _ in 0..count {
        let length = usize::from(u16_at(chunk, *at)?);
        rdatas.push(chunk.get(*at + 2..*at + 2 + length)?.to_vec());
        *at += 2 + length;
    }
    Some(rdatas)
}

/// A name without pointers.
fn name(chunk: &[u8], at: usize) -> Option<(Labels, usize)> {
    let (labels, end) = reference::name(chunk, at)?;
    (end - at == reference::wire(&labels).len()).then_some((labels, end))
}

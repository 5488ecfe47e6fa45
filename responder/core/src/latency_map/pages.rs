//! Rows by client prefix, in pages that maps share.
//!
//! ```text
//! 203.0.113.0/24 ─► page 203.0 ─► 113 among its lows ─► row         (IPv6: the first 32 bits, and the next 16)
//! ```
//!
//! A page is one piece of memory: how many rows it has, the low parts of their keys, rising, and the rows. A million rows
//! of 20 regions take 58 MB.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::row::{Row, Shape};

type Page = Arc<[u8]>;

const COUNT_OCTETS: usize = 4;
const LOW_OCTETS: usize = 2;

/// Where the pages of one family are.
#[derive(Clone)]
enum Directory {
    /// Of IPv4: by the first 16 bits, as far as there are any.
    Direct(Vec<Option<Page>>),
    /// Of IPv6: by the first 32 bits, rising.
    Sorted(Vec<(u32, Page)>),
}

#[derive(Clone)]
pub(super) struct Pages {
    directory: Directory,
    /// Of a key that are within its page.
    low_bits: u32,
}

/// A row's key, its first bits as a number, and its octets.
pub(super) type Keyed<'m> = (u64, &'m [u8]);

/// What is there for a client.
pub(super) enum Found<'m> {
    Row(Row<'m>),
    /// Nothing, but something for others that share the first bits of a page.
    Neighbours,
    /// Nothing for anybody in the page.
    Nothing,
}

impl Pages {
    pub fn of_ipv4() -> Self {
        Self {
            directory: Directory::Direct(Vec::new()),
            low_bits: 8,
        }
    }

    pub fn of_ipv6() -> Self {
        Self {
            directory: Directory::Sorted(Vec::new()),
            low_bits: 16,
        }
    }

    #[inline]
    pub fn find(&self, key: u64, shape: Shape) -> Found<'_> {
        let (high, low) = self.split(key);
        let Some(page) = self.page(high) else {
            return Found::Nothing;
        };
        match row_in(page, low, shape) {
            Some(octets) => Found::Row(Row::new(shape, octets)),
            None => Found::Neighbours,
        }
    }

    /// With `rows`, whose keys rise, in place of those with the same keys.
    pub fn with(&self, rows: &[Keyed<'_>], shape: Shape) -> Self {
        let mut pages = self.clone();
        for new in rows.chunk_by(|one, other| self.split(one.0).0 == self.split(other.0).0) {
            let Some((key, _)) = new.first() else {
                continue;
            };
            let high = self.split(*key).0;
            let old = self.page(high).map_or(&[][..], |page| page);
            let new = new.iter().map(|(key, row)| (self.split(*key).1, *row));
            pages.put(high, merged(old, new, shape));
        }
        pages
    }

    pub fn rows(&self) -> usize {
        self.each().map(|page| count(page)).sum()
    }

    pub fn is_empty(&self) -> bool {
        match &self.directory {
            Directory::Direct(pages) => pages.is_empty(),
            Directory::Sorted(pages) => pages.is_empty(),
        }
    }

    pub fn octets(&self) -> usize {
        let directory = match &self.directory {
            Directory::Direct(pages) => size_of_val(pages.as_slice()),
            Directory::Sorted(pages) => size_of_val(pages.as_slice()),
        };
        const COUNTS_OF_ARC: usize = 2 * size_of::<usize>();
        directory
            + self
                .each()
                .map(|page| page.len() + COUNTS_OF_ARC)
                .sum::<usize>()
    }

    fn each(&self) -> Box<dyn Iterator<Item = &Page> + '_> {
        match &self.directory {
            Directory::Direct(pages) => Box::new(pages.iter().flatten()),
            Directory::Sorted(pages) => Box::new(pages.iter().map(|(_, page)| page)),
        }
    }

    fn split(&self, key: u64) -> (u32, u16) {
        let low = key & ((1 << self.low_bits) - 1);
        ((key >> self.low_bits) as u32, low as u16)
    }

    #[inline]
    fn page(&self, high: u32) -> Option<&Page> {
        match &self.directory {
            Directory::Direct(pages) => pages.get(high as usize)?.as_ref(),
            Directory::Sorted(pages) => {
                let place = pages.binary_search_by_key(&high, |page| page.0).ok()?;
                Some(&pages.get(place)?.1)
            }
        }
    }

    fn put(&mut self, high: u32, page: Page) {
        match &mut self.directory {
            Directory::Direct(pages) => {
                if pages.len() <= high as usize {
                    pages.resize(high as usize + 1, None);
                }
                if let Some(slot) = pages.get_mut(high as usize) {
                    *slot = Some(page);
                }
            }
            Directory::Sorted(pages) => match pages.binary_search_by_key(&high, |page| page.0) {
                Ok(place) => {
                    if let Some(slot) = pages.get_mut(place) {
                        slot.1 = page;
                    }
                }
                Err(place) => pages.insert(place, (high, page)),
            },
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.rows())
    }
}

/// The first bits of `address` that tell clients apart.
pub(super) fn key_of(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => u64::from(v4.to_bits() >> (32 - super::PREFIX_V4)),
        IpAddr::V6(v6) => (v6.to_bits() >> (128 - super::PREFIX_V6)) as u64,
    }
}

fn count(page: &[u8]) -> usize {
    let count = page.first_chunk::<COUNT_OCTETS>();
    count.map_or(0, |count| u32::from_be_bytes(*count) as usize)
}

/// The low parts of a page's keys, as they are kept, and its rows.
fn parts(page: &[u8]) -> (&[[u8; LOW_OCTETS]], &[u8]) {
    let from = COUNT_OCTETS + LOW_OCTETS * count(page);
    let lows = page.get(COUNT_OCTETS..from).unwrap_or(&[]);
    (lows.as_chunks().0, page.get(from..).unwrap_or(&[]))
}

#[inline]
fn row_in(page: &[u8], low: u16, shape: Shape) -> Option<&[u8]> {
    let (lows, rows) = parts(page);
    let place = lows.binary_search(&low.to_be_bytes()).ok()?;
    let octets = shape.octets();
    rows.get(place * octets..(place + 1) * octets)
}

fn merged<'m>(old: &'m [u8], new: impl Iterator<Item = (u16, &'m [u8])>, shape: Shape) -> Page {
    let (lows, rows) = parts(old);
    let lows = lows.iter().map(|low| u16::from_be_bytes(*low));
    let mut all: Vec<(u16, &[u8])> = lows.zip(rows.chunks_exact(shape.octets())).collect();
    all.extend(new);
    // Stable: of two with one key the new one stands behind.
    all.sort_by_key(|(low, _)| *low);
    let last_of_key = |(place, (low, _)): &(usize, &(u16, &[u8]))| {
        all.get(place + 1).is_none_or(|next| next.0 != *low)
    };
    let kept: Vec<_> = all
        .iter()
        .enumerate()
        .filter(last_of_key)
        .map(|(_, row)| *row)
        .collect();
    let mut page = Vec::with_capacity(COUNT_OCTETS + kept.len() * (LOW_OCTETS + shape.octets()));
    page.extend((kept.len() as u32).to_be_bytes());
    page.extend(kept.iter().flat_map(|(low, _)| low.to_be_bytes()));
    for (_, row) in &kept {
        page.extend_from_slice(row);
    }
    page.into()
}

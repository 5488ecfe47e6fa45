//! Record sets of a zone, read in place.

use crate::wire::{Name, NameBuf, RecordType};

/// A record set as it is stored; `RecordSet` is the same with its records at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub record_type: RecordType,
    pub ttl: u32,
    pub content: Content,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// `count` times length and rdata from `offset` of the chunk.
    Static {
        offset: u32,
        count: u16,
    },
    Steered {
        policy: u32,
    },
}

impl Entry {
    pub fn has_many(&self) -> bool {
        matches!(self.content, Content::Static { count: 2.., .. })
    }

    pub fn resolve<'z>(&self, octets: &'z [u8]) -> RecordSet<'z> {
        let data = match self.content {
            Content::Steered { policy } => Data::Steered { policy },
            Content::Static { offset, count } => Data::Static(Rdatas {
                rest: octets.get(offset as usize..).unwrap_or(&[]),
                left: count,
            }),
        };
        RecordSet {
            record_type: self.record_type,
            ttl: self.ttl,
            data,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct RecordSet<'z> {
    pub record_type: RecordType,
    pub ttl: u32,
    pub data: Data<'z>,
}

#[derive(Debug, Clone, Copy)]
pub enum Data<'z> {
    Static(Rdatas<'z>),
    Steered { policy: u32 },
}

impl<'z> RecordSet<'z> {
    pub fn is_static(&self) -> bool {
        matches!(self.data, Data::Static(_))
    }

    /// The name that the first record of a CNAME, DNAME or ALIAS set points to, in lower case.
    pub fn target(&self) -> Option<NameBuf> {
        let rdata = self.rdatas().next()?;
        Name::whole(rdata).ok().map(NameBuf::lowered)
    }

    /// The rdata of every record; none if the set is steered.
    pub fn rdatas(&self) -> Rdatas<'z> {
        match self.data {
            Data::Static(rdatas) => rdatas,
            Data::Steered { .. } => Rdatas { rest: &[], left: 0 },
        }
    }
}

/// Iterates over uncompressed rdata in the order to serve.
#[derive(Debug, Clone, Copy)]
pub struct Rdatas<'z> {
    rest: &'z [u8],
    left: u16,
}

impl<'z> Iterator for Rdatas<'z> {
    type Item = &'z [u8];

    fn next(&mut self) -> Option<&'z [u8]> {
        self.left = self.left.checked_sub(1)?;
        let (length, rest) = self.rest.split_first_chunk()?;
        let (rdata, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        self.rest = rest;
        Some(rdata)
    }
}

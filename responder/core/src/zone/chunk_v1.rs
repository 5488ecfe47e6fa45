//! Version 1 of the zone chunk (`docs/snapshot-format.md`): its octets, entry by entry.

use std::cmp::Ordering;

use super::Zone;
use super::build;
use super::error::{ZoneError, ZoneFault};
use super::node::Span;
use super::record_set::{Content, Entry};
use crate::wire::reader::{ReadError, Reader};
use crate::wire::{Name, RecordType, rdata};

const MAGIC: &[u8] = b"TMZ1";
const KIND_STATIC: u8 = 0;
const KIND_STEERED: u8 = 1;
/// RFC 2181 section 8: "a TTL value is an unsigned number, with a minimum value of 0, and a maximum value of 2147483647"
const LARGEST_TTL: u32 = 0x7FFF_FFFF;

/// An entry with its owner.
#[derive(Clone, Copy)]
pub(super) struct OwnedEntry {
    pub owner: Span,
    pub entry: Entry,
}

/// Decodes and checks a chunk; the zone keeps its octets.
pub fn decode(octets: Box<[u8]>) -> Result<Zone, ZoneError> {
    if u32::try_from(octets.len()).is_err() {
        return Err(ZoneError::of_chunk(ZoneFault::TooLarge));
    }
    let (origin, entries) = Decoder::new(&octets)?.entries()?;
    build::zone(octets, origin, &entries)
}

impl ZoneError {
    fn of_chunk(fault: ZoneFault) -> Self {
        Self {
            zone: String::new(),
            owner: None,
            record_type: None,
            fault,
        }
    }
}

impl From<ReadError> for ZoneFault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Short => Self::CutShort,
            ReadError::Name(error) => Self::Name(error),
        }
    }
}

struct Decoder<'c> {
    octets: &'c [u8],
    reader: Reader<'c>,
    origin: Span,
}

impl<'c> Decoder<'c> {
    fn new(octets: &'c [u8]) -> Result<Self, ZoneError> {
        let mut reader = Reader::new(octets);
        if reader.take(MAGIC.len()) != Ok(MAGIC) {
            return Err(ZoneError::of_chunk(ZoneFault::Magic));
        }
        let origin = name(octets, &mut reader).map_err(ZoneError::of_chunk)?;
        Ok(Self {
            octets,
            reader,
            origin,
        })
    }

    fn entries(mut self) -> Result<(Span, Vec<OwnedEntry>), ZoneError> {
        let count = self.reader.u32();
        let count = count.map_err(|error| self.error(None, error.into()))?;
        let mut entries: Vec<OwnedEntry> = Vec::new();
        for _ in 0..count {
            let owner = name(self.octets, &mut self.reader);
            let owner = owner.map_err(|fault| self.error(None, fault))?;
            let next = self.entry(owner)?;
            if let Some(last) = entries.last()
                && self.order(last, &next) != Ordering::Less
            {
                return Err(
                    self.error(Some((owner, next.entry.record_type)), ZoneFault::OutOfOrder)
                );
            }
            entries.push(next);
        }
        if !self.reader.is_at_end() {
            return Err(self.error(None, ZoneFault::TrailingOctets));
        }
        Ok((self.origin, entries))
    }

    fn entry(&mut self, owner: Span) -> Result<OwnedEntry, ZoneError> {
        let record_type = self.reader.u16().map(RecordType);
        let record_type = record_type.map_err(|error| self.error(None, error.into()))?;
        self.checked_entry(owner, record_type)
            .map_err(|fault| self.error(Some((owner, record_type)), fault))
    }

    fn checked_entry(
        &mut self,
        owner: Span,
        record_type: RecordType,
    ) -> Result<OwnedEntry, ZoneFault> {
        if !owner.of(self.octets).is_within(self.origin.of(self.octets)) {
            return Err(ZoneFault::OutsideZone);
        }
        if record_type.is_meta() {
            return Err(ZoneFault::MetaType);
        }
        let ttl = self.reader.u32()?;
        if ttl > LARGEST_TTL {
            return Err(ZoneFault::TtlTooLarge);
        }
        let content = match self.reader.u8()? {
            KIND_STATIC => self.static_content(record_type)?,
            KIND_STEERED if record_type.is_address() => Content::Steered {
                policy: self.reader.u32()?,
            },
            KIND_STEERED => return Err(ZoneFault::UnsteerableType),
            kind => return Err(ZoneFault::UnknownKind(kind)),
        };
        Ok(OwnedEntry {
            owner,
            entry: Entry {
                record_type,
                ttl,
                content,
            },
        })
    }

    fn static_content(&mut self, record_type: RecordType) -> Result<Content, ZoneFault> {
        let count = self.reader.u16()?;
        if count == 0 {
            return Err(ZoneFault::NoRecords);
        }
        let offset = self.reader.position() as u32;
        let mut records = Vec::new();
        for _ in 0..count {
            let length = self.reader.u16()?;
            let octets = self.reader.take(length.into())?;
            rdata::check(record_type, octets).map_err(ZoneFault::Rdata)?;
            if count > 1 {
                records.push(rdata::canonical(record_type, octets));
            }
        }
        // RFC 2181 section 5: a server keeps identical records of a set from being there more than once.
        records.sort_unstable();
        if records
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
        {
            return Err(ZoneFault::RecordTwice);
        }
        Ok(Content::Static { offset, count })
    }

    fn order(&self, left: &OwnedEntry, right: &OwnedEntry) -> Ordering {
        let names = || {
            let left = left.owner.of(self.octets);
            left.canonical_cmp(right.owner.of(self.octets))
        };
        let types = || left.entry.record_type.cmp(&right.entry.record_type);
        names().then_with(types)
    }

    fn error(&self, entry: Option<(Span, RecordType)>, fault: ZoneFault) -> ZoneError {
        ZoneError {
            zone: self.origin.of(self.octets).to_string(),
            owner: entry.map(|(owner, _)| owner.of(self.octets).to_string()),
            record_type: entry.map(|(_, record_type)| record_type),
            fault,
        }
    }
}

fn name(octets: &[u8], reader: &mut Reader<'_>) -> Result<Span, ZoneFault> {
    let offset = reader.position();
    let rest = octets.get(offset..).unwrap_or(&[]);
    let (name, _) = Name::split_from(rest).map_err(ZoneFault::Name)?;
    if !name.is_lowered() {
        return Err(ZoneFault::NotLowerCase);
    }
    reader.take(name.as_bytes().len())?;
    Ok(Span {
        offset: offset as u32,
        length: name.as_bytes().len() as u8,
    })
}

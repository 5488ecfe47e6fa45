//! A response read back: for explanations, which show records as text, and for tests.

use std::fmt;

use super::name::NameBuf;
use super::query::Record as RawRecord;
use super::rdata::NameFields;
use super::rdata_text::RdataText;
use super::reader::{ReadError, Reader};
use super::types::{Rcode, RecordType};

/// A record with its rdata uncompressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub owner: NameBuf,
    pub record_type: RecordType,
    pub ttl: u32,
    pub rdata: Vec<u8>,
}

/// Presentation format: owner, TTL, class, type, rdata.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rdata = RdataText::new(self.record_type, &self.rdata);
        let owner = self.owner.as_name();
        write!(f, "{owner} {} IN {} {rdata}", self.ttl, self.record_type)
    }
}

/// A parsed response; the OPT record is left out of `additional`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: u16,
    pub rcode: Rcode,
    pub authoritative: bool,
    pub truncated: bool,
    pub answer: Vec<Record>,
    pub authority: Vec<Record>,
    pub additional: Vec<Record>,
}

impl Message {
    pub fn parse(octets: &[u8]) -> Result<Self, ReadError> {
        let mut reader = Reader::new(octets);
        let (id, flags) = (reader.u16()?, reader.u16()?);
        let questions = reader.u16()?;
        let (answers, authorities, additionals) = (reader.u16()?, reader.u16()?, reader.u16()?);
        for _ in 0..questions {
            reader.name()?;
            reader.take(4)?;
        }
        let mut extended_rcode = 0;
        let mut message = Self {
            id,
            rcode: Rcode::NOERROR,
            authoritative: flags & 0x0400 != 0,
            truncated: flags & 0x0200 != 0,
            answer: read_records(&mut reader, answers, &mut extended_rcode)?,
            authority: read_records(&mut reader, authorities, &mut extended_rcode)?,
            additional: read_records(&mut reader, additionals, &mut extended_rcode)?,
        };
        message.rcode = Rcode(extended_rcode << 4 | flags & 0x0F);
        Ok(message)
    }
}

fn read_records(
    reader: &mut Reader<'_>,
    count: u16,
    extended_rcode: &mut u16,
) -> Result<Vec<Record>, ReadError> {
    let mut records = Vec::new();
    for _ in 0..count {
        let raw = RawRecord::read(reader)?;
        if raw.record_type == RecordType::OPT {
            *extended_rcode = (raw.ttl >> 24) as u16;
            continue;
        }
        let rdata = uncompressed(reader, &raw)?;
        records.push(Record {
            owner: raw.owner,
            record_type: raw.record_type,
            ttl: raw.ttl,
            rdata,
        });
    }
    Ok(records)
}

fn uncompressed(reader: &Reader<'_>, raw: &RawRecord<'_>) -> Result<Vec<u8>, ReadError> {
    let Some(fields) = NameFields::of(raw.record_type) else {
        return Ok(raw.rdata.to_vec());
    };
    let mut inside = reader.at(raw.rdata_at);
    let mut rdata = inside.take(fields.before)?.to_vec();
    for _ in 0..fields.names {
        rdata.extend_from_slice(inside.name()?.as_name().as_bytes());
    }
    rdata.extend_from_slice(inside.take(fields.after)?);
    if inside.position() == reader.position() {
        Ok(rdata)
    } else {
        Err(ReadError::Short)
    }
}

//! A response read back: for explanations, which show records as text, and for tests.

use std::fmt;

use super::edns::OPTION_CLIENT_SUBNET;
use super::name::NameBuf;
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

/// What an OPT record adds to a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyEdns {
    pub udp_size: u16,
    extended_rcode: u16,
    /// The scope prefix of the client subnet, if the response repeats one.
    pub scope: Option<u8>,
}

/// A parsed response; the OPT record is in `edns` and not in `additional`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: u16,
    pub rcode: Rcode,
    pub authoritative: bool,
    pub truncated: bool,
    pub answer: Vec<Record>,
    pub authority: Vec<Record>,
    pub additional: Vec<Record>,
    pub edns: Option<ReplyEdns>,
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
        let mut edns = None;
        let answer = read_records(&mut reader, answers, &mut edns)?;
        let authority = read_records(&mut reader, authorities, &mut edns)?;
        let additional = read_records(&mut reader, additionals, &mut edns)?;
        let extended_rcode = edns.map_or(0, |edns| edns.extended_rcode);
        Ok(Self {
            id,
            rcode: Rcode(extended_rcode << 4 | flags & 0x0F),
            authoritative: flags & 0x0400 != 0,
            truncated: flags & 0x0200 != 0,
            answer,
            authority,
            additional,
            edns,
        })
    }
}

fn read_records(
    reader: &mut Reader<'_>,
    count: u16,
    edns: &mut Option<ReplyEdns>,
) -> Result<Vec<Record>, ReadError> {
    let mut records = Vec::new();
    for _ in 0..count {
        let raw = RawRecord::read(reader)?;
        if raw.record_type == RecordType::OPT {
            *edns = Some(read_edns(&raw)?);
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

fn read_edns(raw: &RawRecord<'_>) -> Result<ReplyEdns, ReadError> {
    let mut options = Reader::new(raw.rdata);
    let mut scope = None;
    while !options.is_at_end() {
        let code = options.u16()?;
        let length = options.u16()?;
        let data = options.take(length.into())?;
        if code == OPTION_CLIENT_SUBNET {
            scope = data.get(3).copied();
        }
    }
    Ok(ReplyEdns {
        udp_size: raw.class,
        extended_rcode: (raw.ttl >> 24) as u16,
        scope,
    })
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
    match inside.position() == reader.position() {
        true => Ok(rdata),
        false => Err(ReadError::Short),
    }
}

/// Any resource record of a message.
struct RawRecord<'a> {
    owner: NameBuf,
    record_type: RecordType,
    class: u16,
    ttl: u32,
    /// Where in the message the rdata starts.
    rdata_at: usize,
    rdata: &'a [u8],
}

impl<'a> RawRecord<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let owner = reader.name()?;
        let record_type = RecordType(reader.u16()?);
        let (class, ttl) = (reader.u16()?, reader.u32()?);
        let length = reader.u16()?;
        Ok(Self {
            owner,
            record_type,
            class,
            ttl,
            rdata_at: reader.position(),
            rdata: reader.take(length.into())?,
        })
    }
}

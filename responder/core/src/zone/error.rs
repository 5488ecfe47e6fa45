//! Why a zone chunk is refused (P3).

use std::fmt;

use crate::wire::rdata::RdataError;
use crate::wire::{NameError, RecordType};

/// Names zone and owner, because whoever reads it must find the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneError {
    /// The origin; empty if not even that could be read.
    pub zone: String,
    pub owner: Option<String>,
    pub record_type: Option<RecordType>,
    pub fault: ZoneFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneFault {
    Magic,
    CutShort,
    TrailingOctets,
    TooLarge,
    Name(NameError),
    NotLowerCase,
    OutsideZone,
    OutOfOrder,
    MetaType,
    TtlTooLarge,
    UnknownKind(u8),
    NoRecords,
    RecordTwice,
    Rdata(RdataError),
    UnsteerableType,
    OneRecordOnly,
    NoSoa,
    SoaBelowApex,
    NoNameServers,
    CnameBesideOthers,
    UnknownPolicy(u32),
    PolicyWithoutEndpoint(u32),
}

impl fmt::Display for ZoneFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("not a zone chunk of format TMZ1"),
            Self::CutShort => f.write_str("the chunk is cut short"),
            Self::TrailingOctets => f.write_str("octets follow the last entry"),
            Self::TooLarge => f.write_str("the chunk is larger than 4 GiB"),
            Self::Name(error) => error.fmt(f),
            Self::NotLowerCase => f.write_str("the name is not in lower case"),
            Self::OutsideZone => f.write_str("the owner is outside the zone"),
            Self::OutOfOrder => f.write_str("the entry is out of order or there twice"),
            Self::MetaType => f.write_str("the type can be asked for but not be held"),
            Self::TtlTooLarge => f.write_str("the TTL is larger than 2147483647 seconds"),
            Self::UnknownKind(kind) => write!(f, "unknown kind of entry {kind}"),
            Self::NoRecords => f.write_str("a record set without records"),
            Self::RecordTwice => f.write_str("a record is there twice"),
            Self::Rdata(error) => error.fmt(f),
            Self::UnsteerableType => f.write_str("only A and AAAA can be steered"),
            Self::OneRecordOnly => f.write_str("more than one record of a type that allows one"),
            Self::NoSoa => f.write_str("no SOA at the apex"),
            Self::SoaBelowApex => f.write_str("a SOA below the apex"),
            Self::NoNameServers => f.write_str("no NS at the apex"),
            Self::CnameBesideOthers => f.write_str("CNAME beside other types"),
            Self::UnknownPolicy(id) => write!(f, "policy {id} is not in the policy chunk"),
            Self::PolicyWithoutEndpoint(id) => write!(f, "policy {id} has no endpoint"),
        }
    }
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "zone {}", self.zone)?;
        if let Some(owner) = &self.owner {
            write!(f, ": {owner}")?;
        }
        if let Some(record_type) = self.record_type {
            write!(f, " {record_type}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for ZoneError {}

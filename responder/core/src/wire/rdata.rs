//! Where names stand inside rdata, by type: for checking, for compressing and for printing.

use std::borrow::Cow;
use std::fmt;

use super::name::{Name, NameError};
use super::svcb::{self, SvcbError};
use super::types::RecordType;

/// Rdata that consists of fixed octets, then names, then fixed octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameFields {
    pub before: usize,
    pub names: usize,
    pub after: usize,
    /// RFC 3597 section 4: only the types of RFC 1035 may be compressed.
    pub compressible: bool,
}

impl NameFields {
    /// The layout of `record_type`; `None` if its rdata is opaque to us.
    pub fn of(record_type: RecordType) -> Option<Self> {
        let (before, names, after, compressible) = match record_type {
            RecordType::NS | RecordType::CNAME | RecordType::PTR => (0, 1, 0, true),
            RecordType::SOA => (0, 2, 20, true),
            RecordType::MX => (2, 1, 0, true),
            RecordType::SRV => (6, 1, 0, false),
            RecordType::DNAME | RecordType::ALIAS => (0, 1, 0, false),
            _ => return None,
        };
        Some(Self {
            before,
            names,
            after,
            compressible,
        })
    }
}

/// `rdata`, which is well-formed, as it is compared (RFC 4034 section 6.2): the names of old types in lower case.
pub fn canonical(record_type: RecordType, rdata: &[u8]) -> Cow<'_, [u8]> {
    let Some(fields) = NameFields::of(record_type) else {
        return rdata.into();
    };
    let mut canonical = rdata.to_vec();
    let names_end = rdata.len().saturating_sub(fields.after);
    if let Some(names) = canonical.get_mut(fields.before..names_end) {
        // Length octets are below 64 and so below every letter.
        names.make_ascii_lowercase();
    }
    canonical.into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RdataError {
    Length { expected: usize, found: usize },
    Name(NameError),
    Svcb(SvcbError),
}

impl fmt::Display for RdataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(f, "{found} octets of rdata where {expected} belong")
            }
            Self::Name(error) => write!(f, "malformed rdata: {error}"),
            Self::Svcb(error) => write!(f, "malformed rdata: {error}"),
        }
    }
}

impl std::error::Error for RdataError {}

/// Checks uncompressed rdata of the types whose inside we rely on.
pub fn check(record_type: RecordType, rdata: &[u8]) -> Result<(), RdataError> {
    match record_type {
        RecordType::A => check_length(rdata, 4),
        RecordType::AAAA => check_length(rdata, 16),
        RecordType::SVCB | RecordType::HTTPS => svcb::check(rdata).map_err(RdataError::Svcb),
        _ => match NameFields::of(record_type) {
            Some(fields) => check_fields(fields, rdata),
            None => Ok(()),
        },
    }
}

fn check_length(rdata: &[u8], expected: usize) -> Result<(), RdataError> {
    let found = rdata.len();
    if found == expected {
        return Ok(());
    }
    Err(RdataError::Length { expected, found })
}

fn check_fields(fields: NameFields, rdata: &[u8]) -> Result<(), RdataError> {
    let mut rest = rdata.get(fields.before..).unwrap_or(&[]);
    for _ in 0..fields.names {
        rest = Name::split_from(rest).map_err(RdataError::Name)?.1;
    }
    check_length(rest, fields.after)
}

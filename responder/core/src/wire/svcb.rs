//! Rdata of SVCB and HTTPS records (RFC 9460): priority, target and parameters in the order of their keys.

use std::fmt;

use super::name::{Name, NameError};
use super::reader::{ReadError, Reader};

const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;
/// Priority 0: the record says where else to look, and nothing more.
const ALIAS_MODE: u16 = 0;

/// What clients would have to reject (RFC 9460 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SvcbError {
    CutShort,
    Target(NameError),
    KeysOutOfOrder,
    /// The value of this key is none that the key may have.
    Value(u16),
    /// This key is mandatory, or needed by another, and not there.
    Missing(u16),
}

impl fmt::Display for SvcbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutShort => f.write_str("cut short"),
            Self::Target(error) => write!(f, "target: {error}"),
            Self::KeysOutOfOrder => f.write_str("parameter keys do not rise"),
            Self::Value(key) => write!(f, "the value of key{key} is none of its kind"),
            Self::Missing(key) => write!(f, "key{key} is needed and missing"),
        }
    }
}

impl From<ReadError> for SvcbError {
    fn from(_: ReadError) -> Self {
        Self::CutShort
    }
}

/// Where a record sends clients; "." stands for the owner itself, or in alias mode for "no such service".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    Owner,
    Name(Name<'a>),
    NoService,
}

/// The target of checked rdata.
pub fn target(rdata: &[u8]) -> Option<Target<'_>> {
    let (priority, rest) = rdata.split_first_chunk()?;
    let (name, _) = Name::split_from(rest).ok()?;
    Some(match (name.is_root(), u16::from_be_bytes(*priority)) {
        (false, _) => Target::Name(name),
        (true, ALIAS_MODE) => Target::NoService,
        (true, _) => Target::Owner,
    })
}

pub fn check(rdata: &[u8]) -> Result<(), SvcbError> {
    let (priority, rest) = rdata.split_first_chunk().ok_or(SvcbError::CutShort)?;
    let (_, parameters) = Name::split_from(rest).map_err(SvcbError::Target)?;
    // Section 2.4.2: recipients ignore the parameters of alias mode, so it is enough that they can be read.
    let matters = u16::from_be_bytes(*priority) != ALIAS_MODE;
    let mut last = None;
    let mut reader = Reader::new(parameters);
    while !reader.is_at_end() {
        let (key, value) = next_parameter(&mut reader)?;
        // "SvcParamKeys SHALL appear in increasing numeric order", and none twice.
        if last.is_some_and(|last| last >= key) {
            return Err(SvcbError::KeysOutOfOrder);
        }
        last = Some(key);
        if matters {
            check_value(key, value, parameters)?;
        }
    }
    Ok(())
}

fn next_parameter<'a>(reader: &mut Reader<'a>) -> Result<(u16, &'a [u8]), ReadError> {
    let (key, length) = (reader.u16()?, reader.u16()?);
    Ok((key, reader.take(length.into())?))
}

fn check_value(key: u16, value: &[u8], parameters: &[u8]) -> Result<(), SvcbError> {
    let is_sound = match key {
        MANDATORY => return check_mandatory(value, parameters),
        ALPN => are_ids(value),
        NO_DEFAULT_ALPN if !has_key(parameters, ALPN) => return Err(SvcbError::Missing(ALPN)),
        NO_DEFAULT_ALPN => value.is_empty(),
        PORT => value.len() == 2,
        IPV4_HINT => !value.is_empty() && value.len().is_multiple_of(4),
        IPV6_HINT => !value.is_empty() && value.len().is_multiple_of(16),
        _ => true,
    };
    is_sound.then_some(()).ok_or(SvcbError::Value(key))
}

/// RFC 9460 section 8: keys that rise, that are there, and of which `mandatory` is none.
fn check_mandatory(value: &[u8], parameters: &[u8]) -> Result<(), SvcbError> {
    let (keys, []) = value.as_chunks() else {
        return Err(SvcbError::Value(MANDATORY));
    };
    let mut last = MANDATORY;
    for key in keys.iter().copied().map(u16::from_be_bytes) {
        if key <= last {
            return Err(SvcbError::Value(MANDATORY));
        }
        if !has_key(parameters, key) {
            return Err(SvcbError::Missing(key));
        }
        last = key;
    }
    match keys {
        [] => Err(SvcbError::Value(MANDATORY)),
        _ => Ok(()),
    }
}

fn has_key(parameters: &[u8], wanted: u16) -> bool {
    let mut reader = Reader::new(parameters);
    let mut keys = std::iter::from_fn(|| next_parameter(&mut reader).ok());
    keys.any(|(key, _)| key == wanted)
}

/// One or more strings of one octet or more, each behind its length.
fn are_ids(value: &[u8]) -> bool {
    let mut reader = Reader::new(value);
    while !reader.is_at_end() {
        match reader.u8() {
            Ok(length @ 1..) if reader.take(length.into()).is_ok() => {}
            _ => return false,
        }
    }
    !value.is_empty()
}

//! Rdata in presentation format; types without one of their own here as RFC 3597 section 5 has it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::Name;
use super::reader::Reader;
use super::types::RecordType;

/// Uncompressed rdata that prints itself.
pub struct RdataText<'a> {
    record_type: RecordType,
    rdata: &'a [u8],
}

impl<'a> RdataText<'a> {
    pub fn new(record_type: RecordType, rdata: &'a [u8]) -> Self {
        Self { record_type, rdata }
    }

    /// The type's own format; `None` if it has none here or the rdata does not fit it.
    fn specific(&self) -> Option<String> {
        match self.record_type {
            RecordType::A => {
                let octets: [u8; 4] = self.rdata.try_into().ok()?;
                Some(Ipv4Addr::from(octets).to_string())
            }
            RecordType::AAAA => {
                let octets: [u8; 16] = self.rdata.try_into().ok()?;
                Some(Ipv6Addr::from(octets).to_string())
            }
            RecordType::NS | RecordType::CNAME | RecordType::PTR | RecordType::DNAME => {
                Some(Name::whole(self.rdata).ok()?.to_string())
            }
            RecordType::MX => self.numbers_then_name(1),
            RecordType::SRV => self.numbers_then_name(3),
            RecordType::SOA => self.soa(),
            RecordType::TXT | RecordType::HINFO => character_strings(self.rdata),
            _ => None,
        }
    }

    fn numbers_then_name(&self, count: usize) -> Option<String> {
        let mut reader = Reader::new(self.rdata);
        let mut text = String::new();
        for _ in 0..count {
            text += &format!("{} ", reader.u16().ok()?);
        }
        let name = Name::whole(self.rdata.get(reader.position()..)?).ok()?;
        Some(text + &name.to_string())
    }

    fn soa(&self) -> Option<String> {
        let (primary, rest) = Name::split_from(self.rdata).ok()?;
        let (mailbox, rest) = Name::split_from(rest).ok()?;
        let mut text = format!("{primary} {mailbox}");
        let mut numbers = Reader::new(rest);
        while !numbers.is_at_end() {
            text += &format!(" {}", numbers.u32().ok()?);
        }
        Some(text)
    }
}

impl fmt::Display for RdataText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.specific() {
            return f.write_str(&text);
        }
        write!(f, "\\# {}", self.rdata.len())?;
        if !self.rdata.is_empty() {
            f.write_str(" ")?;
        }
        self.rdata
            .iter()
            .try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

fn character_strings(rdata: &[u8]) -> Option<String> {
    let mut reader = Reader::new(rdata);
    let mut strings = Vec::new();
    while !reader.is_at_end() {
        let length = reader.u8().ok()?;
        strings.push(quoted(reader.take(length.into()).ok()?));
    }
    Some(strings.join(" "))
}

fn quoted(octets: &[u8]) -> String {
    let mut text = String::from("\"");
    for &octet in octets {
        match octet {
            b'"' | b'\\' => text += &format!("\\{}", char::from(octet)),
            0x20..=0x7e => text.push(char::from(octet)),
            _ => text += &format!("\\{octet:03}"),
        }
    }
    text + "\""
}

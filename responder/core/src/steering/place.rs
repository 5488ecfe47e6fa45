//! Locations as rules write them: `continent:EU`, `country:DE`, `subdivision:US-CA`, `asn:3320`, `cidr:10.0.0.0/8`.

use std::fmt;
use std::net::IpAddr;

use super::client::masked;
use crate::geo::{Continent, CountryIndex, Subdivision, countries};

/// Whom a rule of `geo` or `fence` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    Continent(Continent),
    Country(CountryIndex),
    Subdivision(Subdivision),
    Asn(u32),
    Block(Block),
}

/// An address block, zero past its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Place {
    /// Continents, countries and subdivisions have each a number of its own, above 0.
    pub(super) fn number(&self) -> u64 {
        let (kind, number) = match self {
            Self::Continent(continent) => (1, *continent as u64),
            Self::Country(country) => (2, country.as_usize() as u64),
            Self::Subdivision(subdivision) => (3, subdivision.number()),
            Self::Asn(asn) => (4, u64::from(*asn)),
            // Rules for blocks are not told apart by place.
            Self::Block(block) => (5, u64::from(block.prefix)),
        };
        kind << 56 | number
    }

    /// The error is a sentence without subject: what is wrong with `text`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (kind, value) = text
            .split_once(':')
            .ok_or_else(|| format!("\"{text}\" is not a location; write for example country:DE"))?;
        match kind {
            "continent" => Continent::from_code(value)
                .map(Self::Continent)
                .ok_or_else(|| {
                    format!("unknown continent \"{value}\"; it is AF, AN, AS, EU, NA, OC or SA")
                }),
            "country" => countries::find(value)
                .map(Self::Country)
                .ok_or_else(|| format!("unknown country \"{value}\"")),
            "subdivision" => subdivision(value).map(Self::Subdivision).ok_or_else(|| {
                format!("\"{value}\" is not a subdivision; write for example US-CA")
            }),
            "asn" => value
                .parse()
                .map(Self::Asn)
                .map_err(|_| format!("\"{value}\" is not an AS number; write for example 3320")),
            "cidr" => Block::parse(value).map(Self::Block),
            _ => Err(format!(
                "unknown location kind \"{kind}\"; it is continent, country, subdivision, asn or cidr"
            )),
        }
    }
}

fn subdivision(text: &str) -> Option<Subdivision> {
    let (country, part) = text.split_once('-')?;
    let country = countries::country(countries::find(country)?);
    Subdivision::new(country.code, part)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continent(continent) => write!(f, "continent:{}", continent.code()),
            Self::Country(country) => {
                write!(f, "country:{}", countries::country(*country).code_text())
            }
            Self::Subdivision(subdivision) => write!(f, "subdivision:{subdivision}"),
            Self::Asn(asn) => write!(f, "asn:{asn}"),
            Self::Block(Block { address, prefix }) => write!(f, "cidr:{address}/{prefix}"),
        }
    }
}

impl Block {
    /// From text such as `10.0.0.0/8`. The error is a sentence without subject: what is wrong with `text`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let malformed =
            || format!("\"{text}\" is not an address block; write for example 10.0.0.0/8");
        let (address, prefix) = text.split_once('/').ok_or_else(malformed)?;
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let prefix: u8 = prefix.parse().map_err(|_| malformed())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        if prefix > width {
            return Err(format!("\"{text}\": the prefix is longer than {width}"));
        }
        let network = masked(address, prefix);
        if network != address {
            return Err(format!(
                "\"{text}\" has bits past its prefix; write {network}/{prefix}"
            ));
        }
        Ok(Self { address, prefix })
    }

    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_prints_as_it_was_written() {
        for text in [
            "continent:EU",
            "country:DE",
            "subdivision:US-CA",
            "subdivision:GB-ENG",
            "asn:3320",
            "cidr:10.0.0.0/8",
            "cidr:2001:db8::/32",
            "cidr:0.0.0.0/0",
        ] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_malformed_location_is_named_with_what_to_write() {
        for (text, message) in [
            (
                "DE",
                "\"DE\" is not a location; write for example country:DE",
            ),
            ("country:XX", "unknown country \"XX\""),
            ("country:de", "unknown country \"de\""),
            (
                "cidr:10.1.0.0/8",
                "\"10.1.0.0/8\" has bits past its prefix; write 10.0.0.0/8",
            ),
            (
                "cidr:10.0.0.0/33",
                "\"10.0.0.0/33\": the prefix is longer than 32",
            ),
            (
                "subdivision:US-california",
                "\"US-california\" is not a subdivision; write for example US-CA",
            ),
        ] {
            assert_eq!(Place::parse(text).unwrap_err(), message);
        }
    }
}

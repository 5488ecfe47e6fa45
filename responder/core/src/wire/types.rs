//! Record types, classes and response codes by their numbers in the IANA registry.

use std::fmt;

/// The Internet class; zones are of no other.
pub const CLASS_IN: u16 = 1;
/// Where servers tell about themselves.
pub const CLASS_CH: u16 = 3;
pub const CLASS_ANY: u16 = 255;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordType(pub u16);

impl RecordType {
    pub const A: Self = Self(1);
    pub const NS: Self = Self(2);
    pub const CNAME: Self = Self(5);
    pub const SOA: Self = Self(6);
    pub const PTR: Self = Self(12);
    pub const HINFO: Self = Self(13);
    pub const MX: Self = Self(15);
    pub const TXT: Self = Self(16);
    pub const AAAA: Self = Self(28);
    pub const SRV: Self = Self(33);
    pub const DNAME: Self = Self(39);
    pub const OPT: Self = Self(41);
    pub const DS: Self = Self(43);
    pub const RRSIG: Self = Self(46);
    pub const NSEC: Self = Self(47);
    pub const SVCB: Self = Self(64);
    pub const HTTPS: Self = Self(65);
    pub const IXFR: Self = Self(251);
    pub const AXFR: Self = Self(252);
    pub const MAILB: Self = Self(253);
    pub const MAILA: Self = Self(254);
    pub const ANY: Self = Self(255);
    /// Private use: the addresses of another name, never shown itself.
    pub const ALIAS: Self = Self(65401);

    /// Types that ask for something else than one type's records (RFC 6895 section 3.1).
    pub fn is_meta(self) -> bool {
        matches!(self.0, 0 | 41 | 128..=255)
    }

    pub fn is_address(self) -> bool {
        self == Self::A || self == Self::AAAA
    }
}

const MNEMONICS: &[(&str, u16)] = &[
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("PTR", 12),
    ("HINFO", 13),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("LOC", 29),
    ("SRV", 33),
    ("NAPTR", 35),
    ("DNAME", 39),
    ("DS", 43),
    ("SSHFP", 44),
    ("RRSIG", 46),
    ("NSEC", 47),
    ("DNSKEY", 48),
    ("TLSA", 52),
    ("SVCB", 64),
    ("HTTPS", 65),
    ("SPF", 99),
    ("ANY", 255),
    ("CAA", 257),
    ("ALIAS", 65401),
];

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MNEMONICS.iter().find(|(_, number)| *number == self.0) {
            Some((mnemonic, _)) => f.write_str(mnemonic),
            None => write!(f, "TYPE{}", self.0),
        }
    }
}

impl std::str::FromStr for RecordType {
    type Err = UnknownType;

    /// A mnemonic, or `TYPE` and a number (RFC 3597 section 5), in any case.
    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let known = MNEMONICS
            .iter()
            .find(|(mnemonic, _)| mnemonic.eq_ignore_ascii_case(text));
        if let Some((_, number)) = known {
            return Ok(Self(*number));
        }
        let prefix = text.get(..4).filter(|p| p.eq_ignore_ascii_case("TYPE"));
        let number = prefix.and_then(|_| text.get(4..)?.parse().ok());
        number.map(Self).ok_or(UnknownType)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownType;

impl fmt::Display for UnknownType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither a known record type nor TYPE and a number")
    }
}

impl std::error::Error for UnknownType {}

/// A response code, extended by EDNS to 12 bits (RFC 6891 section 6.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rcode(pub u16);

impl Rcode {
    pub const NOERROR: Self = Self(0);
    pub const FORMERR: Self = Self(1);
    pub const SERVFAIL: Self = Self(2);
    pub const NXDOMAIN: Self = Self(3);
    pub const NOTIMP: Self = Self(4);
    pub const REFUSED: Self = Self(5);
    pub const YXDOMAIN: Self = Self(6);
    pub const BADVERS: Self = Self(16);
    pub const BADCOOKIE: Self = Self(23);

    /// The four bits that travel in the header.
    pub fn in_header(self) -> u8 {
        (self.0 & 0x0F) as u8
    }

    /// The eight bits that travel in the OPT record.
    pub fn in_opt(self) -> u8 {
        (self.0 >> 4) as u8
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::NOERROR => "NOERROR",
            Self::FORMERR => "FORMERR",
            Self::SERVFAIL => "SERVFAIL",
            Self::NXDOMAIN => "NXDOMAIN",
            Self::NOTIMP => "NOTIMP",
            Self::REFUSED => "REFUSED",
            Self::YXDOMAIN => "YXDOMAIN",
            Self::BADVERS => "BADVERS",
            Self::BADCOOKIE => "BADCOOKIE",
            Self(other) => return write!(f, "RCODE{other}"),
        })
    }
}

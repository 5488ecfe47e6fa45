//! Codes of continents and subdivisions, small enough to be compared as integers.

use std::fmt;

/// A continent by its two-letter code, as MaxMind and others write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Continent {
    Africa,
    Antarctica,
    Asia,
    Europe,
    NorthAmerica,
    Oceania,
    SouthAmerica,
}

impl Continent {
    pub const COUNT: usize = 7;

    pub fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "AF" => Self::Africa,
            "AN" => Self::Antarctica,
            "AS" => Self::Asia,
            "EU" => Self::Europe,
            "NA" => Self::NorthAmerica,
            "OC" => Self::Oceania,
            "SA" => Self::SouthAmerica,
            _ => return None,
        })
    }

    pub fn code(self) -> &'static str {
        match self {
            Self::Africa => "AF",
            Self::Antarctica => "AN",
            Self::Asia => "AS",
            Self::Europe => "EU",
            Self::NorthAmerica => "NA",
            Self::Oceania => "OC",
            Self::SouthAmerica => "SA",
        }
    }
}

/// A subdivision by its ISO 3166-2 code, such as `US-CA` or `GB-ENG`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subdivision([u8; 6]);

impl Subdivision {
    /// Of 48 bits, different for each.
    pub(crate) fn number(self) -> u64 {
        self.0
            .iter()
            .fold(0, |number, octet| number << 8 | u64::from(*octet))
    }

    /// The subdivision `part` (1 to 3 capitals or digits) of a country.
    pub fn new(country: [u8; 2], part: &str) -> Option<Self> {
        let mut code = [0; 6];
        let well_formed = (1..=3).contains(&part.len())
            && part
                .bytes()
                .all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
        let octets = country.iter().chain(b"-").copied().chain(part.bytes());
        for (to, from) in code.iter_mut().zip(octets) {
            *to = from;
        }
        well_formed.then_some(Self(code))
    }
}

impl fmt::Display for Subdivision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.0.iter().take_while(|octet| **octet != 0);
        octets
            .map(|octet| char::from(*octet))
            .try_for_each(|letter| fmt::Write::write_char(f, letter))
    }
}

impl fmt::Debug for Subdivision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! Chunks are named by the SHA-256 of their octets.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(octets: &[u8]) -> Self {
        Self(Sha256::digest(octets).into())
    }

    pub(super) fn first_octet(&self) -> u8 {
        let Self([first, ..]) = self;
        *first
    }
}

/// Not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedDigest;

impl FromStr for Digest {
    type Err = MalformedDigest;

    fn from_str(text: &str) -> Result<Self, MalformedDigest> {
        let (pairs, []) = text.as_bytes().as_chunks() else {
            return Err(MalformedDigest);
        };
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| MalformedDigest)?;
        let mut octets = [0; 32];
        let mut wrong = 0;
        for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
            let (high, low) = (hex_value(*high), hex_value(*low));
            wrong |= high | low;
            *octet = high << 4 | low;
        }
        // Looked at once, at the end: manifests hold tens of thousands of digests.
        match wrong < 16 {
            true => Ok(Self(octets)),
            false => Err(MalformedDigest),
        }
    }
}

/// 16 or more: not a lower-case hexadecimal digit.
fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => u8::MAX,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

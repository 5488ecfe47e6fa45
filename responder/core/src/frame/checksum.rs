//! The Internet checksum (RFC 1071).

use std::ops::Add;

/// A sum of 16-bit words in this machine's order of octets, not yet folded: RFC 1071 section 2 shows that neither the
/// order nor the width of the partial sums changes the result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum(u64);

impl Sum {
    /// At most 64 KiB, so that nothing overflows.
    pub fn of(octets: &[u8]) -> Self {
        let (words, rest) = octets.as_chunks::<4>();
        let sum: u64 = words
            .iter()
            .map(|word| u64::from(u32::from_ne_bytes(*word)))
            .sum();
        let mut last = [0; 4];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Self(sum + u64::from(u32::from_ne_bytes(last)))
    }

    /// What goes into a header, in its order of octets.
    pub fn checksum(self) -> [u8; 2] {
        (!self.folded()).to_ne_bytes()
    }

    /// 0xFFFF over what includes its own checksum.
    pub fn folded(self) -> u16 {
        let mut sum = self.0;
        while let carry @ 1.. = sum >> 16 {
            sum = (sum & 0xFFFF) + carry;
        }
        sum as u16
    }
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

//! The EDNS client subnet option (RFC 7871).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The option as it was received, checked by the rules E2 and E3, and ready to be echoed (E1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSubnet {
    family: u16,
    source_prefix: u8,
    /// From the highest bit on; zero past the prefix.
    bits: u128,
}

/// RFC 7871 section 7.1.2: such an option makes the query a FORMERR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedSubnet;

impl ClientSubnet {
    /// Family, the two prefixes, and an IPv6 address.
    pub const LONGEST: usize = 4 + 16;

    /// Parses the option's data as a query may carry it.
    ///
    /// Family 0 is accepted with prefix 0 alone: it is how `dig +subnet=0` asks for privacy.
    pub fn parse(data: &[u8]) -> Result<Self, MalformedSubnet> {
        let (fixed, octets) = data.split_first_chunk().ok_or(MalformedSubnet)?;
        let [high, low, source_prefix, scope] = *fixed;
        let family = u16::from_be_bytes([high, low]);
        let width = width_of(family).ok_or(MalformedSubnet)?;
        // "SCOPE PREFIX-LENGTH … In queries, it MUST be set to 0."
        if scope != 0 || source_prefix > width || octets.len() != octets_for(source_prefix) {
            return Err(MalformedSubnet);
        }
        let mut address = [0; 16];
        for (to, from) in address.iter_mut().zip(octets) {
            *to = *from;
        }
        let bits = u128::from_be_bytes(address);
        if bits.checked_shl(source_prefix.into()).unwrap_or(0) != 0 {
            return Err(MalformedSubnet);
        }
        Ok(Self {
            family,
            source_prefix,
            bits,
        })
    }

    /// An option for `address`, which must be zero past `prefix` and no shorter than it.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, MalformedSubnet> {
        let mut data = match address {
            IpAddr::V4(v4) => [&[0, 1, prefix, 0][..], &v4.octets()].concat(),
            IpAddr::V6(v6) => [&[0, 2, prefix, 0][..], &v6.octets()].concat(),
        };
        let surplus = data.get(4 + octets_for(prefix)..).unwrap_or(&[]);
        if surplus.iter().any(|octet| *octet != 0) {
            return Err(MalformedSubnet);
        }
        data.truncate(4 + octets_for(prefix));
        Self::parse(&data)
    }

    pub fn source_prefix(&self) -> u8 {
        self.source_prefix
    }

    /// The subnet's address, zero past the prefix; `None` if the client hides it (prefix 0).
    pub fn address(&self) -> Option<IpAddr> {
        match (self.source_prefix, self.family) {
            (0, _) => None,
            (_, 1) => Some(Ipv4Addr::from_bits((self.bits >> 96) as u32).into()),
            _ => Some(Ipv6Addr::from_bits(self.bits).into()),
        }
    }

    /// The option's data with the scope the answer holds for, in the first `composed_len` octets.
    pub fn composed(&self, scope: u8) -> [u8; Self::LONGEST] {
        let scope = if self.source_prefix == 0 { 0 } else { scope };
        let [high, low] = self.family.to_be_bytes();
        let mut data = [0; Self::LONGEST];
        let (head, address) = data.split_at_mut(4);
        head.copy_from_slice(&[high, low, self.source_prefix, scope]);
        address.copy_from_slice(&self.bits.to_be_bytes());
        data
    }

    /// How many octets the composed data takes.
    pub fn composed_len(&self) -> usize {
        4 + octets_for(self.source_prefix)
    }
}

fn width_of(family: u16) -> Option<u8> {
    match family {
        0 => Some(0),
        1 => Some(32),
        2 => Some(128),
        _ => None,
    }
}

fn octets_for(prefix: u8) -> usize {
    usize::from(prefix.div_ceil(8))
}

//! Who asks, and what of it a policy may use.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

/// Which addresses are asked for. Endpoints are judged apart for each (S12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn number(self) -> u8 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IPv{}", self.number())
    }
}

/// A validated client subnet: `prefix` is above 0 and `address` zero past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    pub address: IpAddr,
    pub prefix: u8,
}

/// Who asks: the resolver that sent the query, and the subnet it speaks for, if it said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub resolver: IpAddr,
    pub subnet: Option<Subnet>,
}

/// What a policy does with the client subnet. Ordered from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EcsMode {
    Never,
    GeoOnly,
    Always,
}

/// Draws treat the clients of one such block alike: resolvers commonly send no more of an address, and a longer
/// prefix would give overlapping answers (E1).
const DRAW_PREFIX_V4: u8 = 24;
const DRAW_PREFIX_V6: u8 = 56;

/// The client as one policy sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientView {
    /// Whom location and fences judge. Its scope counts only if it came from the client subnet.
    pub located: Subnet,
    pub located_by_subnet: bool,
    /// Whom draws hash.
    pub drawn: Subnet,
    /// The scope that a draw gives the answer.
    pub draw_scope: u8,
}

impl ClientView {
    pub(crate) fn new(client: &Client, mode: EcsMode) -> Self {
        let resolver = host(client.resolver.to_canonical());
        let located = client.subnet.filter(|_| mode >= EcsMode::GeoOnly);
        let drawn = client.subnet.filter(|_| mode == EcsMode::Always);
        Self {
            located: located.unwrap_or(resolver),
            located_by_subnet: located.is_some(),
            drawn: cut(drawn.unwrap_or(resolver)),
            draw_scope: drawn.map_or(0, |subnet| draw_prefix(subnet.address)),
        }
    }

    /// The scope of an answer that the location decided, which holds within `prefix`.
    pub(crate) fn location_scope(&self, prefix: u8) -> u8 {
        if self.located_by_subnet { prefix } else { 0 }
    }
}

fn host(address: IpAddr) -> Subnet {
    let prefix = match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    Subnet { address, prefix }
}

fn draw_prefix(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => DRAW_PREFIX_V4,
        IpAddr::V6(_) => DRAW_PREFIX_V6,
    }
}

/// `subnet`, no longer than draws look at it.
fn cut(subnet: Subnet) -> Subnet {
    let prefix = subnet.prefix.min(draw_prefix(subnet.address));
    Subnet {
        address: masked(subnet.address, prefix),
        prefix,
    }
}

/// `address` with all bits past `prefix` zeroed.
pub(crate) fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32)));
            Ipv4Addr::from_bits(v4.to_bits() & mask.unwrap_or(0)).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128)));
            Ipv6Addr::from_bits(v6.to_bits() & mask.unwrap_or(0)).into()
        }
    }
}

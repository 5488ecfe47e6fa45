//! Whom limits are kept for: not an address, for one client has many of them, but the network it is in.

use std::net::IpAddr;

/// What is routed apart: nobody announces less to the internet.
const IPV4_PREFIX: u32 = 24;
/// RFC 6177: what an end site gets is between /48 and /64, and most get a /56.
const IPV6_PREFIX: u32 = 56;

/// The network of a client: an IPv4 /24 or an IPv6 /56.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientPrefix(u64);

impl ClientPrefix {
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u64::from(v4.to_bits() >> (32 - IPV4_PREFIX))),
            IpAddr::V6(v6) => Self(1 << IPV6_PREFIX | (v6.to_bits() >> (128 - IPV6_PREFIX)) as u64),
        }
    }

    /// No two prefixes share it.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(address: &str) -> ClientPrefix {
        ClientPrefix::of(address.parse().unwrap())
    }

    #[test]
    fn neighbours_are_one_client_and_others_are_not() {
        assert_eq!(prefix("192.0.2.1"), prefix("192.0.2.255"));
        assert_ne!(prefix("192.0.2.1"), prefix("192.0.3.1"));
        assert_eq!(prefix("2001:db8:0:ff::1"), prefix("2001:db8:0:1::2"));
        assert_ne!(prefix("2001:db8:0:ff::1"), prefix("2001:db8:0:100::1"));
    }

    #[test]
    fn the_families_are_apart_but_for_mapped_addresses() {
        assert_ne!(prefix("0.0.0.1"), prefix("::1"));
        assert_eq!(prefix("::ffff:192.0.2.1"), prefix("192.0.2.1"));
    }
}

//! An Ethernet frame with a UDP datagram in it, and its way back to where it came from.
//!
//! ```text
//!   0        14                    34 (IPv4) or 54 (IPv6)   +8
//!   ├ Ethernet ┼ IPv4 without options ┼ UDP ────────────────┼ payload
//!              └ IPv6 without extensions ┘
//! ```
//!
//! For back ends that see whole frames: the reply is written over the payload, and `Datagram::turn_round` swaps the
//! addresses and computes lengths and checksums anew, all in the memory that the query came in.

mod checksum;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use checksum::Sum;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const UDP: usize = 8;
/// Octets before the payload, by family.
pub const IPV4_HEADERS: usize = ETHERNET + IPV4 + UDP;
pub const IPV6_HEADERS: usize = ETHERNET + IPV6 + UDP;

const TYPE_IPV4: [u8; 2] = [0x08, 0x00];
const TYPE_IPV6: [u8; 2] = [0x86, 0xDD];
const PROTOCOL_UDP: u8 = 17;
/// What RFC 1700 recommends and Linux sends with.
const HOPS: u8 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// Where the datagram in a frame lies and who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    pub source: IpAddr,
    /// Octets of the payload.
    pub length: usize,
    family: Family,
}

impl Datagram {
    /// `None`: no whole UDP datagram from a unicast address, or one that was damaged on its way. A padded frame may be
    /// longer than its datagram.
    ///
    /// The UDP checksum is not looked at: what was sent on this machine, or checked by the network card, carries only a
    /// part of it, and the frame has its own.
    pub fn find(frame: &[u8]) -> Option<Self> {
        let found = match octets::<12, 2>(frame)? {
            TYPE_IPV4 => Self::find_v4(frame),
            TYPE_IPV6 => Self::find_v6(frame),
            _ => None,
        };
        found.filter(Self::may_be_answered)
    }

    /// The payload and all room behind it.
    pub fn payload<'a>(&self, frame: &'a mut [u8]) -> &'a mut [u8] {
        frame.get_mut(self.headers()..).unwrap_or_default()
    }

    /// Addresses the frame back to its sender with the first `length` octets of `payload` in it, and returns how long
    /// the frame is now. `None`: it cannot be that long.
    pub fn turn_round(&self, frame: &mut [u8], length: usize) -> Option<usize> {
        let end = self.headers().checked_add(length)?;
        let frame = frame.get_mut(..end)?;
        let udp_length = u16::try_from(UDP + length).ok()?;
        swap::<6>(frame, 0, 6)?;
        match self.family {
            Family::V4 => turn_v4(frame, udp_length)?,
            Family::V6 => turn_v6(frame, udp_length)?,
        }
        Some(end)
    }

    fn find_v4(frame: &[u8]) -> Option<Self> {
        let header = octets::<ETHERNET, IPV4>(frame)?;
        let total = usize::from(number::<{ ETHERNET + 2 }>(frame)?);
        let fragment = number::<{ ETHERNET + 6 }>(frame)? & !DO_NOT_FRAGMENT;
        if header[0] != VERSION_4 || header[9] != PROTOCOL_UDP || fragment != 0 {
            return None;
        }
        if Sum::of(&header).folded() != 0xFFFF {
            return None;
        }
        let source = Ipv4Addr::from(octets::<{ ETHERNET + 12 }, 4>(frame)?);
        let length = payload_length::<{ ETHERNET + IPV4 }>(frame, total.checked_sub(IPV4)?)?;
        Some(Self {
            source: source.into(),
            length,
            family: Family::V4,
        })
    }

    fn find_v6(frame: &[u8]) -> Option<Self> {
        let header = octets::<ETHERNET, IPV6>(frame)?;
        let after_header = usize::from(number::<{ ETHERNET + 4 }>(frame)?);
        if header[0] >> 4 != 6 || header[6] != PROTOCOL_UDP {
            return None;
        }
        let source = Ipv6Addr::from(octets::<{ ETHERNET + 8 }, 16>(frame)?);
        let length = payload_length::<{ ETHERNET + IPV6 }>(frame, after_header)?;
        Some(Self {
            source: source.into(),
            length,
            family: Family::V6,
        })
    }

    /// RFC 1122 section 3.2.1.3 and RFC 4291 section 2.7: no datagram comes from these.
    fn may_be_answered(&self) -> bool {
        let source = self.source;
        let is_broadcast = source == IpAddr::V4(Ipv4Addr::BROADCAST);
        !(source.is_multicast() || source.is_unspecified() || source.is_loopback() || is_broadcast)
    }

    fn headers(&self) -> usize {
        match self.family {
            Family::V4 => IPV4_HEADERS,
            Family::V6 => IPV6_HEADERS,
        }
    }
}

/// Version 4, and a header of five words: no options.
const VERSION_4: u8 = 0x45;
const DO_NOT_FRAGMENT: u16 = 0x4000;

/// `None`: the datagram at `UDP_AT` does not fill the `room` that its packet says it has, or the frame was cut off.
fn payload_length<const UDP_AT: usize>(frame: &[u8], room: usize) -> Option<usize> {
    let [from_high, from_low, _, _, high, low] = octets::<UDP_AT, 6>(frame)?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    // RFC 768: a source port of zero means that no reply is wanted.
    let wants_reply = [from_high, from_low] != [0, 0];
    let is_whole = length == room && UDP_AT + length <= frame.len();
    (wants_reply && is_whole).then(|| length.checked_sub(UDP))?
}

fn turn_v4(frame: &mut [u8], udp_length: u16) -> Option<()> {
    let total = (IPV4 as u16).checked_add(udp_length)?;
    let [high, low] = total.to_be_bytes();
    let start = [VERSION_4, 0, high, low, 0, 0, 0x40, 0, HOPS, PROTOCOL_UDP];
    put(frame, ETHERNET, start)?;
    put(frame, ETHERNET + 10, [0; 2])?;
    swap::<4>(frame, ETHERNET + 12, ETHERNET + 16)?;
    let checksum = Sum::of(&octets::<ETHERNET, IPV4>(frame)?).checksum();
    put(frame, ETHERNET + 10, checksum)?;
    let addresses = Sum::of(&octets::<{ ETHERNET + 12 }, 8>(frame)?);
    turn_udp::<{ ETHERNET + IPV4 }>(frame, udp_length, addresses)
}

fn turn_v6(frame: &mut [u8], udp_length: u16) -> Option<()> {
    let [high, low] = udp_length.to_be_bytes();
    put(
        frame,
        ETHERNET,
        [0x60, 0, 0, 0, high, low, PROTOCOL_UDP, HOPS],
    )?;
    swap::<16>(frame, ETHERNET + 8, ETHERNET + 24)?;
    let addresses = Sum::of(&octets::<{ ETHERNET + 8 }, 32>(frame)?);
    turn_udp::<{ ETHERNET + IPV6 }>(frame, udp_length, addresses)
}

/// The checksum covers the addresses, protocol and length too (RFC 768, RFC 8200 section 8.1); the sum `addresses` does
/// not depend on their order.
fn turn_udp<const AT: usize>(frame: &mut [u8], length: u16, addresses: Sum) -> Option<()> {
    swap::<2>(frame, AT, AT + 2)?;
    let [high, low] = length.to_be_bytes();
    put(frame, AT + 4, [high, low, 0, 0])?;
    let pseudo_header = addresses + Sum::of(&[0, PROTOCOL_UDP, high, low]);
    let checksum = match (pseudo_header + Sum::of(frame.get(AT..)?)).checksum() {
        // Zero would say that there is none.
        [0, 0] => [0xFF; 2],
        checksum => checksum,
    };
    put(frame, AT + 6, checksum)
}

fn octets<const AT: usize, const N: usize>(frame: &[u8]) -> Option<[u8; N]> {
    frame.get(AT..)?.first_chunk().copied()
}

fn number<const AT: usize>(frame: &[u8]) -> Option<u16> {
    octets::<AT, 2>(frame).map(u16::from_be_bytes)
}

fn put<const N: usize>(frame: &mut [u8], at: usize, octets: [u8; N]) -> Option<()> {
    *frame.get_mut(at..)?.first_chunk_mut()? = octets;
    Some(())
}

fn swap<const N: usize>(frame: &mut [u8], one: usize, other: usize) -> Option<()> {
    let first: [u8; N] = *frame.get(one..)?.first_chunk()?;
    let second: [u8; N] = *frame.get(other..)?.first_chunk()?;
    put(frame, one, second)?;
    put(frame, other, first)
}

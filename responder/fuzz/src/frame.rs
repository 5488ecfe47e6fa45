//! Frames as the network card hands them over: found to hold a datagram exactly if a plain reader finds one, and sent back
//! with the answer, lengths and checksums right.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use arbitrary::{Result, Unstructured};
use responder_core::answer::Transport;
use responder_core::frame::Datagram;
use responder_core::observe::Silent;

use crate::answer::ask;
use crate::question::any_query;
use crate::reference::u16_at;
use crate::reply;
use crate::seam::Arrival;

const ETHERNET: usize = 14;
const UDP: usize = 8;
/// What the memory of a frame has room for.
const ROOM: usize = 2048;
const MOST_SPOILED: usize = 3;

pub fn check(octets: &[u8]) {
    match octets.split_first() {
        Some((0, frame)) => check_frame(frame),
        Some((_, rest)) => {
            if let Ok(frame) = any_frame(&mut Unstructured::new(rest)) {
                check_frame(&frame);
            }
        }
        None => {}
    }
}

fn check_frame(frame: &[u8]) {
    let found = Datagram::find(frame);
    let plain = Plain::read(frame).filter(Plain::is_answered);
    assert_eq!(
        found.map(|it| (it.source, it.length)),
        plain.as_ref().map(|it| (it.source, it.payload.len()))
    );
    if let (Some(datagram), Some(plain)) = (found, plain)
        && frame.len() <= ROOM
    {
        check_answered(frame, &datagram, &plain);
    }
}

/// Asks in the memory of the frame, as it is done there.
fn check_answered(frame: &[u8], datagram: &Datagram, plain: &Plain) {
    let mut memory = frame.to_vec();
    memory.resize(ROOM, 0xA5);
    let arrival = Arrival {
        packet: frame[plain.payload.clone()].to_vec(),
        source: plain.source,
        transport: Transport::Udp,
        now_s: 0,
        left_over: 0,
    };
    assert!(datagram.payload(&mut memory).starts_with(&arrival.packet));
    let Some((answer, _)) = ask(&arrival, &mut Silent) else {
        return;
    };
    datagram.payload(&mut memory)[..answer.len()].copy_from_slice(&answer);
    let length = datagram
        .turn_round(&mut memory, answer.len())
        .expect("a reply fits");
    let back = Plain::read(&memory[..length]).expect("a datagram goes back");
    assert_eq!(memory[back.payload.clone()], answer);
    assert_eq!(back.payload.end, length);
    assert_eq!(
        (back.source, back.destination),
        (plain.destination, plain.source)
    );
    assert_eq!(back.ports, [plain.ports[1], plain.ports[0]]);
    assert_eq!((&memory[..6], &memory[6..12]), (&frame[6..12], &frame[..6]));
    assert_eq!(back.udp_sum(&memory), 0xFFFF);
    reply::check(&arrival, &answer);
}

/// A datagram read by RFC 791, 8200 and 768, without options, extensions and fragments.
struct Plain {
    source: IpAddr,
    destination: IpAddr,
    ports: [u16; 2],
    /// Where the addresses stand.
    addresses: Range<usize>,
    payload: Range<usize>,
}

impl Plain {
    fn read(frame: &[u8]) -> Option<Self> {
        match u16_at(frame, 12)? {
            0x0800 => Self::read_v4(frame),
            0x86DD => Self::read_v6(frame),
            _ => None,
        }
    }

    fn read_v4(frame: &[u8]) -> Option<Self> {
        let header = frame.get(ETHERNET..ETHERNET + 20)?;
        let is_fragment = u16_at(header, 6)? & 0xBFFF != 0;
        let is_plain = header[0] == 0x45 && header[9] == 17 && !is_fragment;
        let room = usize::from(u16_at(header, 2)?).checked_sub(20)?;
        let address = |at: usize| IpAddr::from(*header[at..].first_chunk::<4>().expect("inside"));
        (is_plain && sum(header) == 0xFFFF)
            .then(|| Self::udp(frame, ETHERNET + 20, room, [address(12), address(16)], 8))?
    }

    fn read_v6(frame: &[u8]) -> Option<Self> {
        let header = frame.get(ETHERNET..ETHERNET + 40)?;
        let is_plain = header[0] >> 4 == 6 && header[6] == 17;
        let room = usize::from(u16_at(header, 4)?);
        let address = |at: usize| IpAddr::from(*header[at..].first_chunk::<16>().expect("inside"));
        is_plain.then(|| Self::udp(frame, ETHERNET + 40, room, [address(8), address(24)], 32))?
    }

    fn udp(
        frame: &[u8],
        at: usize,
        room: usize,
        [source, destination]: [IpAddr; 2],
        addresses: usize,
    ) -> Option<Self> {
        let length = usize::from(u16_at(frame, at + 4)?);
        let is_whole = length == room && length >= UDP && at + length <= frame.len();
        is_whole.then_some(Self {
            source,
            destination,
            ports: [u16_at(frame, at)?, u16_at(frame, at + 2)?],
            addresses: at - addresses..at,
            payload: at + UDP..at + length,
        })
    }

    /// RFC 1122 section 3.2.1.3, RFC 4291 section 2.7: from one host that can be answered. RFC 768: at a port.
    fn is_answered(&self) -> bool {
        let nobody = match self.source {
            IpAddr::V4(v4) => {
                [0xE0..=0xEF, 0x7F..=0x7F]
                    .iter()
                    .any(|it| it.contains(&v4.octets()[0]))
                    || v4 == Ipv4Addr::BROADCAST
            }
            IpAddr::V6(v6) => v6.octets()[0] == 0xFF || v6 == Ipv6Addr::LOCALHOST,
        };
        !nobody && !self.source.is_unspecified() && self.ports[0] != 0
    }

    fn udp_sum(&self, frame: &[u8]) -> u16 {
        let datagram = &frame[self.payload.start - UDP..self.payload.end];
        let length = (datagram.len() as u16).to_be_bytes();
        let pseudo = [&frame[self.addresses.clone()], &[0, 17], &length].concat();
        sum(&[&pseudo[..], datagram].concat())
    }
}

/// RFC 1071: the sum of 16-bit words with end-around carry.
fn sum(octets: &[u8]) -> u16 {
    let words = octets
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    words.fold(0_u16, |sum, word| {
        let sum = u32::from(sum) + word;
        (sum & 0xFFFF) as u16 + (sum >> 16) as u16
    })
}

/// A frame with a query in it, of which a few octets may be spoiled.
fn any_frame(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let is_v4: bool = u.arbitrary()?;
    let mut frame = u.bytes(12)?.to_vec();
    let addresses = u.bytes(if is_v4 { 8 } else { 32 })?.to_vec();
    let ports = u.bytes(4)?.to_vec();
    let spoiled: Vec<(u16, u8)> = (0..u.int_in_range(0..=MOST_SPOILED)?)
        .map(|_| Ok((u.arbitrary()?, u.arbitrary()?)))
        .collect::<Result<_>>()?;
    let padding = u.int_in_range(0..=20)?;
    let payload = any_query(u)?;
    let length = (UDP + payload.len()) as u16;
    match is_v4 {
        true => frame.extend(v4_header(length, &addresses)),
        false => {
            frame.extend([0x86, 0xDD, 0x60, 0, 0, 0]);
            frame.extend(length.to_be_bytes());
            frame.extend([17, 64]);
            frame.extend(addresses);
        }
    }
    frame.extend(ports);
    frame.extend(length.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    frame.resize(frame.len() + padding, 0);
    for (at, octet) in spoiled {
        let at = usize::from(at) % frame.len();
        frame[at] = octet;
    }
    Ok(frame)
}

fn v4_header(length: u16, addresses: &[u8]) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend((length + 20).to_be_bytes());
    header.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    header.extend(addresses);
    let checksum = !sum(&header);
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    [&[0x08, 0x00], &header[..]].concat()
}

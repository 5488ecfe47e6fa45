//! Frames composed and verified by code that shares nothing with the code under test.

use super::*;
use proptest::prelude::*;

const SERVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const CLIENT_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// RFC 1071 section 4.1, word for word and octet for octet.
fn checksum(octets: &[u8]) -> u16 {
    let words = octets
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    let ports = [5353_u16.to_be_bytes(), 53_u16.to_be_bytes()].concat();
    [&ports[..], &length.to_be_bytes(), &[0xAA, 0xBB], payload].concat()
}

fn v4(source: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let total = (28 + payload.len()) as u16;
    let start = [0x45, 0x10, 0, 0, 0x12, 0x34, 0, 0, 57, 17, 0, 0];
    let mut header = [&start[..], &source, &[192, 0, 2, 53]].concat();
    header[2..4].copy_from_slice(&total.to_be_bytes());
    let checksum = checksum(&header).to_be_bytes();
    header[10..12].copy_from_slice(&checksum);
    let ethernet = [&SERVER_MAC[..], &CLIENT_MAC, &[0x08, 0x00]].concat();
    [ethernet, header, udp(payload)].concat()
}

fn v6(source: [u8; 16], payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    let destination = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x53).octets();
    let start = [0x6A, 0xBC, 0xDE, 0xF0];
    let lengths = [&length.to_be_bytes()[..], &[17, 57]].concat();
    let ethernet = [&SERVER_MAC[..], &CLIENT_MAC, &[0x86, 0xDD]].concat();
    let addresses = [source, destination].concat();
    [&ethernet, &start[..], &lengths, &addresses, &udp(payload)].concat()
}

/// Checks lengths and checksums of a frame, and returns its addresses (destination, source), ports and payload.
fn read(frame: &[u8]) -> (IpAddr, IpAddr, [u16; 2], Vec<u8>) {
    let packet = &frame[14..];
    let (source, destination, udp): (IpAddr, IpAddr, _) = match packet[0] >> 4 {
        4 => {
            let address = |at: usize| -> [u8; 4] { packet[at..at + 4].try_into().unwrap() };
            assert_eq!(
                packet.len(),
                usize::from(packet[2]) << 8 | usize::from(packet[3])
            );
            assert_eq!(checksum(&packet[..20]), 0, "the header's checksum");
            (address(12).into(), address(16).into(), &packet[20..])
        }
        _ => {
            let address = |at: usize| -> [u8; 16] { packet[at..at + 16].try_into().unwrap() };
            assert_eq!(
                packet.len() - 40,
                usize::from(packet[4]) << 8 | usize::from(packet[5])
            );
            (address(8).into(), address(24).into(), &packet[40..])
        }
    };
    let addresses = match packet[0] >> 4 {
        4 => &packet[12..20],
        _ => &packet[8..40],
    };
    let pseudo_header = [addresses, &[0, 17], &udp[4..6]].concat();
    assert_ne!(udp[6..8], [0, 0], "IPv6 wants a checksum");
    assert_eq!(
        checksum(&[&pseudo_header, udp].concat()),
        0,
        "the UDP checksum"
    );
    assert_eq!(udp.len(), usize::from(udp[4]) << 8 | usize::from(udp[5]));
    let port = |at: usize| u16::from_be_bytes([udp[at], udp[at + 1]]);
    (destination, source, [port(0), port(2)], udp[8..].to_vec())
}

fn with_source(source: IpAddr, payload: &[u8]) -> Vec<u8> {
    match source {
        IpAddr::V4(source) => v4(source.octets(), payload),
        IpAddr::V6(source) => v6(source.octets(), payload),
    }
}

fn unicast() -> impl Strategy<Value = IpAddr> {
    let v4 = (1_u8..=126, any::<[u8; 3]>()).prop_map(|(a, [b, c, d])| IpAddr::from([a, b, c, d]));
    let v6 = any::<[u8; 14]>().prop_map(|rest| {
        let mut octets = [0x20; 16];
        octets[2..].copy_from_slice(&rest);
        IpAddr::from(octets)
    });
    prop_oneof![v4, v6]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..1300)
}

proptest! {
    #[test]
    fn a_reply_goes_back_where_the_query_came_from(
        source in unicast(), query in payload(), reply in payload(), padding in 0_usize..20,
    ) {
        let mut frame = with_source(source, &query);
        frame.resize(frame.len() + padding, 0);
        let datagram = Datagram::find(&frame).unwrap();
        prop_assert_eq!((datagram.source, datagram.length), (source, query.len()));

        frame.resize(2048, 0xEE);
        let room = datagram.payload(&mut frame);
        prop_assert_eq!(&room[..query.len()], &query[..]);
        room[..reply.len()].copy_from_slice(&reply);
        let length = datagram.turn_round(&mut frame, reply.len()).unwrap();

        let (to, from, ports, payload) = read(&frame[..length]);
        prop_assert_eq!((to, from != to, ports), (source, true, [53, 5353]));
        prop_assert_eq!(payload, reply);
        prop_assert_eq!([&frame[..6], &frame[6..12]], [&CLIENT_MAC[..], &SERVER_MAC]);
    }

    #[test]
    fn nothing_found_reaches_beyond_the_frame(mut frame in prop::collection::vec(any::<u8>(), 0..200)) {
        for start in [&[0x08, 0x00, 0x45][..], &[0x86, 0xDD, 0x60], &[]] {
            frame.iter_mut().skip(12).zip(start).for_each(|(to, from)| *to = *from);
            if let Some(datagram) = Datagram::find(&frame) {
                prop_assert!(datagram.payload(&mut frame).len() >= datagram.length);
            }
        }
    }

    #[test]
    fn a_frame_cut_short_holds_no_datagram(source in unicast(), query in payload(), keep in 0.0..1.0) {
        let frame = with_source(source, &query);
        let kept = (frame.len() as f64 * keep) as usize;
        prop_assert_eq!(Datagram::find(&frame[..kept]), None);
    }

    #[test]
    fn a_damaged_ipv4_header_is_noticed(source in any::<[u8; 3]>(), at in 14_usize..34, bit in 0_u8..8) {
        let mut frame = v4([10, source[0], source[1], source[2]], b"query");
        frame[at] ^= 1 << bit;
        prop_assert_eq!(Datagram::find(&frame), None);
    }
}

#[test]
fn no_reply_goes_to_an_address_that_nobody_sends_from() {
    for source in [
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "127.0.0.1",
        "ff02::1",
        "::",
        "::1",
    ] {
        let frame = with_source(source.parse().unwrap(), b"query");
        assert_eq!(Datagram::find(&frame), None, "{source}");
    }
}

#[test]
fn a_source_port_of_zero_wants_no_reply() {
    let mut frame = v4([10, 0, 0, 1], b"query");
    frame[34..36].fill(0);
    assert_eq!(Datagram::find(&frame), None);
}

#[test]
fn a_reply_longer_than_the_frame_is_not_sent() {
    let mut frame = v4([10, 0, 0, 1], b"query");
    let datagram = Datagram::find(&frame).unwrap();
    assert_eq!(datagram.turn_round(&mut frame, 6), None);
    assert_eq!(datagram.turn_round(&mut frame, usize::MAX), None);
}

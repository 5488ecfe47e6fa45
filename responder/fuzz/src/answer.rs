//! The whole answer: any octets, from anyone, put to a world with something of everything in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Unstructured;
use responder_core::answer::{Scratch, Transport};
use responder_core::counters::Tally;
use responder_core::explain::Recorder;
use responder_core::observe::{Observer, Silent};

use crate::question::any_query;
use crate::reference::{self, HEADER, Message, Record};
use crate::reply;
use crate::seam::{self, Arrival};
use crate::subnet;
use crate::world::{served, unshadowed};

const FORMERR: u16 = 1;
const KEEPALIVE: u16 = 11;

/// Of the octets, the first four say how the packet arrives; what follows is the packet, or what one is made from.
pub fn check(octets: &[u8]) {
    let Some((head, rest)) = octets.split_first_chunk::<4>() else {
        return;
    };
    let is_packet = head[0] & 0x80 == 0;
    let packet = match is_packet {
        true => Ok(rest.to_vec()),
        false => any_query(&mut Unstructured::new(rest)),
    };
    if let Ok(packet) = packet {
        check_arrival(&arrival(*head, packet));
    }
}

fn arrival([how, network, host, left_over]: [u8; 4], packet: Vec<u8>) -> Arrival {
    let source = match how & 6 {
        0 => IpAddr::V4(Ipv4Addr::new(10, network & 3, host, 1)),
        2 => IpAddr::V4(Ipv4Addr::new(network, host, 7, 9)),
        4 => IpAddr::V6(Ipv6Addr::new(
            0x2001,
            0xdb8,
            network.into(),
            host.into(),
            0,
            0,
            0,
            1,
        )),
        _ => IpAddr::V6(Ipv4Addr::new(10, 1, network, host).to_ipv6_mapped()),
    };
    Arrival {
        packet,
        source,
        transport: if how & 1 == 0 {
            Transport::Udp
        } else {
            Transport::Tcp
        },
        now_s: 1_800_000_000 + 15 * u64::from(how >> 3 & 0xF),
        left_over,
    }
}

fn check_arrival(arrival: &Arrival) {
    let packet = &arrival.packet;
    let is_query = packet.len() >= HEADER && packet[2] & 0x80 == 0;
    let Some((octets, tally)) = ask(arrival, &mut Silent) else {
        assert!(!is_query, "a query was not answered");
        return;
    };
    assert!(is_query, "what is no query was answered");
    let message = reply::check(arrival, &octets);
    assert_eq!(message.rcode(), tally.rcode);
    let explained = ask(arrival, &mut Recorder::new());
    assert_eq!(
        explained,
        Some((octets.clone(), tally)),
        "explained otherwise than served"
    );
    assert_eq!(
        ask_afresh(arrival),
        Some((octets.clone(), tally)),
        "what was before shows"
    );
    let unshadowed = unshadowed();
    assert_eq!(
        seam::ask(&unshadowed.world, &unshadowed.health, arrival, &mut Silent),
        Some((octets.clone(), tally)),
        "a shadow shows"
    );
    check_case(arrival, &octets);
    check_over_tcp(arrival, &message);
    subnet::check(arrival);
}

pub fn ask(arrival: &Arrival, observer: &mut impl Observer) -> Option<(Vec<u8>, Tally)> {
    let served = served();
    seam::ask(&served.world, &served.health, arrival, observer)
}

/// With nothing left over from other queries, neither in memory nor behind the packet.
fn ask_afresh(arrival: &Arrival) -> Option<(Vec<u8>, Tally)> {
    let (served, scratch) = (served(), &mut Scratch::new());
    let clean = Arrival {
        left_over: 0,
        ..arrival.clone()
    };
    seam::ask_with(&served.world, &served.health, &clean, scratch, &mut Silent)
}

/// RFC 4343: names that differ in case are the same name, and the case of the question is kept.
fn check_case(arrival: &Arrival, octets: &[u8]) {
    let mut other = arrival.clone();
    let Some((_, end)) = reference::name(&other.packet, HEADER) else {
        return;
    };
    let letters = other.packet[HEADER..end].iter_mut();
    for letter in letters.filter(|octet| octet.is_ascii_alphabetic()) {
        *letter ^= 0x20;
    }
    let (swapped, _) = ask(&other, &mut Silent).expect("the same question was answered before");
    assert_eq!(octets.to_ascii_lowercase(), swapped.to_ascii_lowercase());
}

/// Over TCP the same is said, and all of it.
fn check_over_tcp(arrival: &Arrival, message: &Message) {
    let over_tcp = Arrival {
        transport: Transport::Tcp,
        ..arrival.clone()
    };
    let (octets, _) = ask(&over_tcp, &mut Silent).expect("answered before");
    let whole = reply::check(&over_tcp, &octets);
    // RFC 7828 section 3.2.1: over UDP the option is ignored, whatever it says.
    if whole.rcode() == FORMERR && misuses_keepalive(&over_tcp.packet) {
        return;
    }
    assert_eq!(whole.rcode(), message.rcode());
    if !message.is_truncated() {
        assert!(same_records(&whole.answer, &message.answer));
        assert!(same_records(&whole.authority, &message.authority));
        assert!(whole.additional.len() >= message.additional.len());
    }
}

fn misuses_keepalive(packet: &[u8]) -> bool {
    let query = reference::message(packet);
    let opts = query.iter().flat_map(Message::opts);
    let mut options = opts.flat_map(|opt| reference::options(&opt.rdata).unwrap_or_default());
    options.any(|(code, data)| code == KEEPALIVE && !data.is_empty())
}

/// Both start alike, so that even their compressed names are the same octets.
fn same_records(left: &[Record], right: &[Record]) -> bool {
    let same = |(left, right): (&Record, &Record)| {
        (&left.owner, left.record_type, left.ttl, &left.rdata)
            == (&right.owner, right.record_type, right.ttl, &right.rdata)
    };
    left.len() == right.len() && left.iter().zip(right).all(same)
}

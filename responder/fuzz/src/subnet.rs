//! Scope (E1): all clients within the scope of an answer get that answer.

use std::ops::Range;

use responder_core::answer::Transport;
use responder_core::observe::Silent;

use crate::answer::ask;
use crate::reference::{self, Message, Record, u16_at};
use crate::seam::Arrival;

const ECS: u16 = 8;
/// Family, source prefix and scope prefix stand before the address.
const ADDRESS: usize = 4;

/// The client subnet of a message: where the data of the option stands.
struct Subnet {
    opt: Range<usize>,
    data: Range<usize>,
}

/// Asks for another client inside the scope, one that hides nothing of its address, and expects the same records.
pub fn check(arrival: &Arrival) {
    let Some(subnet) = find(&arrival.packet) else {
        return;
    };
    let arrival = Arrival {
        transport: Transport::Tcp,
        ..arrival.clone()
    };
    let (reply, _) = ask(&arrival, &mut Silent).expect("answered before");
    let message = reference::message(&reply).expect("read before");
    let Some(echoed) = find(&reply) else {
        return;
    };
    let [_, family, prefix, scope, ..] = reply[echoed.data.clone()] else {
        return;
    };
    // Family 0 names no client, and an answer for more bits than were given is nobody else's.
    if family == 0 || prefix == 0 || scope > prefix {
        return;
    }
    let width = if family == 1 { 32 } else { 128 };
    let data = &arrival.packet[subnet.data.clone()];
    let other = inside_scope(data, width, scope, arrival.left_over);
    let packet = with_data(&arrival.packet, &subnet, &other);
    let (reply, _) = ask(
        &Arrival {
            packet,
            ..arrival.clone()
        },
        &mut Silent,
    )
    .expect("a query still");
    let neighbour = reference::message(&reply).expect("a reply is well-formed");
    assert_eq!(neighbour.rcode(), message.rcode());
    assert_eq!(said(&neighbour), said(&message), "within scope {scope}");
}

fn said(message: &Message) -> (&[Record], &[Record]) {
    (&message.answer, &message.authority)
}

/// The option of an address in full that has the first `scope` bits of `data`, and others behind them.
fn inside_scope(data: &[u8], width: u8, scope: u8, flips: u8) -> Vec<u8> {
    let mut other = data.to_vec();
    other.resize(ADDRESS + usize::from(width / 8), 0);
    other[2] = width;
    for bit in usize::from(scope)..usize::from(width) {
        let mask = 0x80 >> (bit % 8);
        other[ADDRESS + bit / 8] ^= flips.rotate_left((bit / 8) as u32) & mask;
    }
    other
}

fn find(octets: &[u8]) -> Option<Subnet> {
    let message = reference::message(octets)?;
    let [opt] = message.opts()[..] else {
        return None;
    };
    let mut at = opt.at;
    for (code, data) in reference::options(&opt.rdata)? {
        let start = at + 4;
        at = start + data.len();
        if code == ECS && data.len() >= ADDRESS {
            let opt = opt.at..opt.at + opt.rdata.len();
            return Some(Subnet {
                opt,
                data: start..at,
            });
        }
    }
    None
}

/// The packet with another client subnet.
fn with_data(packet: &[u8], subnet: &Subnet, data: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    let grown = data.len() - subnet.data.len();
    for at in [subnet.opt.start - 2, subnet.data.start - 2] {
        let length = u16_at(&packet, at).expect("inside the packet") + grown as u16;
        packet[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }
    packet.splice(subnet.data.clone(), data.iter().copied());
    packet
}

//! The program that the kernel runs on every frame: which ones are plainly queries to us.
//!
//! It lets through to the workers what they can answer for sure, and everything else to the kernel, whose sockets serve
//! the same addresses: TCP, ICMP, ARP, VLANs (whether this host is part of one is the kernel's knowledge), fragments,
//! IP options, and DNS messages that are anything but one question with at most an OPT behind it.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use responder_core::frame::{IPV4_HEADERS, IPV6_HEADERS};

use super::assembler::{Assembler, AssemblyError, If, Instruction, Label, Register, Width};
use super::interface::MacAddress;
use Register::{
    Argument1, Argument2, Argument3, Context, End, Packet, Result as Outcome, Scratch, Udp,
};

/// The kernel's `enum xdp_action`.
pub(super) const PASS_TO_KERNEL: i32 = 2;
/// The kernel's `bpf_redirect_map`.
const REDIRECT_MAP: i32 = 51;

/// Where the kernel's `xdp_md` has its fields.
mod context {
    pub const DATA: i16 = 0;
    pub const DATA_END: i16 = 4;
    pub const RX_QUEUE_INDEX: i16 = 16;
}

/// Each is compared in turn.
pub(super) const MOST_ADDRESSES: usize = 256;

const DNS_HEADER: usize = 12;
/// Root, type and class.
const LEAST_QUESTION: usize = 5;
const LEAST_UDP: u32 = 8 + (DNS_HEADER + LEAST_QUESTION) as u32;
/// Padded and signed queries are far below; a frame of any kind has room for it.
const LARGEST_UDP: u32 = 8 + 1232;

/// `destination`: the interface's own; frames for others are the kernel's to judge. `served`: each address must be one
/// of this host, none unspecified. `sockets`: a map from receive queues to AF_XDP sockets.
pub(super) fn assemble(
    destination: MacAddress,
    served: &[SocketAddr],
    sockets: &OwnedFd,
) -> Result<Vec<Instruction>, AssemblyError> {
    let mut a = Assembler::new();
    let (pass, v6, dns) = (a.label(), a.label(), a.label());
    ethernet(&mut a, destination, v6, pass);
    v4_headers(&mut a, pass);
    a.load(Width::Half, Scratch, Udp, 2);
    v4_destinations(&mut a, served, dns);
    a.jump(pass);
    a.place(v6);
    v6_headers(&mut a, pass);
    a.load(Width::Half, Argument1, Udp, 2);
    v6_destinations(&mut a, served, dns);
    a.jump(pass);
    a.place(dns);
    query(&mut a, pass);
    hand_over(&mut a, sockets.as_raw_fd());
    a.place(pass);
    a.set(Outcome, PASS_TO_KERNEL);
    a.exit();
    a.finish()
}

fn ethernet(a: &mut Assembler, MacAddress(destination): MacAddress, v6: Label, pass: Label) {
    // Every frame we take is at least this long; only that makes the loads below allowed.
    a.copy(Context, Argument1);
    a.load(Width::Word, Packet, Context, context::DATA);
    a.load(Width::Word, End, Context, context::DATA_END);
    at_least(a, IPV4_HEADERS + DNS_HEADER, pass);

    // To the interface itself.
    let [a0, a1, a2, a3, a4, a5] = destination;
    a.load(Width::Word, Scratch, Packet, 0);
    a.jump_if(
        Scratch,
        If::NotEqual,
        u32::from_ne_bytes([a0, a1, a2, a3]),
        pass,
    );
    a.load(Width::Half, Scratch, Packet, 4);
    a.jump_if(Scratch, If::NotEqual, half([a4, a5]), pass);

    // IPv6 branches off, IPv4 goes on.
    a.load(Width::Half, Scratch, Packet, 12);
    a.jump_if(Scratch, If::Equal, half([0x86, 0xDD]), v6);
    a.jump_if(Scratch, If::NotEqual, half([0x08, 0x00]), pass);
}

fn v4_headers(a: &mut Assembler, pass: Label) {
    // Version 4, no options; UDP; no fragment (all bits but "do not fragment" clear).
    a.load(Width::Octet, Scratch, Packet, 14);
    a.jump_if(Scratch, If::NotEqual, 0x45, pass);
    a.load(Width::Octet, Scratch, Packet, 23);
    a.jump_if(Scratch, If::NotEqual, 17, pass);
    a.load(Width::Half, Scratch, Packet, 20);
    a.jump_if(Scratch, If::AnyOf, half([0xBF, 0xFF]), pass);

    // The UDP datagram fills the packet.
    a.copy(Udp, Packet);
    a.add(Udp, 34);
    a.load(Width::Half, Argument2, Packet, 16);
    a.swap_network_half(Argument2);
    a.subtract(Argument2, 20);
    udp_length(a, pass);
}

fn v6_headers(a: &mut Assembler, pass: Label) {
    // Version 6; UDP follows at once.
    at_least(a, IPV6_HEADERS + DNS_HEADER, pass);
    a.load(Width::Octet, Scratch, Packet, 14);
    a.and(Scratch, 0xF0);
    a.jump_if(Scratch, If::NotEqual, 0x60, pass);
    a.load(Width::Octet, Scratch, Packet, 20);
    a.jump_if(Scratch, If::NotEqual, 17, pass);

    // The UDP datagram fills the packet, and has the checksum that RFC 8200 section 8.1 demands.
    a.copy(Udp, Packet);
    a.add(Udp, 54);
    a.load(Width::Half, Argument2, Packet, 18);
    a.swap_network_half(Argument2);
    udp_length(a, pass);
    a.load(Width::Half, Scratch, Udp, 6);
    a.jump_if(Scratch, If::Equal, 0, pass);
}

/// `Argument2`: the length that the packet leaves for the datagram.
fn udp_length(a: &mut Assembler, pass: Label) {
    a.load(Width::Half, Scratch, Udp, 4);
    a.swap_network_half(Scratch);
    a.jump_if_register(Scratch, If::NotEqual, Argument2, pass);
    a.jump_if(Scratch, If::Below, LEAST_UDP, pass);
    a.jump_if(Scratch, If::Above, LARGEST_UDP, pass);
}

/// `Scratch`: the destination port. Goes on behind if it is none of ours.
fn v4_destinations(a: &mut Assembler, served: &[SocketAddr], dns: Label) {
    a.load(Width::Word, Argument1, Packet, 30);
    for address in served {
        if let IpAddr::V4(ip) = address.ip() {
            let other = a.label();
            a.jump_if(
                Argument1,
                If::NotEqual,
                u32::from_ne_bytes(ip.octets()),
                other,
            );
            a.jump_if(Scratch, If::Equal, half(address.port().to_be_bytes()), dns);
            a.place(other);
        }
    }
}

/// `Argument1`: the destination port. Goes on behind if it is none of ours.
fn v6_destinations(a: &mut Assembler, served: &[SocketAddr], dns: Label) {
    a.load(Width::Double, Argument2, Packet, 38);
    a.load(Width::Double, Argument3, Packet, 46);
    for address in served {
        if let IpAddr::V6(ip) = address.ip() {
            let other = a.label();
            let [high, low] = halves(ip.octets());
            a.load_constant(Scratch, high);
            a.jump_if_register(Argument2, If::NotEqual, Scratch, other);
            a.load_constant(Scratch, low);
            a.jump_if_register(Argument3, If::NotEqual, Scratch, other);
            a.jump_if(
                Argument1,
                If::Equal,
                half(address.port().to_be_bytes()),
                dns,
            );
            a.place(other);
        }
    }
}

fn query(a: &mut Assembler, pass: Label) {
    // A query (QR 0) with opcode QUERY, whatever its other flags.
    a.load(Width::Octet, Scratch, Udp, 8 + 2);
    a.jump_if(Scratch, If::AnyOf, 0xF8, pass);

    // QDCOUNT 1; ANCOUNT and NSCOUNT 0; ARCOUNT 0 or 1.
    a.load(Width::Half, Scratch, Udp, 8 + 4);
    a.jump_if(Scratch, If::NotEqual, half([0, 1]), pass);
    a.load(Width::Word, Scratch, Udp, 8 + 6);
    a.jump_if(Scratch, If::NotEqual, 0, pass);
    a.load(Width::Half, Scratch, Udp, 8 + 10);
    a.swap_network_half(Scratch);
    a.jump_if(Scratch, If::Above, 1, pass);
}

fn hand_over(a: &mut Assembler, sockets: i32) {
    // The socket of the queue the frame arrived by; without one, the kernel.
    a.load_map(Argument1, sockets);
    a.load(Width::Word, Argument2, Context, context::RX_QUEUE_INDEX);
    a.set(Argument3, PASS_TO_KERNEL);
    a.call(REDIRECT_MAP);
    a.exit();
}

fn at_least(a: &mut Assembler, length: usize, pass: Label) {
    a.copy(Scratch, Packet);
    a.add(Scratch, length as i32);
    a.jump_if_register(Scratch, If::Above, End, pass);
}

/// As a load of 16 bits sees octets that lie in the network's order.
fn half(octets: [u8; 2]) -> u32 {
    u16::from_ne_bytes(octets).into()
}

fn halves(octets: [u8; 16]) -> [u64; 2] {
    let all = u128::from_be_bytes(octets);
    [(all >> 64) as u64, all as u64].map(|half| u64::from_ne_bytes(half.to_be_bytes()))
}

//! The program run on frames, by an interpreter of its instructions and, where that is permitted, by the kernel.

use super::*;
use std::fs::File;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const QUERY: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01";
const SERVED: [&str; 3] = ["192.0.2.53:53", "192.0.2.53:5300", "[2001:db8::53]:53"];
const MOST_STEPS: usize = 1000;

#[derive(Debug, PartialEq, Eq)]
enum Taken {
    ToKernel,
    ToSocketOf(u64),
}
use Taken::{ToKernel, ToSocketOf};

/// Where the interpreter keeps things, as addresses.
const CONTEXT: u64 = 0x1000;
const FRAME: u64 = 0x10_0000;
const QUEUE: u32 = 3;

/// What the kernel does with the instructions that the assembler makes (RFC 9669). Panics where the verifier would refuse.
struct Interpreter<'a> {
    registers: [u64; 11],
    frame: &'a [u8],
}

impl Interpreter<'_> {
    fn run(program: &[Instruction], frame: &[u8]) -> Taken {
        let mut it = Interpreter {
            registers: [0; 11],
            frame,
        };
        it.registers[1] = CONTEXT;
        let mut at = 0;
        for _ in 0..MOST_STEPS {
            let one = program[at];
            at += 1;
            let (to, from) = (
                usize::from(one.registers & 15),
                usize::from(one.registers >> 4),
            );
            let constant = one.immediate as i64 as u64;
            match one.opcode {
                0x61 | 0x69 | 0x71 | 0x79 => {
                    let address = it.registers[from].wrapping_add_signed(one.offset.into());
                    it.registers[to] = it.load(one.opcode, address);
                }
                0x18 => {
                    let high = program[at].immediate as u32;
                    it.registers[to] = u64::from(high) << 32 | u64::from(one.immediate as u32);
                    at += 1;
                }
                0x07 => it.registers[to] = it.registers[to].wrapping_add(constant),
                0x17 => it.registers[to] = it.registers[to].wrapping_sub(constant),
                0x57 => it.registers[to] &= constant,
                0xB7 => it.registers[to] = constant,
                0xBF => it.registers[to] = it.registers[from],
                0xDC => it.registers[to] = u64::from((it.registers[to] as u16).to_be()),
                0x85 => return it.redirected(one.immediate),
                0x95 => {
                    assert_eq!(it.registers[0], PASS_TO_KERNEL as u64);
                    return ToKernel;
                }
                jump => {
                    if it.jumps(jump, to, from, one.immediate) {
                        at = at.checked_add_signed(one.offset.into()).unwrap();
                    }
                }
            }
        }
        panic!("no end after {MOST_STEPS} instructions");
    }

    fn load(&self, opcode: u8, address: u64) -> u64 {
        let width = match opcode {
            0x71 => 1,
            0x69 => 2,
            0x61 => 4,
            _ => 8,
        };
        match address.checked_sub(FRAME) {
            None => match (address - CONTEXT, width) {
                (0, 4) => FRAME,
                (4, 4) => FRAME + self.frame.len() as u64,
                (16, 4) => QUEUE.into(),
                other => panic!("the context has no {other:?}"),
            },
            Some(at) => {
                let mut octets = [0; 8];
                octets[..width].copy_from_slice(&self.frame[at as usize..at as usize + width]);
                u64::from_le_bytes(octets)
            }
        }
    }

    fn jumps(&self, opcode: u8, left: usize, right: usize, constant: i32) -> bool {
        let (left, right) = match opcode & 0x0F {
            0x05 if opcode == 0x05 => return true,
            0x0D => (self.registers[left], self.registers[right]),
            0x06 => (self.registers[left] & 0xFFFF_FFFF, (constant as u32).into()),
            _ => panic!("no such instruction: {opcode:#x}"),
        };
        match opcode & 0xF0 {
            0x10 => left == right,
            0x50 => left != right,
            0x20 => left > right,
            0xA0 => left < right,
            0x40 => left & right != 0,
            _ => panic!("no such jump: {opcode:#x}"),
        }
    }

    fn redirected(&self, helper: i32) -> Taken {
        assert_eq!(helper, 51, "bpf_redirect_map");
        assert_eq!(self.registers[3], PASS_TO_KERNEL as u64);
        ToSocketOf(self.registers[2])
    }
}

fn program() -> Vec<Instruction> {
    let served = SERVED.map(|text| text.parse().unwrap());
    // Any descriptor will do: the interpreter does not look into maps.
    let map = File::open("/dev/null").unwrap().into();
    assemble(MacAddress(MAC), &served, &map).unwrap()
}

fn outcome(frame: &[u8]) -> Taken {
    Interpreter::run(&program(), frame)
}

fn udp(port: u16, message: &[u8]) -> Vec<u8> {
    let length = (8 + message.len()) as u16;
    let numbers = [5353, port, length, 0xABCD].map(u16::to_be_bytes).concat();
    [&numbers, message].concat()
}

fn v4(destination: [u8; 4], rest: &[u8]) -> Vec<u8> {
    let [high, low] = (20 + rest.len() as u16).to_be_bytes();
    let start = [
        0x45, 0, high, low, 0, 1, 0x40, 0, 64, 17, 0, 0, 198, 51, 100, 1,
    ];
    [
        &MAC[..],
        &[2, 0, 0, 0, 0, 2, 0x08, 0x00],
        &start,
        &destination,
        rest,
    ]
    .concat()
}

fn v6(rest: &[u8]) -> Vec<u8> {
    let [high, low] = (rest.len() as u16).to_be_bytes();
    let ip = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
    let start = [0x6F, 0xFF, 0xFF, 0xFF, high, low, 17, 64];
    let addresses = [ip("2001:db8:1::1"), ip("2001:db8::53")].concat();
    [
        &MAC[..],
        &[2, 0, 0, 0, 0, 2, 0x86, 0xDD],
        &start,
        &addresses,
        rest,
    ]
    .concat()
}

/// Both families.
fn frames(message: &[u8]) -> [Vec<u8>; 2] {
    let udp = udp(53, message);
    [v4([192, 0, 2, 53], &udp), v6(&udp)]
}

/// What becomes of `QUERY` with one change to the frame.
fn changed(number: usize, at: usize, value: u8) -> Taken {
    let mut frame = frames(QUERY)[number].clone();
    assert_ne!(frame[at], value, "the change is one");
    frame[at] = value;
    outcome(&frame)
}

#[test]
fn a_plain_query_goes_to_the_socket_of_its_queue() {
    for frame in frames(QUERY) {
        assert_eq!(outcome(&frame), ToSocketOf(QUEUE.into()));
    }
}

#[test]
fn padding_behind_the_packet_changes_nothing() {
    let padded = [&frames(QUERY)[0][..], &[0; 18]].concat();
    assert_eq!(outcome(&padded), ToSocketOf(QUEUE.into()));
}

#[test]
fn every_served_pair_of_address_and_port_is_known() {
    let of = |destination, port| outcome(&v4(destination, &udp(port, QUERY)));
    assert_eq!(of([192, 0, 2, 53], 5300), ToSocketOf(QUEUE.into()));
    assert_eq!(of([192, 0, 2, 53], 5301), ToKernel);
    assert_eq!(of([192, 0, 2, 54], 53), ToKernel);
    assert_eq!(outcome(&v6(&udp(5300, QUERY))), ToKernel);
    assert_eq!(
        changed(1, 45, 1),
        ToKernel,
        "the upper half of an IPv6 address"
    );
    assert_eq!(changed(1, 53, 0x54), ToKernel, "the lower half");
}

#[test]
fn what_is_for_another_host_is_the_kernels() {
    for at in 0..6 {
        assert_eq!(changed(0, at, 0xFF), ToKernel);
    }
}

#[test]
fn other_protocols_are_the_kernels() {
    assert_eq!(changed(0, 13, 0x06), ToKernel, "ARP");
    assert_eq!(changed(0, 12, 0x81), ToKernel, "a VLAN");
    for protocol in [1, 6, 17 ^ 1] {
        assert_eq!(changed(0, 23, protocol), ToKernel);
        assert_eq!(changed(1, 20, protocol), ToKernel);
    }
    assert_eq!(changed(1, 20, 44), ToKernel, "an IPv6 fragment");
    assert_eq!(changed(1, 20, 0), ToKernel, "hop-by-hop options");
}

#[test]
fn ipv4_options_and_fragments_are_the_kernels() {
    assert_eq!(changed(0, 14, 0x46), ToKernel, "options");
    assert_eq!(changed(0, 20, 0x20), ToKernel, "more fragments");
    assert_eq!(changed(0, 21, 1), ToKernel, "a later fragment");
    assert_eq!(
        changed(0, 20, 0),
        ToSocketOf(QUEUE.into()),
        "may be fragmented, is not"
    );
}

#[test]
fn lengths_that_disagree_are_the_kernels() {
    for by in [1, 0xFF] {
        let at = |number: usize, at: usize| frames(QUERY)[number][at].wrapping_add(by);
        assert_eq!(changed(0, 17, at(0, 17)), ToKernel, "of IPv4");
        assert_eq!(changed(0, 39, at(0, 39)), ToKernel, "of UDP over IPv4");
        assert_eq!(changed(1, 19, at(1, 19)), ToKernel, "of IPv6");
        assert_eq!(changed(1, 59, at(1, 59)), ToKernel, "of UDP over IPv6");
    }
}

#[test]
fn an_ipv6_datagram_without_a_checksum_is_the_kernels() {
    let mut frame = frames(QUERY)[1].clone();
    frame[60..62].fill(0);
    assert_eq!(outcome(&frame), ToKernel);
}

#[test]
fn messages_that_are_not_plainly_a_query_are_the_kernels() {
    let with = |at: usize, value: u8| {
        let mut message = QUERY.to_vec();
        message[at] = value;
        frames(&message).map(|frame| outcome(&frame))
    };
    let to_socket = || [ToSocketOf(QUEUE.into()), ToSocketOf(QUEUE.into())];
    assert_eq!(with(2, 0x81), [ToKernel, ToKernel], "a response");
    assert_eq!(with(2, 0x20), [ToKernel, ToKernel], "NOTIFY");
    assert_eq!(with(2, 0x07), to_socket(), "AA, TC and RD");
    assert_eq!(with(3, 0xFF), to_socket(), "all other flags");
    for count in [4, 5, 6, 7, 8, 9, 10, 11] {
        assert_eq!(with(count, 2), [ToKernel, ToKernel], "the count at {count}");
    }
    assert_eq!(with(5, 0), [ToKernel, ToKernel], "no question");
    assert_eq!(with(11, 1), to_socket(), "an OPT");
}

#[test]
fn too_short_and_too_long_is_the_kernels() {
    let message = |length: usize| {
        let mut message = QUERY.to_vec();
        message.resize(length, 0);
        frames(&message).map(|frame| outcome(&frame))
    };
    for length in [12, 16, 1233, 1400] {
        assert_eq!(message(length), [ToKernel, ToKernel], "{length} octets");
    }
    for length in [17, 512, 1232] {
        assert!(!message(length).contains(&ToKernel), "{length} octets");
    }
    for frame in frames(QUERY) {
        for kept in 0..frame.len() {
            // Of what is cut off behind the headers the worker takes care; here the interpreter sees to the loads.
            let taken = outcome(&frame[..kept]);
            assert!(taken == ToKernel || kept >= IPV4_HEADERS + DNS_HEADER);
        }
    }
}

#[test]
fn the_verifier_accepts_it() {
    use crate::xdp::bpf;
    let Ok(map) = bpf::socket_map(1) else {
        return eprintln!("skipped: loading a program needs CAP_BPF and CAP_NET_ADMIN");
    };
    let served = SERVED.map(|text| text.parse().unwrap());
    let program = assemble(MacAddress(MAC), &served, &map).unwrap();
    if let Err((error, log)) = bpf::load(&program, c"Apache-2.0") {
        panic!("{error}: {log}");
    }
}

#[test]
fn what_the_verifier_refuses_comes_with_its_words() {
    use crate::xdp::bpf;
    let Ok(_map) = bpf::socket_map(1) else {
        return eprintln!("skipped: loading a program needs CAP_BPF and CAP_NET_ADMIN");
    };
    let mut a = Assembler::new();
    a.load(Width::Word, Register::Result, Register::Packet, 0);
    a.exit();
    let (_, log) = bpf::load(&a.finish().unwrap(), c"Apache-2.0").unwrap_err();
    assert!(log.contains("R7"), "{log}");
}

#[test]
fn as_many_addresses_as_allowed_fit() {
    let addresses = (0..MOST_ADDRESSES as u128).map(|n| SocketAddr::new(IpAddr::V6(n.into()), 53));
    let map = File::open("/dev/null").unwrap().into();
    assert!(assemble(MacAddress(MAC), &addresses.collect::<Vec<_>>(), &map).is_ok());
}

//! What breaks a rule is found: a good reply, spoiled in one way after the other.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};

use responder_core::answer::Transport;
use responder_core::observe::Silent;
use responder_core::wire::{ClientSubnet, Name, RecordType, compose};
use responder_fuzz::reference::{self, HEADER};
use responder_fuzz::seam::{self, Arrival};
use responder_fuzz::{reply, world};

/// A query with a client subnet, and the reply to it.
fn asked(name: &str, record_type: u16) -> (Arrival, Vec<u8>) {
    let wire = reference::wire(&world::labels(name));
    let subnet = ClientSubnet::new(IpAddr::V4(Ipv4Addr::new(10, 1, 77, 0)), 24).unwrap();
    let name = Name::whole(&wire).unwrap();
    let arrival = Arrival {
        packet: compose::query(name, RecordType(record_type), Some(&subnet)),
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        transport: Transport::Udp,
        now_s: 0,
        left_over: 0,
    };
    let served = world::served();
    let (octets, _) = seam::ask(&served.world, &served.health, &arrival, &mut Silent).unwrap();
    (arrival, octets)
}

fn is_found(arrival: &Arrival, reply: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| reply::check(arrival, reply))).is_err()
}

type Spoil = fn(&mut Vec<u8>);

#[test]
fn a_reply_that_breaks_a_rule_is_found() {
    let spoils: [(&str, Spoil); 12] = [
        ("another id", |reply| reply[0] ^= 1),
        ("no reply", |reply| reply[2] ^= 0x80),
        ("another opcode", |reply| reply[2] ^= 0x08),
        ("recursion that was not desired", |reply| reply[2] ^= 1),
        ("recursion available", |reply| reply[3] ^= 0x80),
        ("validated", |reply| reply[3] ^= 0x20),
        ("another case", |reply| reply[HEADER + 1] ^= 0x20),
        ("a record less", |reply| reply[7] -= 1),
        ("an octet more", |reply| reply.push(0)),
        ("cut short", |reply| reply.truncate(reply.len() - 1)),
        ("another rcode with records", |reply| reply[3] ^= 5),
        ("another subnet", |reply| *reply.last_mut().unwrap() ^= 1),
    ];
    let (arrival, good) = asked("a.z.", 1);
    assert!(!is_found(&arrival, &good));
    for (what, spoil) in spoils {
        let mut spoiled = good.clone();
        spoil(&mut spoiled);
        assert!(is_found(&arrival, &spoiled), "{what}");
    }
}

#[test]
fn a_reply_to_another_question_is_found() {
    let (arrival, _) = asked("a.z.", 1);
    let (_, other) = asked("ns.z.", 1);
    assert!(is_found(&arrival, &other));
}

#[test]
fn a_record_beside_the_way_is_found() {
    let (arrival, mut reply) = asked("viad.z.", 16);
    assert!(!is_found(&arrival, &reply));
    let last = reference::message(&reply).unwrap().answer.pop().unwrap().at;
    // Its owner, a pointer, now points to the question.
    reply[last - 12..last - 10].copy_from_slice(&[0xC0, HEADER as u8]);
    assert!(is_found(&arrival, &reply));
}

#[test]
fn a_denial_without_its_soa_is_found() {
    let (arrival, mut reply) = asked("missing.a.z.", 1);
    assert!(!is_found(&arrival, &reply));
    let soa = reference::message(&reply).unwrap().authority[0].at;
    reply[soa - 9] = 2;
    assert!(is_found(&arrival, &reply));
}

//! What every reply must be, whatever was asked.

use std::collections::HashSet;

use responder_core::answer::Transport;
use responder_core::wire::message;

use crate::reference::{self, HEADER, Labels, Message, OPT, Record};
use crate::seam::{Arrival, DATAGRAM};

const CNAME: u16 = 5;
const SOA: u16 = 6;
const DNAME: u16 = 39;
const ECS: u16 = 8;
const EXTENDED_ERROR: u16 = 15;
const NOERROR: u16 = 0;
const FORMERR: u16 = 1;
const NXDOMAIN: u16 = 3;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;
const BADVERS: u16 = 16;
const BADCOOKIE: u16 = 23;
/// RFC 2181 section 8.
const LARGEST_TTL: u32 = 0x7FFF_FFFF;

/// Panics if `reply` breaks a rule; returns it read.
pub fn check(arrival: &Arrival, reply: &[u8]) -> Message {
    let read = reference::message(reply).expect("a reply is well-formed");
    assert_eq!(read.end, reply.len());
    assert!(message::Message::parse(reply).is_ok());
    let query = reference::message(&arrival.packet);
    check_size(arrival, query.as_ref(), reply);
    check_header(arrival, &read);
    check_question(arrival, &read, reply);
    check_opt(query.as_ref(), &read);
    check_sets(&read, reply);
    check_negative(&read);
    if let Some(question) = read.questions.first() {
        check_chain(&question.name, &read, reply);
    }
    read
}

fn check_size(arrival: &Arrival, query: Option<&Message>, reply: &[u8]) {
    let offered = query.and_then(|query| Some(usize::from(query.opts().first()?.class)));
    let limit = match arrival.transport {
        Transport::Tcp => 65535,
        Transport::Udp => offered.unwrap_or(512).clamp(512, DATAGRAM),
    };
    // A query that no plain reader reads may still have shown an OPT record before it went wrong.
    let limit = if query.is_some() {
        limit
    } else {
        limit.max(DATAGRAM)
    };
    assert!(reply.len() <= limit, "{} octets of {limit}", reply.len());
}

fn check_header(arrival: &Arrival, reply: &Message) {
    let flags = u16::from_be_bytes([arrival.packet[2], arrival.packet[3]]);
    assert_eq!(reply.id.to_be_bytes(), arrival.packet[..2]);
    assert!(reply.is_response());
    assert_eq!(reply.opcode(), flags >> 11 & 0xF);
    assert_eq!(reply.is_recursion_desired(), flags & 0x0100 != 0);
    // No recursion is available, and the reserved bit is 0 (RFC 1035 section 4.1.1); nothing here is validated.
    assert_eq!(reply.flags & 0x00E0, 0);
}

/// The question comes back octet by octet, or not at all.
fn check_question(arrival: &Arrival, read: &Message, reply: &[u8]) {
    if read.questions.is_empty() {
        let is_about_cookie = arrival.packet[4..6] == [0, 0];
        assert!(
            [FORMERR, NOTIMP].contains(&read.rcode())
                || is_about_cookie && [NOERROR, BADCOOKIE].contains(&read.rcode()),
            "a reply without its question"
        );
        return;
    }
    assert_eq!(read.questions.len(), 1);
    let (_, end) = reference::question(&arrival.packet, HEADER).expect("a question was repeated");
    assert_eq!(reply[HEADER..end], arrival.packet[HEADER..end]);
}

/// RFC 6891 section 7: EDNS is answered with EDNS and never volunteered; RFC 7871: so is the client subnet.
fn check_opt(query: Option<&Message>, reply: &Message) {
    let opts = reply.opts();
    assert!(opts.len() <= 1);
    assert!(
        reply
            .additional
            .iter()
            .filter(|it| it.record_type == OPT)
            .count()
            == opts.len()
    );
    let Some(query) = query else {
        return;
    };
    let asked = query.opts();
    assert!(
        opts.is_empty() || !asked.is_empty(),
        "EDNS in answer to none"
    );
    let asked_for = codes(&asked);
    let is_unasked = |code: &u16| *code != EXTENDED_ERROR && !asked_for.contains(code);
    assert_eq!(
        codes(&opts).into_iter().find(is_unasked),
        None,
        "an option unasked"
    );
    let subnets = |opts: &[&Record]| {
        let options = opts.first().and_then(|opt| reference::options(&opt.rdata));
        let options = options.unwrap_or_default().into_iter();
        options
            .filter(|(code, _)| *code == ECS)
            .map(|(_, data)| data)
            .collect::<Vec<_>>()
    };
    for subnet in subnets(&opts) {
        let echoed = |asked: &Vec<u8>| asked[..3] == subnet[..3] && asked[4..] == subnet[4..];
        assert!(
            subnets(&asked).iter().any(echoed),
            "a client subnet that was not asked for"
        );
        assert!(subnet[2] > 0 || subnet[3] == 0, "E2");
        assert!(subnet[3] <= if subnet[1] == 1 { 32 } else { 128 });
    }
    let is_plain = asked.len() == 1 && reply.rcode() == NOERROR;
    assert!(
        !is_plain || subnets(&opts).len() == subnets(&asked).len(),
        "E1"
    );
}

/// Of all options that can be read.
fn codes(opts: &[&Record]) -> Vec<u16> {
    let options = opts.iter().filter_map(|opt| reference::options(&opt.rdata));
    options.flatten().map(|(code, _)| code).collect()
}

/// RFC 2181 section 5: the records of a set stand together, differ, and have one TTL.
fn check_sets(read: &Message, reply: &[u8]) {
    for section in read.sections() {
        let mut ttls: Vec<((Labels, u16), u32)> = Vec::new();
        let mut records = HashSet::new();
        for record in section.iter().filter(|record| record.record_type != OPT) {
            assert!(record.ttl <= LARGEST_TTL);
            let set = (reference::lowered(&record.owner), record.record_type);
            let rdata = reference::plain_rdata(reply, record).expect("well-formed rdata");
            assert!(
                records.insert((set.clone(), rdata)),
                "{record:?} is there twice"
            );
            ttls.push((set, record.ttl));
        }
        ttls.dedup();
        let sets: HashSet<_> = ttls.iter().map(|(set, _)| set).collect();
        assert_eq!(
            sets.len(),
            ttls.len(),
            "a set in two places, or with two TTLs"
        );
    }
}

/// RFC 2308: what an authority denies, it denies with its SOA; what it does not answer has no records.
fn check_negative(reply: &Message) {
    let soas = reply.authority.iter().filter(|it| it.record_type == SOA);
    let is_denial = match reply.rcode() {
        NXDOMAIN => true,
        NOERROR => reply.is_authoritative() && reply.answer.is_empty(),
        _ => false,
    };
    if is_denial && !reply.is_truncated() {
        assert_eq!(soas.count(), 1, "a denial without its SOA");
    }
    if [FORMERR, NOTIMP, REFUSED, BADVERS, BADCOOKIE].contains(&reply.rcode()) {
        assert_eq!(
            reply.records().filter(|it| it.record_type != OPT).count(),
            0
        );
    }
}

/// Every record of the answer is reached from the question, over the CNAMEs and DNAMEs before it.
fn check_chain(question: &Labels, read: &Message, reply: &[u8]) {
    let mut name = reference::lowered(question);
    let mut next = None;
    for record in &read.answer {
        let owner = reference::lowered(&record.owner);
        if owner != name && next.is_some() {
            name = next.take().unwrap_or_default();
        }
        if record.record_type == DNAME && owner != name {
            assert!(
                reference::is_within(&name, &owner),
                "a DNAME beside the way: {record:?}"
            );
            // The CNAME made from it is next.
            next = Some(name.clone());
            continue;
        }
        assert_eq!(owner, name, "a record beside the way: {record:?}");
        if record.record_type == CNAME {
            let (target, _) = reference::name(reply, record.at).expect("a name as rdata");
            next = Some(reference::lowered(&target));
        }
    }
}

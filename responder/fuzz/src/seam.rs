//! The core as the targets call it: plain values in, plain values out.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::LazyLock;

use responder_core::answer::{Request, Scratch, Settings, Transport, answer};
use responder_core::beliefs::Beliefs;
use responder_core::counters::Tally;
use responder_core::observe::Observer;
use responder_core::snapshot::World;
use responder_core::wire::cookie::Secrets;
use responder_core::wire::edns::Extras;
use responder_core::wire::writer::{MessageWriter, Owner, Section, Verdict, WriterScratch};
use responder_core::wire::{Edns, LookupName, Name, Query, Rcode, RecordType, Refusal};

/// No message is larger.
pub const LARGEST: usize = 65535;
/// What we send over UDP at most.
pub const DATAGRAM: usize = 1232;

/// What `Query::read` made of a packet.
#[derive(Debug)]
pub enum Read {
    Ignored,
    Refused(Rcode, Query),
    Query {
        query: Query,
        /// In lower case, uncompressed.
        name: Vec<u8>,
    },
}

pub fn read_query(packet: &[u8]) -> Read {
    let (mut query, mut name) = (Query::new(), LookupName::root());
    match query.read(packet, &mut name) {
        Err(Refusal::Ignore) => Read::Ignored,
        Err(Refusal::Reply(rcode)) => Read::Refused(rcode, query),
        Ok(()) => Read::Query {
            query,
            name: name.as_name().as_bytes().to_vec(),
        },
    }
}

/// Records that are put into a message together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub section: Section,
    pub owner: Vec<u8>,
    pub record_type: u16,
    pub ttl: u32,
    pub rdatas: Vec<Vec<u8>>,
}

/// The head of a message to compose.
#[derive(Debug)]
pub struct Head {
    pub id: u16,
    pub question: Vec<u8>,
    pub edns: Option<Edns>,
    pub scope: u8,
    pub limit: usize,
}

/// The composed message, and for each set whether it fitted.
pub fn compose(head: &Head, sets: &[Set]) -> (Vec<u8>, Vec<bool>) {
    let [high, low] = head.id.to_be_bytes();
    let header = [high, low, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let mut message = [&header[..], &head.question].concat();
    let query = Query {
        record_type: RecordType::A,
        class: 1,
        question_end: message.len() as u16,
        edns: head.edns,
    };
    message.resize(LARGEST, 0xA5);
    let mut scratch = WriterScratch::default();
    let head_of = (&query, &Extras::default());
    let mut writer = MessageWriter::new(head_of, &mut message, head.limit, &mut scratch);
    let mut put = |set: &Set| {
        let owner = Owner::Name(Name::whole(&set.owner).expect("a well-formed owner"));
        let rdatas = set.rdatas.iter().map(Vec::as_slice);
        let record_type = RecordType(set.record_type);
        let put = writer.put(set.section, owner, record_type, set.ttl, rdatas);
        put.is_ok()
    };
    let fitted = sets.iter().map(&mut put).collect();
    let mut verdict = Verdict::of(Rcode::NOERROR);
    verdict.scope = head.scope;
    let length = writer.finish(verdict);
    message.truncate(length);
    (message, fitted)
}

/// A packet and how it came.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub packet: Vec<u8>,
    pub source: IpAddr,
    pub transport: Transport,
    pub now_s: u64,
    /// What stands in the buffer behind the packet.
    pub left_over: u8,
}

/// Everything that can be switched on, but for what changes the answers themselves.
static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    nsid: (*b"edge").into(),
    cookie_secrets: Secrets::new(&[[7; 16], [8; 16]]),
    version: "1".into(),
    identity: "edge".into(),
    ..Settings::default()
});

thread_local! {
    /// As a worker's, it has answered other queries before.
    static USED: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Asks with a scratch that was used before, for whatever was asked then.
pub fn ask<O: Observer>(
    world: &World,
    health: &Beliefs,
    arrival: &Arrival,
    observer: &mut O,
) -> Option<(Vec<u8>, Tally)> {
    USED.with_borrow_mut(|scratch| ask_with(world, health, arrival, scratch, observer))
}

pub fn ask_with<O: Observer>(
    world: &World,
    health: &Beliefs,
    arrival: &Arrival,
    scratch: &mut Scratch,
    observer: &mut O,
) -> Option<(Vec<u8>, Tally)> {
    let request = Request {
        source: arrival.source,
        transport: arrival.transport,
        now_s: arrival.now_s,
        settings: &SETTINGS,
    };
    let mut message = arrival.packet.clone();
    let room = match arrival.transport {
        Transport::Udp => DATAGRAM,
        Transport::Tcp => LARGEST,
    };
    message.resize(room.max(message.len()), arrival.left_over);
    let place = (&mut message[..], arrival.packet.len());
    let reply = answer(world, health, &request, place, scratch, observer)?;
    message.truncate(reply.length);
    Some((message, reply.tally))
}

//! One query, from packet to packet.
//!
//! ```text
//! decode (wire::Query) ─► find (Zones::deepest, Zone::find) ─► resolve (chains, policies) ─► encode (MessageWriter)
//! ```
//!
//! The only code that answers: the server, `respond` and `explain` all run it, the latter with an observer that
//! records. A pure function of its arguments (S15) that allocates nothing and writes the reply over the query.

mod address;
mod denial;
pub mod explained;
mod positive;
mod referral;
mod resolution;

use std::net::IpAddr;

use crate::counters::Tally;
use crate::health::HealthView;
use crate::observe::Observer;
use crate::rate_limit::Subject;
use crate::snapshot::World;
use crate::steering;
use crate::wire::edns::{LEAST_UDP_SIZE, OWN_UDP_SIZE};
use crate::wire::writer::{MessageWriter, Verdict, WriterScratch};
use crate::wire::{LookupName, Query, Refusal};
use resolution::{Resolution, Trail};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

/// The circumstances of a query's arrival.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    pub source: IpAddr,
    pub transport: Transport,
    /// Seconds since 1970; time slots of draws are cut from it.
    pub now_s: u64,
}

/// A reply that was written over its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    pub length: usize,
    /// What to count it under.
    pub tally: Tally,
    /// What its rate is limited by.
    pub subject: Subject,
}

/// Memory that answering works in: one per worker, reused for every query.
pub struct Scratch {
    name: LookupName,
    writer: WriterScratch,
    trail: Trail,
    steering: steering::Scratch,
}

impl Scratch {
    pub fn new() -> Self {
        Self {
            name: LookupName::root(),
            writer: WriterScratch::default(),
            trail: Trail::default(),
            steering: steering::Scratch::new(),
        }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers the query in the first `length` octets of `message` by writing the reply in its place; `None`: there is to
/// be no reply. A reply takes no more than `message` has room for.
///
/// `health` must be indexed for the policies of `world`.
pub fn answer<O: Observer>(
    world: &World,
    health: &HealthView,
    request: &Request,
    (message, length): (&mut [u8], usize),
    scratch: &mut Scratch,
    observer: &mut O,
) -> Option<Reply> {
    let Scratch {
        name,
        writer,
        trail,
        steering,
    } = scratch;
    let packet = message.get(..length)?;
    let query = match Query::parse(packet, name) {
        Ok(query) => query,
        Err(Refusal::Ignore) => return None,
        Err(Refusal::Reply(rcode, query)) => {
            let limit = size_limit(&query, request.transport);
            let writer = MessageWriter::new(&query, message, limit, writer);
            return Some(Reply {
                length: writer.finish(Verdict::of(rcode)),
                tally: Tally::of_static(rcode),
                subject: Subject::Error,
            });
        }
    };
    let limit = size_limit(&query, request.transport);
    let writer = MessageWriter::new(&query, message, limit, writer);
    trail.clear();
    let mut resolution = Resolution::new(
        (world, health),
        request,
        &query,
        writer,
        (trail, steering),
        observer,
    );
    resolution.run(name);
    Some(resolution.finish())
}

fn size_limit(query: &Query, transport: Transport) -> usize {
    let limit = match (transport, &query.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, None) => LEAST_UDP_SIZE,
        (Transport::Udp, Some(edns)) => edns.udp_size.min(OWN_UDP_SIZE),
    };
    limit.into()
}

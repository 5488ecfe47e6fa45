//! One query, from packet to packet.
//!
//! ```text
//! decode (wire::Query) ─► find (Zones::deepest, Zone::find) ─► resolve (chains, policies) ─► encode (MessageWriter)
//! ```
//!
//! The only code that answers: the server, `respond` and `explain` all run it, the latter with an observer that
//! records. A pure function of its arguments (S15) that allocates nothing and writes the reply over the query.

mod additional;
mod address;
mod chaos;
mod denial;
pub mod explained;
mod positive;
mod protocol;
mod referral;
pub mod replay;
mod resolution;
pub mod settings;

use std::net::IpAddr;

use crate::beliefs::Beliefs;
use crate::counters::Tally;
use crate::observe::Observer;
use crate::rate_limit::Subject;
use crate::snapshot::World;
use crate::steering::{self, Watched};
use crate::wire::edns::{Edns, Extras, LEAST_UDP_SIZE, OWN_UDP_SIZE};
use crate::wire::types::CLASS_CH;
use crate::wire::writer::{MessageWriter, Verdict, WriterScratch};
use crate::wire::{LookupName, Query, Rcode, Refusal};
use resolution::{Resolution, Trail};
pub use settings::Settings;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

/// The circumstances of a query's arrival.
#[derive(Debug, Clone, Copy)]
pub struct Request<'s> {
    pub source: IpAddr,
    pub transport: Transport,
    /// Seconds since 1970; time slots of draws are cut from it, and cookies stamped with it.
    pub now_s: u64,
    pub settings: &'s Settings,
}

/// A reply that was written over its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    pub length: usize,
    /// What to count it under.
    pub tally: Tally,
    /// What its rate is limited by.
    pub subject: Subject,
    pub proof: Proof,
    /// What the shadow of the policy would have answered, if it looked.
    pub watched: Option<Watched>,
}

/// What a cookie shows of whether the reply goes to who asked (RFC 7873).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Missing,
    /// Nothing yet, but the reply has a server cookie to come back with.
    Offered,
    /// It does.
    Given,
}

impl Proof {
    fn of(extras: &Extras<'_>) -> Self {
        match extras.cookie.map(|cookie| cookie.is_proven) {
            None => Self::Missing,
            Some(false) => Self::Offered,
            Some(true) => Self::Given,
        }
    }
}

/// Memory that answering works in: one per worker, reused for every query.
pub struct Scratch {
    query: Query,
    name: LookupName,
    writer: WriterScratch,
    trail: Trail,
    steering: steering::Scratch,
}

impl Scratch {
    pub fn new() -> Self {
        Self {
            query: Query::new(),
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
/// `beliefs` must be indexed for the policies of `world`.
pub fn answer<O: Observer>(
    world: &World,
    beliefs: &Beliefs,
    request: &Request<'_>,
    (message, length): (&mut [u8], usize),
    scratch: &mut Scratch,
    observer: &mut O,
) -> Option<Reply> {
    let Scratch {
        query,
        name,
        writer,
        trail,
        steering,
    } = scratch;
    let packet = message.get(..length)?;
    let refused = match read(packet, query, name, request.transport) {
        Ok(()) => None,
        Err(Refusal::Reply(rcode)) => Some(rcode),
        Err(Refusal::Ignore) => return None,
    };
    let query = &*query;
    let extras = |edns: &Edns| protocol::extras(edns, request);
    let extras = query.edns.as_ref().map_or_else(Extras::default, extras);
    let proof = Proof::of(&extras);
    let limit = size_limit(query, request.transport);
    let mut writer = MessageWriter::new((query, &extras), message, limit, writer);
    if let Some(rcode) = protocol::refusal(refused, query, &extras) {
        return Some(Reply::unsteered(writer, protocol::verdict(rcode), proof));
    }
    if query.class == CLASS_CH {
        let (name, settings) = (name.as_name(), request.settings);
        let verdict = chaos::answer(name, query.record_type, settings, &mut writer);
        return Some(Reply::unsteered(writer, verdict, proof));
    }
    trail.clear();
    let mut resolution = Resolution::new(
        (world, beliefs),
        request,
        query,
        writer,
        (trail, steering),
        observer,
    );
    resolution.run(name);
    Some(resolution.finish(proof))
}

impl Reply {
    fn unsteered(writer: MessageWriter<'_>, verdict: Verdict, proof: Proof) -> Self {
        Self {
            length: writer.finish(verdict),
            tally: Tally::of_static(verdict.rcode),
            subject: Subject::Error,
            proof,
            watched: None,
        }
    }
}

/// Reads the query in `packet`, as far as what it asks for depends on how it came.
fn read(
    packet: &[u8],
    query: &mut Query,
    name: &mut LookupName,
    transport: Transport,
) -> Result<(), Refusal> {
    query.read(packet, name)?;
    match &mut query.edns {
        Some(edns) if protocol::is_misused(edns, transport) => {
            edns.forget_options();
            Err(Refusal::Reply(Rcode::FORMERR))
        }
        _ => Ok(()),
    }
}

fn size_limit(query: &Query, transport: Transport) -> usize {
    let limit = match (transport, &query.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, None) => LEAST_UDP_SIZE,
        (Transport::Udp, Some(edns)) => edns.udp_size.min(OWN_UDP_SIZE),
    };
    limit.into()
}

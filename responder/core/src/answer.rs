//! One query, from packet to packet.
//!
//! ```text
//! decode (wire::Query) ─► find (Zones::deepest, Zone::find) ─► resolve (chains, policies) ─► encode (MessageWriter)
//! ```
//!
//! The only code that answers: the server, `respond` and `explain` all run it, the latter with an observer that
//! records. A pure function of its arguments (S15) that allocates nothing once `out` has grown to its size.

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
use crate::snapshot::World;
use crate::steering::Scratch;
use crate::wire::edns::{LEAST_UDP_SIZE, OWN_UDP_SIZE};
use crate::wire::query::Echo;
use crate::wire::writer::{MessageWriter, Verdict};
use crate::wire::{Query, Refusal};
use resolution::Resolution;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

/// A packet and the circumstances of its arrival.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub packet: &'a [u8],
    pub source: IpAddr,
    pub transport: Transport,
    /// Seconds since 1970; time slots of draws are cut from it.
    pub now_s: u64,
}

/// Writes the reply to `request` into `out` and says what to count it under; `None`: there is to be no reply.
///
/// `health` must be indexed for the policies of `world`.
pub fn answer<O: Observer>(
    world: &World,
    health: &HealthView,
    request: &Request<'_>,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
    observer: &mut O,
) -> Option<Tally> {
    let query = match Query::parse(request.packet) {
        Ok(query) => query,
        Err(Refusal::Ignore) => return None,
        Err(Refusal::Reply(rcode, echo)) => {
            MessageWriter::new(&echo, out, size_limit(&echo, request.transport))
                .finish(Verdict::of(rcode));
            return Some(Tally::of_static(rcode));
        }
    };
    let writer = MessageWriter::new(&query.echo, out, size_limit(&query.echo, request.transport));
    let mut resolution =
        Resolution::new((world, health), request, &query, writer, scratch, observer);
    resolution.run(query.name);
    Some(resolution.finish())
}

fn size_limit(echo: &Echo<'_>, transport: Transport) -> usize {
    let limit = match (transport, &echo.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, None) => LEAST_UDP_SIZE,
        (Transport::Udp, Some(edns)) => edns.udp_size.min(OWN_UDP_SIZE),
    };
    limit.into()
}

//! The same queries in two worlds: whom a change would move, and how far away they would be then, told by the code that
//! answers them.
//!
//! ```text
//! client ─► query ─┬─► present world ──► endpoint ─┐
//!                  └─► proposed world ─► endpoint ─┴─► Outcome, with the latency map's round trips ─► weights ─► Replay
//! ```

mod summary;
mod weights;

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Request, Scratch, Settings, Transport, answer};
use crate::beliefs::{Beliefs, Known};
use crate::counters::Tally;
use crate::geo::{Position, countries};
use crate::latency_map::{Column, LatencyMap, NO_COLUMN};
use crate::observe::Silent;
use crate::snapshot::World;
use crate::steering::Subnet;
use crate::wire::{ClientSubnet, NameBuf, RecordType, compose};

pub use summary::{Comparison, CountrySummary, Move, Replay, Spread};
pub use weights::{Asking, Basis};

/// What all the queries ask, when.
#[derive(Debug, Clone, Copy)]
pub struct Replaying {
    pub name: NameBuf,
    pub record_type: RecordType,
    pub now_s: u64,
}

/// What becomes of one client. Endpoints by id; 0: none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outcome {
    /// As the present world's geo data has it: ISO 3166-1 alpha-2; zeros: unknown.
    country: [u8; 2],
    /// The autonomous system; 0: unknown.
    network: u32,
    from: u32,
    to: u32,
    /// To the regions of `from` and `to` in ms; `None`: of one of them nothing is known.
    rtts_ms: Option<(f64, f64)>,
}

/// What becomes of `clients`, each asking by itself, with its own subnet; they count as much as those who are `asking`.
pub fn replay(
    (present, proposed): (&World, &World),
    known: &Known,
    replaying: &Replaying,
    asking: &Asking,
    clients: impl IntoIterator<Item = ClientSubnet>,
) -> Replay {
    let mut here = Stage::new(present, known, replaying.now_s);
    let mut there = Stage::new(proposed, known, replaying.now_s);
    let ranges = (
        Ranges::new(present, &known.latency),
        Ranges::new(proposed, &known.latency),
    );
    let clients = clients.into_iter();
    let outcomes = clients.filter_map(|client| {
        let (query, source) = asked(replaying, &client);
        let (before, after) = (here.tally(&query, source)?, there.tally(&query, source)?);
        let subnet = Subnet::of_option(&client)?;
        Some(outcome(
            present,
            (&ranges.0, &ranges.1),
            subnet,
            (before, after),
        ))
    });
    let outcomes: Vec<_> = outcomes.collect();
    let (basis, weights) = weights::weigh(&outcomes, asking);
    summary::summarised(&outcomes, &weights, basis)
}

/// What each of `clients` is answered, as it is counted; `None`: nothing.
pub fn tallies(
    world: &World,
    known: &Known,
    replaying: &Replaying,
    clients: impl IntoIterator<Item = ClientSubnet>,
) -> Vec<Option<Tally>> {
    let mut stage = Stage::new(world, known, replaying.now_s);
    let answers = clients.into_iter().map(|client| {
        let (query, source) = asked(replaying, &client);
        stage.tally(&query, source)
    });
    answers.collect()
}

fn outcome(
    present: &World,
    (here, there): (&Ranges<'_>, &Ranges<'_>),
    client: Subnet,
    (before, after): (Tally, Tally),
) -> Outcome {
    let geo = present.geo();
    let location = geo.locate(client.address);
    let network = geo.asn(client.address);
    let rtts_ms = here.latency.and_then(|latency| {
        let outlook = latency.outlook(client, &location, || network);
        let rtt_ms = |ranges: &Ranges<'_>, endpoint: u32| {
            let (column, position) = ranges.by_endpoint.get(&endpoint)?;
            Some(outlook.estimate(*column, position)?.rtt_ms)
        };
        Some((
            rtt_ms(here, before.endpoint)?,
            rtt_ms(there, after.endpoint)?,
        ))
    });
    Outcome {
        country: location
            .country
            .map_or([0; 2], |country| countries::country(country).code),
        network: network.0.unwrap_or(0),
        from: before.endpoint,
        to: after.endpoint,
        rtts_ms,
    }
}

/// The query of `client`, and the address that it comes from.
fn asked(replaying: &Replaying, client: &ClientSubnet) -> (Vec<u8>, Option<IpAddr>) {
    let query = compose::query(
        replaying.name.as_name(),
        replaying.record_type,
        Some(client),
    );
    let source = Subnet::of_option(client).map(|subnet| subnet.address);
    (query, source)
}

/// Where the endpoints of a world are, for whoever asks the latency map how far that is.
struct Ranges<'k> {
    /// `None`: nothing was ever measured.
    latency: Option<&'k LatencyMap>,
    by_endpoint: HashMap<u32, (Column, Position)>,
}

impl<'k> Ranges<'k> {
    fn new(world: &World, latency: &'k LatencyMap) -> Self {
        let policies = world.policies();
        let endpoints = policies.endpoints().iter().filter_map(|endpoint| {
            let region = policies.region(endpoint.region)?;
            let column = latency.column(region.id).unwrap_or(NO_COLUMN);
            Some((endpoint.id, (column, region.position)))
        });
        Self {
            latency: (latency.sequence() > 0).then_some(latency),
            by_endpoint: endpoints.collect(),
        }
    }
}

/// A world that answers one query after the other.
struct Stage<'w> {
    world: &'w World,
    beliefs: Beliefs,
    now_s: u64,
    settings: Settings,
    message: Vec<u8>,
    scratch: Scratch,
}

impl<'w> Stage<'w> {
    fn new(world: &'w World, known: &Known, now_s: u64) -> Self {
        Self {
            world,
            beliefs: Beliefs::of(world.policies(), known),
            now_s,
            settings: Settings::default(),
            message: vec![0; usize::from(u16::MAX)],
            scratch: Scratch::new(),
        }
    }

    /// What the answer is counted under; `None` without an answer, or a client that tells no subnet.
    fn tally(&mut self, query: &[u8], source: Option<IpAddr>) -> Option<Tally> {
        self.message.get_mut(..query.len())?.copy_from_slice(query);
        let request = Request {
            source: source?,
            transport: Transport::Udp,
            now_s: self.now_s,
            settings: &self.settings,
        };
        let message = (self.message.as_mut_slice(), query.len());
        let (world, beliefs) = (self.world, &self.beliefs);
        let reply = answer(
            world,
            beliefs,
            &request,
            message,
            &mut self.scratch,
            &mut Silent,
        );
        reply.map(|reply| reply.tally)
    }
}

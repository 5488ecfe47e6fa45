//! The same queries in two worlds: which clients a change would move, told by the code that answers them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Request, Scratch, Settings, Transport, answer};
use crate::beliefs::{Beliefs, Known};
use crate::counters::Tally;
use crate::observe::Silent;
use crate::snapshot::World;
use crate::steering::Subnet;
use crate::wire::{ClientSubnet, NameBuf, RecordType, compose};

/// What all the queries ask, when.
#[derive(Debug, Clone, Copy)]
pub struct Replaying {
    pub name: NameBuf,
    pub record_type: RecordType,
    pub now_s: u64,
}

/// What becomes of some clients. Endpoints by id; 0: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// As the present world counts it: ISO 3166-1 alpha-2; zeros: unknown.
    pub country: [u8; 2],
    pub from: u32,
    pub to: u32,
}

/// How many of `clients` move where. Each asks by itself, with its own subnet.
pub fn replay(
    (present, proposed): (&World, &World),
    known: &Known,
    replaying: &Replaying,
    clients: impl IntoIterator<Item = ClientSubnet>,
) -> BTreeMap<Move, u64> {
    let mut present = Stage::new(present, known, replaying.now_s);
    let mut proposed = Stage::new(proposed, known, replaying.now_s);
    let mut moves = BTreeMap::new();
    for client in clients {
        let (query, source) = asked(replaying, &client);
        let (Some(before), Some(after)) = (
            present.tally(&query, source),
            proposed.tally(&query, source),
        ) else {
            continue;
        };
        let found = Move {
            country: before.country,
            from: before.endpoint,
            to: after.endpoint,
        };
        *moves.entry(found).or_insert(0) += 1;
    }
    moves
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

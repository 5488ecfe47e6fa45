//! What all workers counted, summed up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use responder_core::answer::Transport;
use responder_core::counters::{Counters, NetworkTally, ShadowTally, Tally};
use responder_core::latency::LatencyTotals;

use crate::dnstap::DnstapTotals;
use crate::tcp_common::TcpTotals;

/// What one worker counts, and where its queries come from.
pub(crate) struct Counted {
    pub address: SocketAddr,
    pub transport: Transport,
    pub counters: Arc<Counters>,
}

/// Sums over all workers since the server started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub queries: u64,
    pub dropped: u64,
    /// Replies that the rate limit kept back.
    pub withheld: u64,
    /// Replies that it cut short.
    pub slipped: u64,
    pub answers: BTreeMap<Tally, u64>,
    pub networks: BTreeMap<NetworkTally, u64>,
    pub shadows: BTreeMap<ShadowTally, u64>,
    /// In the order of the addresses, UDP before TCP, AF_XDP last.
    pub listeners: Vec<ListenerTotals>,
    pub tcp: TcpTotals,
    pub dnstap: DnstapTotals,
}

/// Of the workers of one address and transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTotals {
    /// `None`: AF_XDP, which answers for all addresses together.
    pub address: Option<SocketAddr>,
    pub transport: Transport,
    pub queries: u64,
    pub dropped: u64,
    pub latency: LatencyTotals,
}

impl Totals {
    pub(crate) fn of(counted: &[Counted]) -> Self {
        let mut totals = Self::default();
        for worker in counted {
            totals.add(Some(worker.address), worker.transport, &worker.counters);
        }
        totals
    }

    pub(crate) fn add(
        &mut self,
        address: Option<SocketAddr>,
        transport: Transport,
        counters: &Counters,
    ) {
        self.withheld += counters.withheld();
        self.slipped += counters.slipped();
        for (tally, count) in counters.answers() {
            *self.answers.entry(tally).or_default() += count;
        }
        for (network, count) in counters.networks() {
            *self.networks.entry(network).or_default() += count;
        }
        for (shadow, count) in counters.shadows() {
            *self.shadows.entry(shadow).or_default() += count;
        }
        let listener = ListenerTotals {
            address,
            transport,
            queries: counters.queries(),
            dropped: counters.dropped(),
            latency: counters.latency.read(),
        };
        self.queries += listener.queries;
        self.dropped += listener.dropped;
        let mut known = self.listeners.iter_mut();
        match known.find(|known| known.is_beside(&listener)) {
            Some(known) => known.merge(&listener),
            None => self.listeners.push(listener),
        }
    }
}

impl ListenerTotals {
    fn is_beside(&self, other: &Self) -> bool {
        self.address == other.address && self.transport == other.transport
    }

    fn merge(&mut self, other: &Self) {
        self.queries += other.queries;
        self.dropped += other.dropped;
        self.latency.merge(&other.latency);
    }
}

//! Some of the queries and answers as dnstap, to a collector that may be slow, gone, or back again.
//!
//! ```text
//! worker: one in N queries ──► Tap: frames into an empty buffer ──full──► Writer ──Frame Streams──► collector
//!                                ▲      └ none empty: lost                  │
//!                                └────────────────empty─────────────────────┘
//! ```
//!
//! A worker never waits: it takes an empty buffer or none, and buffers go back and forth in channels of a fixed size. The
//! writer looks for full ones by itself, so a worker need not wake it either, which could cost it a lock and a system
//! call. Without a collector no worker has a tap.

mod collector;
mod writer;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use responder_core::answer::Transport;
use responder_core::dnstap::{Exchange, Origin, put_query, put_response};

pub use collector::{Collector, MalformedCollector};
pub(crate) use writer::Writer;

/// What is to be tapped, and where it goes.
#[derive(Debug, Clone)]
pub struct Dnstap {
    pub collector: Collector,
    /// One in so many queries of each worker.
    pub sample: NonZeroU32,
    pub origin: Origin,
}

/// Tapped queries since the server started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DnstapTotals {
    /// Handed to the collector's connection.
    pub sent: u64,
    /// No empty buffer, a connection that broke, or none before the end.
    pub lost: u64,
}

/// Raised by the workers and the writer: only for sampled queries, so sharing it costs nothing.
#[derive(Debug, Default)]
struct Tallied {
    sent: AtomicU64,
    lost: AtomicU64,
}

impl Tallied {
    fn totals(&self) -> DnstapTotals {
        DnstapTotals {
            sent: self.sent.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}

/// What one worker taps with.
pub(crate) struct Tap {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    origin: Arc<Origin>,
    tallied: Arc<Tallied>,
    transport: Transport,
    server: SocketAddr,
    sample: u32,
    until_next: u32,
}

/// A tapped query that is being answered.
pub(crate) struct Tapped {
    frames: Vec<u8>,
    exchange: Exchange,
}

impl Tap {
    /// Taps `message` if it is its turn. `client` says who sent it, and is called only then.
    pub fn query(
        &mut self,
        message: &[u8],
        client: impl FnOnce() -> Option<SocketAddr>,
    ) -> Option<Tapped> {
        self.until_next -= 1;
        if self.until_next > 0 {
            return None;
        }
        self.until_next = self.sample;
        let client = client()?;
        let Ok(mut frames) = self.empty.try_recv() else {
            self.tallied.lost.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let exchange = Exchange {
            transport: self.transport,
            client,
            server: self.server,
            query_time: now(),
        };
        put_query(&mut frames, &self.origin, &exchange, message);
        Some(Tapped { frames, exchange })
    }

    /// Sends off a tapped query with its answer, if there was one.
    pub fn answered(&self, tapped: Tapped, answer: Option<&[u8]>) {
        let Tapped {
            mut frames,
            exchange,
        } = tapped;
        if let Some(answer) = answer {
            put_response(&mut frames, &self.origin, &exchange, answer, now());
        }
        // There is room for every buffer; only a writer that has ended takes none.
        if self.full.try_send(frames).is_err() {
            self.tallied.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Since 1970.
fn now() -> Duration {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.unwrap_or_default()
}

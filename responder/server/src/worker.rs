//! What every worker thread has of its own.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use responder_core::answer::{Request, Transport, answer};
use responder_core::counters::Counters;
use responder_core::observe::Silent;
use responder_core::steering::Scratch;

use crate::serving::{Current, Serving};

/// What all workers of a server share.
pub(crate) struct Shared {
    pub current: Current,
    pub stopping: AtomicBool,
}

impl Shared {
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

pub(crate) struct Worker {
    counters: Arc<Counters>,
    scratch: Scratch,
}

impl Worker {
    pub fn new(counters: Arc<Counters>) -> Self {
        Self {
            counters,
            scratch: Scratch::new(),
        }
    }

    /// Writes the reply to one packet into `out` and counts it; false: there is to be no reply.
    pub fn answer(
        &mut self,
        serving: &Serving,
        packet: &[u8],
        source: IpAddr,
        (transport, now_s): (Transport, u64),
        out: &mut Vec<u8>,
    ) -> bool {
        let request = Request {
            packet,
            source,
            transport,
            now_s,
        };
        let scratch = &mut self.scratch;
        let outcome = answer(
            &serving.world,
            &serving.health,
            &request,
            scratch,
            out,
            &mut Silent,
        );
        self.counters.count(outcome);
        outcome.is_some()
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |elapsed| elapsed.as_secs())
}

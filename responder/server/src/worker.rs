//! What every worker thread has of its own.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use responder_core::answer::{Request, Scratch, Transport, answer};
use responder_core::counters::Counters;
use responder_core::observe::Silent;

use crate::serving::{Current, Serving};
use crate::tcp_common::TcpCommon;

/// What all workers of a server share.
pub(crate) struct Shared {
    pub current: Current,
    pub stopping: AtomicBool,
    pub tcp: TcpCommon,
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

    /// Answers the query in the first `length` octets of `message` in its place, counts it, and says how long the
    /// reply is; `None`: there is to be no reply.
    pub fn answer(
        &mut self,
        serving: &Serving,
        (message, length): (&mut [u8], usize),
        source: IpAddr,
        (transport, now_s): (Transport, u64),
    ) -> Option<usize> {
        let request = Request {
            source,
            transport,
            now_s,
        };
        let reply = answer(
            &serving.world,
            &serving.health,
            &request,
            (message, length),
            &mut self.scratch,
            &mut Silent,
        );
        self.counters.count(reply.map(|reply| reply.tally));
        reply.map(|reply| reply.length)
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |elapsed| elapsed.as_secs())
}

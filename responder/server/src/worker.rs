//! What every worker thread has of its own.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use responder_core::answer::{Proof, Reply, Request, Scratch, Transport, answer};
use responder_core::counters::{Counters, Tally};
use responder_core::latency::Latency;
use responder_core::observe::Silent;
use responder_core::rate_limit::{Place, RateLimiter, Subject, Verdict};
use responder_core::wire::Rcode;
use responder_core::wire::truncation::{ask_for_cookie, bare, truncate};

use crate::dnstap::Tap;
use crate::limits::Limits;
use crate::prefetch::prefetch;
use crate::serving::{Current, Serving};
use crate::stopwatch::Stopwatch;
use crate::tcp_common::TcpCommon;

/// What all workers of a server share.
pub(crate) struct Shared {
    pub current: Current,
    pub stopping: AtomicBool,
    pub limits: Limits,
    pub tcp: TcpCommon,
}

impl Shared {
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// For one of the `workers` that answer over UDP on the same address.
    pub fn limiter(&self, workers: usize) -> Option<RateLimiter> {
        RateLimiter::new(&self.limits.rate_limit, workers, [secret(), secret()])
    }
}

pub(crate) struct Worker {
    counters: Arc<Counters>,
    scratch: Scratch,
    limiter: Option<RateLimiter>,
    pub stopwatch: Stopwatch,
    tap: Option<Tap>,
}

impl Worker {
    pub fn new(counters: Arc<Counters>, limiter: Option<RateLimiter>, tap: Option<Tap>) -> Self {
        Self {
            counters,
            scratch: Scratch::new(),
            limiter,
            stopwatch: Stopwatch::default(),
            tap,
        }
    }

    /// What a panic may have left half-made.
    pub fn begin_anew(&mut self) {
        self.scratch = Scratch::new();
        self.stopwatch = Stopwatch::default();
    }

    pub fn latency(&self) -> &Latency {
        &self.counters.latency
    }

    /// Answers the query in the first `length` octets of `message` in its place, and says how long the reply is; `None`:
    /// there is to be no reply. `client` says where the query came from if it is tapped.
    pub fn answer(
        &mut self,
        serving: &Serving,
        (message, length): (&mut [u8], usize),
        source: IpAddr,
        circumstances: (Transport, u64),
        client: impl FnOnce() -> Option<SocketAddr>,
    ) -> Option<usize> {
        let (_, now_ms) = circumstances;
        let begun = self.begin(serving, (message, length), source, circumstances, client)?;
        self.finish(&begun, message, source, now_ms)
    }

    /// The first part of `answer`, after which others can begin: what `finish` needs of the memory is on its way then.
    #[inline]
    pub fn begin(
        &mut self,
        serving: &Serving,
        (message, length): (&mut [u8], usize),
        source: IpAddr,
        (transport, now_ms): (Transport, u64),
        client: impl FnOnce() -> Option<SocketAddr>,
    ) -> Option<Begun> {
        #[cfg(test)]
        crate::recovery::tests::panic_if_deadly(message);
        let tapped = match &mut self.tap {
            None => None,
            Some(tap) => tap.query(message.get(..length)?, client),
        };
        let request = Request {
            source,
            transport,
            now_s: now_ms / 1000,
            settings: &serving.settings,
        };
        let reply = answer(
            &serving.world,
            &serving.beliefs,
            &request,
            (message, length),
            &mut self.scratch,
            &mut Silent,
        );
        let begun = match reply {
            Some(reply) => Some(self.limited_at(reply, source)),
            None => {
                self.counters.count(None);
                None
            }
        };
        let Some(tapped) = tapped else {
            return begun;
        };
        // What is tapped is the reply that leaves.
        let length = begun.and_then(|begun| self.finish(&begun, message, source, now_ms));
        if let Some(tap) = &self.tap {
            tap.answered(tapped, length.and_then(|length| message.get(..length)));
        }
        length.map(Begun::Done)
    }

    #[inline]
    fn limited_at(&self, reply: Reply, source: IpAddr) -> Begun {
        prefetch(self.counters.memory_at(reply.tally));
        let limiter = self
            .limiter
            .as_ref()
            .filter(|_| reply.proof != Proof::Given);
        let place = limiter.map(|limiter| {
            let place = limiter.place(source, reply.subject);
            prefetch(limiter.memory_at(place));
            place
        });
        Begun::Written { reply, place }
    }

    /// Counts the reply and says how much of it is to be sent.
    #[inline]
    pub fn finish(
        &mut self,
        begun: &Begun,
        message: &mut [u8],
        source: IpAddr,
        now_ms: u64,
    ) -> Option<usize> {
        let (reply, place) = match begun {
            Begun::Done(length) => return Some(*length),
            Begun::Written { reply, place } => (reply, *place),
        };
        let limiter = self.limiter.as_mut().zip(place);
        let verdict = limiter.map(|(limiter, place)| limiter.check(place, source, now_ms));
        match verdict {
            None | Some(Verdict::Send) => {
                self.counters.count(Some(reply.tally));
                if let Some(watched) = reply.watched {
                    self.counters.count_watched(reply.tally, watched);
                }
                Some(reply.length)
            }
            Some(Verdict::Drop) => {
                self.counters.count_withheld();
                None
            }
            Some(Verdict::Slip) => {
                let (slipped, length) = slipped(reply, message);
                self.counters.count_slipped(slipped);
                length
            }
        }
    }
}

/// Cuts a reply short; what to count it under, and its length.
fn slipped(reply: &Reply, message: &mut [u8]) -> (Tally, Option<usize>) {
    let (tally, length) = (reply.tally, reply.length);
    match (reply.proof, reply.subject) {
        (Proof::Offered, _) => {
            let rcode = Rcode::BADCOOKIE.0;
            (Tally { rcode, ..tally }, ask_for_cookie(message, length))
        }
        // It would be the same over TCP.
        (_, Subject::Error) if Rcode(tally.rcode) != Rcode::NOERROR => {
            (tally, bare(message, length))
        }
        _ => (tally, truncate(message, length)),
    }
}

/// An answer that is not finished yet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Begun {
    /// The reply is in the message; `place` is where it is limited, if it is.
    Written { reply: Reply, place: Option<Place> },
    /// There is no more to do, and this is how long the reply is.
    Done(usize),
}

/// A number that only this process knows: the standard library keys its hash tables with the system's randomness.
fn secret() -> u64 {
    RandomState::new().hash_one(())
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |elapsed| elapsed.as_millis() as u64)
}

//! What strangers may take of a server.

use std::time::Duration;

use responder_core::rate_limit::RateLimit;

/// Every bound that a test or an operator may want another value of; `docs/responder.md` lists them all.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open at once over all addresses, and at most half of the descriptors that the process may open: the rest of it
    /// needs some too. Beyond its part of them, an address has the one that was quiet longest make room (RFC 7766
    /// section 6.2.2).
    pub connections: usize,
    /// Open at once from one client prefix; more are refused, so that nobody can take all of them alone.
    pub connections_per_client: usize,
    /// RFC 7766 section 6.2.3 asks for "the order of a few seconds".
    pub idle_timeout: Duration,
    /// From a query's first octet to its last. A query is a segment or two, and the four retransmissions of a lost one
    /// take 0.2 + 0.4 + 0.8 + 1.6 s.
    pub query_timeout: Duration,
    /// From the first octet of the replies that the peer's window did not take to the last one.
    pub reply_timeout: Duration,
    /// Of a connection that is never idle. The next one may be to another edge, and finds a shorter queue.
    pub lifetime: Duration,
    /// Unfinished queries and unread replies of all connections together. Beyond an address's part of it, who holds most
    /// there is cut off.
    pub buffered_octets: usize,
    /// Of replies over UDP.
    pub rate_limit: RateLimit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_client: 128,
            idle_timeout: Duration::from_secs(10),
            query_timeout: Duration::from_secs(5),
            reply_timeout: Duration::from_secs(5),
            lifetime: Duration::from_secs(600),
            buffered_octets: 16 << 20,
            rate_limit: RateLimit::default(),
        }
    }
}

impl Limits {
    /// With `connections` within what the process may open at all.
    pub(crate) fn within_descriptors(mut self) -> Self {
        if let Some(descriptors) = open_descriptors_allowed() {
            self.connections = self.connections.min(descriptors / 2);
        }
        self
    }

    /// With the part that one of the `listeners` has of what they share. Each makes room among its own connections, so
    /// what it could not take back must not be taken from it.
    pub(crate) fn of_one_of(mut self, listeners: usize) -> Self {
        let listeners = listeners.max(1);
        self.connections = self.connections.div_ceil(listeners);
        self.buffered_octets = self.buffered_octets.div_ceil(listeners);
        self
    }
}

fn open_descriptors_allowed() -> Option<usize> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel writes one `rlimit`, which `limit` is.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    // "Unlimited" is the largest number.
    (result == 0).then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

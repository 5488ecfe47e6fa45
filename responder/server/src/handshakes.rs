//! How far clients are that ask over TCP: the round trip of each handshake, as the kernel has measured it.
//!
//! ```text
//!    accept ─► rtt_us() ─► first query answered ─► Handshakes::note() ─► Handshakes::take(): the edge agent, each second
//! ```
//!
//! What is kept between two takes is bounded, and one of a client network is enough: nobody crowds out the others by
//! connecting often. Addresses are cut to their network before anything is kept.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Between two takes, of all listening addresses together. An edge is one of many, and each of these is a row.
const MOST: usize = 256;
/// As measurements of users are cut (docs/rum.md).
const IPV4_PREFIX: u32 = 24;
const IPV6_PREFIX: u32 = 48;

/// A round trip between this server and a client network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    /// First address of the client's /24 or /48.
    pub client: IpAddr,
    pub rtt_us: u32,
    /// When its first query was answered, in seconds since 1970.
    pub answered_s: u64,
}

/// Shared by the TCP workers of all addresses, and locked once a connection.
pub(crate) struct Handshakes {
    kept: Mutex<Vec<Handshake>>,
    kept_in_all: AtomicU64,
    left_out: AtomicU64,
}

impl Handshakes {
    pub fn new() -> Self {
        Self {
            kept: Mutex::new(Vec::with_capacity(MOST)),
            kept_in_all: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// Keeps one, if there is room and none of its network yet.
    pub fn note(&self, client: IpAddr, rtt_us: u32, answered_s: u64) {
        let client = network_of(client);
        let mut kept = self.lock();
        let is_full = kept.len() >= MOST;
        if is_full || kept.iter().any(|known| known.client == client) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        kept.push(Handshake {
            client,
            rtt_us,
            answered_s,
        });
        self.kept_in_all.fetch_add(1, Ordering::Relaxed);
    }

    /// Those kept since the last call.
    pub fn take(&self) -> Vec<Handshake> {
        self.lock().drain(..).collect()
    }

    /// Since the server started: how many were kept, and how many left out.
    pub fn totals(&self) -> (u64, u64) {
        let kept = self.kept_in_all.load(Ordering::Relaxed);
        (kept, self.left_out.load(Ordering::Relaxed))
    }

    /// Each change is one call that leaves it whole.
    fn lock(&self) -> MutexGuard<'_, Vec<Handshake>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Microseconds from the SYN-ACK to the ACK that ended the handshake, of a connection that nothing was sent on yet.
///
/// `None`: the kernel cannot tell, as after a SYN cookie or a SYN-ACK that was sent twice.
pub(crate) fn rtt_us(connection: &impl AsRawFd) -> Option<u32> {
    // SAFETY: all-zero octets are a valid `tcp_info`.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` octets to `info`, which is as long; both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            connection.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    (result == 0 && info.tcpi_rtt > 0).then_some(info.tcpi_rtt)
}

/// First address of the network of a client.
fn network_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(v4) => {
            let mask = u32::MAX << (Ipv4Addr::BITS - IPV4_PREFIX);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX << (Ipv6Addr::BITS - IPV6_PREFIX);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::recovery::tests::{connection, is_answered, server};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_handshake_over_a_real_socket_is_kept_once_a_connection() {
        let server = server();
        let before = Instant::now();
        let client = connection(server.addresses()[0]);
        assert!(is_answered(&client));
        let elapsed_us = before.elapsed().as_micros();
        let taken = server.take_handshakes();
        let [handshake] = taken[..] else {
            panic!("one is kept, not {taken:?}");
        };
        assert_eq!(handshake.client, address("127.0.0.0"));
        assert!(handshake.rtt_us > 0);
        assert!(u128::from(handshake.rtt_us) <= elapsed_us + 1);
        assert!(is_answered(&client));
        assert_eq!(server.take_handshakes(), []);
        assert!(is_answered(&connection(server.addresses()[0])));
        assert_eq!(server.take_handshakes().len(), 1);
        assert_eq!(server.totals().tcp.handshakes, 2);
    }

    #[test]
    fn who_asks_nothing_is_not_measured() {
        let server = server();
        let _silent = connection(server.addresses()[0]);
        let asking = connection(server.addresses()[0]);
        // Connections are accepted in their order.
        assert!(is_answered(&asking));
        assert_eq!(server.take_handshakes().len(), 1);
        assert_eq!(server.totals().tcp.handshakes_left_out, 0);
    }

    #[test]
    fn a_socket_without_a_handshake_has_no_round_trip() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(rtt_us(&socket), None);
    }

    #[test]
    fn a_network_is_kept_once_between_two_takes_and_never_its_address() {
        let handshakes = Handshakes::new();
        handshakes.note(address("203.0.113.77"), 900, 7);
        handshakes.note(address("203.0.113.78"), 800, 7);
        handshakes.note(address("::ffff:203.0.113.79"), 700, 7);
        handshakes.note(address("2001:db8:7:1::9"), 600, 8);
        let clients = handshakes.take().into_iter().map(|kept| kept.client);
        let networks = ["203.0.113.0", "2001:db8:7::"].map(address);
        assert_eq!(clients.collect::<Vec<_>>(), networks);
        assert_eq!(handshakes.totals(), (2, 2));
        handshakes.note(address("203.0.113.77"), 900, 9);
        assert_eq!(handshakes.take().len(), 1);
    }

    #[test]
    fn what_is_kept_is_bounded_and_takes_no_more_memory() {
        let handshakes = Handshakes::new();
        let capacity = handshakes.lock().capacity();
        for network in 0..1000_u32 {
            handshakes.note(Ipv4Addr::from_bits(network << 8).into(), 1, 0);
        }
        assert_eq!(handshakes.totals(), (256, 744));
        assert_eq!(handshakes.take().len(), 256);
        assert_eq!(handshakes.lock().capacity(), capacity);
    }
}

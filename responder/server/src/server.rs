//! Starts, swaps, counts and stops.

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use mio::Waker;
use responder_core::counters::{Counters, Tally};
use responder_core::health::HealthTable;
use responder_core::snapshot::{SnapshotError, World};
use socket2::SockRef;

use crate::listen::{BindError, Listening};
use crate::serving::Current;
use crate::tcp::TcpServer;
use crate::udp;
use crate::worker::{Shared, Worker};

/// Sums over all workers since the server started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub queries: u64,
    pub dropped: u64,
    pub answers: BTreeMap<Tally, u64>,
}

/// Listeners and their threads. Dropping it stops them.
pub struct Server {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    counters: Vec<Arc<Counters>>,
    threads: Vec<JoinHandle<()>>,
    wakers: Vec<Waker>,
    /// The workers' UDP sockets, to wake them by.
    sockets: Vec<UdpSocket>,
}

impl Server {
    /// Binds every address over UDP, `workers` times, and over TCP, and starts answering.
    pub fn start(
        listen: &[SocketAddr],
        workers: usize,
        world: Arc<World>,
        health: Arc<HealthTable>,
    ) -> Result<Self, BindError> {
        let bound = listen
            .iter()
            .map(|address| Listening::bind(*address, workers));
        let bound: Vec<_> = bound.collect::<Result<_, _>>()?;
        let mut server = Self {
            shared: Arc::new(Shared {
                current: Current::new(world, health),
                stopping: AtomicBool::new(false),
            }),
            addresses: bound.iter().map(|listening| listening.address).collect(),
            counters: Vec::new(),
            threads: Vec::new(),
            wakers: Vec::new(),
            sockets: Vec::new(),
        };
        for listening in bound {
            let address = listening.address;
            let started = server.start_address(listening);
            started.map_err(|cause| BindError { address, cause })?;
        }
        Ok(server)
    }

    /// In the order of the addresses asked for, with the ports that were found for port 0.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves `world` from the next batch on, unless its generation is lower (P1).
    pub fn swap(&self, world: Arc<World>) -> Result<(), SnapshotError> {
        self.shared.current.swap_world(world)
    }

    /// Believes `health` from the next batch on.
    pub fn set_health(&self, health: Arc<HealthTable>) {
        self.shared.current.set_health(health);
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for counters in &self.counters {
            totals.queries += counters.queries();
            totals.dropped += counters.dropped();
            for (tally, count) in counters.answers() {
                *totals.answers.entry(tally).or_default() += count;
            }
        }
        totals
    }

    /// Answers what is in flight, closes the sockets and joins the threads.
    pub fn stop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.wake_all();
        for thread in self.threads.drain(..) {
            // A worker that panicked has already said so on standard error; the others are to end all the same.
            let _ = thread.join();
        }
        // Not before: a waker that is dropped takes its call back.
        self.wakers.clear();
        self.sockets.clear();
    }

    /// A worker that cannot be woken notices by itself within its poll interval.
    fn wake_all(&self) {
        for socket in &self.sockets {
            // Linux says ENOTCONN of a socket without a peer, but ends its blocking receives.
            let _ = SockRef::from(socket).shutdown(Shutdown::Read);
        }
        for waker in &self.wakers {
            let _ = waker.wake();
        }
    }

    fn start_address(&mut self, listening: Listening) -> io::Result<()> {
        let is_wildcard = listening.address.ip().is_unspecified();
        for socket in listening.udp {
            self.sockets.push(socket.try_clone()?);
            self.spawn("dns-udp", move |shared, worker| {
                udp::serve(&socket, is_wildcard, shared, worker);
            })?;
        }
        let (tcp, waker) = TcpServer::new(listening.tcp)?;
        self.wakers.push(waker);
        self.spawn("dns-tcp", |shared, worker| tcp.serve(shared, worker))
    }

    fn spawn(
        &mut self,
        name: &str,
        serve: impl FnOnce(&Shared, Worker) + Send + 'static,
    ) -> io::Result<()> {
        let counters = Arc::new(Counters::default());
        self.counters.push(counters.clone());
        let shared = self.shared.clone();
        let run = move || serve(&shared, Worker::new(counters));
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

//! Starts, swaps, counts, hands over and stops.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use responder_core::answer::{Settings, Transport};
use responder_core::beliefs::Known;
use responder_core::counters::Counters;
use responder_core::health::HealthTable;
use responder_core::latency_map::LatencyMap;
use responder_core::rate_limit::RateLimiter;
use responder_core::snapshot::{SnapshotError, World};

use crate::dnstap::{Dnstap, Writer};
use crate::handover::Inherited;
use crate::handshakes::Handshake;
use crate::interrupt;
use crate::limits::Limits;
use crate::listen::{BindError, Listening};
use crate::memory::Memory;
use crate::receive_buffer::ReceiveBuffer;
use crate::recovery::in_spite_of_panics;
use crate::serving::Current;
use crate::tcp::{Door, TcpServer};
use crate::tcp_common::TcpCommon;
use crate::totals::{Counted, Totals};
use crate::udp;
use crate::worker::{Shared, Worker};
use crate::xdp;

/// A worker may be about to block when it is interrupted, so it is interrupted until it has ended.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(1);

/// How a server is to run, beyond what it answers with.
#[derive(Default)]
pub struct Options {
    pub inherited: Inherited,
    pub limits: Limits,
    /// `None`: nothing is tapped.
    pub dnstap: Option<Dnstap>,
    pub settings: Settings,
}

/// Listeners and their threads. Dropping it stops them.
pub struct Server {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    receive_buffer: Option<ReceiveBuffer>,
    counted: Vec<Counted>,
    threads: Vec<JoinHandle<Vec<TcpStream>>>,
    doors: Vec<Door>,
    /// Copies of the descriptors that the workers receive from and accept at.
    sockets: Vec<OwnedFd>,
    xdp: Option<xdp::Control>,
    dnstap: Option<Writer>,
}

impl Server {
    /// Starts answering on every address, over UDP `workers` times, and over TCP. Inherited sockets of these addresses
    /// are used; others are bound.
    pub fn start(
        listen: &[SocketAddr],
        workers: usize,
        world: Arc<World>,
        known: Known,
        options: Options,
    ) -> Result<Self, BindError> {
        let Options {
            mut inherited,
            limits,
            dnstap,
            settings,
        } = options;
        interrupt::prepare();
        let bound = listen
            .iter()
            .map(|address| Listening::open(*address, workers, &mut inherited));
        let bound: Vec<_> = bound.collect::<Result<_, _>>()?;
        let limits = limits.within_descriptors().of_one_of(bound.len());
        let mut server = Self {
            shared: Arc::new(Shared {
                current: Current::new(world, known, with_timeout_of(&limits, settings)),
                stopping: AtomicBool::new(false),
                tcp: TcpCommon::new(&limits, bound.len()),
                limits,
            }),
            addresses: bound.iter().map(|listening| listening.address).collect(),
            receive_buffer: bound.iter().filter_map(|of| of.receive_buffer).min(),
            counted: Vec::new(),
            threads: Vec::new(),
            doors: Vec::new(),
            sockets: Vec::new(),
            xdp: None,
            dnstap: dnstap.map(Writer::new),
        };
        let memories = server.shared.tcp.memories.clone();
        for (listening, memory) in bound.into_iter().zip(memories) {
            let address = listening.address;
            let started = server.start_address(listening, memory);
            started.map_err(|cause| BindError { address, cause })?;
        }
        server.dnstap.iter_mut().for_each(Writer::start);
        Ok(server)
    }

    /// In the order of the addresses asked for, with the ports that were found for port 0.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The smallest of all UDP sockets. `None`: it listens on none.
    pub fn receive_buffer(&self) -> Option<ReceiveBuffer> {
        self.receive_buffer
    }

    /// Serves `world` from the next batch on, unless its generation is lower (P1).
    pub fn swap(&self, world: Arc<World>) -> Result<(), SnapshotError> {
        self.shared.current.swap_world(world)
    }

    /// Believes `health` from the next batch on.
    pub fn set_health(&self, health: Arc<HealthTable>) {
        self.shared.current.set_health(health);
    }

    /// Believes the latencies of `map` from the next batch on.
    pub fn set_latency(&self, map: Arc<LatencyMap>) {
        self.shared.current.set_latency(map);
    }

    /// Answers without the endpoints of these ids from the next batch on, wherever anybody else is there (P6).
    pub fn set_switched_off(&self, ids: BTreeSet<u32>) {
        self.shared.current.set_switched_off(Arc::new(ids));
    }

    /// Speaks the protocol like this from the next batch on.
    pub fn set_settings(&self, settings: Settings) {
        let settings = with_timeout_of(&self.shared.limits, settings);
        self.shared.current.set_settings(settings);
    }

    /// Answers what arrives by `interface` over AF_XDP from now on, as far as the kernel allows; sockets answer the rest.
    pub fn use_xdp(&mut self, interface: &str) {
        // One that answers already has to let go of its interface before.
        self.xdp = None;
        let listen = self.addresses.clone();
        self.xdp = Some(xdp::Control::start(interface, listen, self.shared.clone()));
    }

    /// `None`: nobody asked for AF_XDP.
    pub fn xdp(&self) -> Option<xdp::Status> {
        self.xdp.as_ref().map(xdp::Control::status)
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals::of(&self.counted);
        for counters in self.xdp.iter().flat_map(xdp::Control::counters) {
            totals.add(None, Transport::Udp, &counters);
        }
        totals.tcp = self.shared.tcp.totals();
        totals.dnstap = self.dnstap.as_ref().map(Writer::totals).unwrap_or_default();
        totals
    }

    /// Round trips of clients over TCP since the last call: a bounded sample, one of a client network.
    pub fn take_handshakes(&self) -> Vec<Handshake> {
        self.shared.tcp.handshakes.take()
    }

    /// The sockets it listens on, to be handed to another process, which may use them beside this one. They stay ours.
    pub fn descriptors(&self) -> Vec<RawFd> {
        self.sockets.iter().map(AsRawFd::as_raw_fd).collect()
    }

    /// Goes on with connections that another server left, each where its address is served.
    pub fn adopt(&self, connections: Vec<TcpStream>) {
        for connection in connections {
            if let Some(door) = self.door_of(&connection) {
                door.let_in(connection);
            }
        }
    }

    /// Any will do for a wildcard's connection, whose own address is not in the list.
    fn door_of(&self, connection: &TcpStream) -> Option<&Door> {
        let local = connection.local_addr().ok();
        let mut addressed = self.addresses.iter().zip(&self.doors);
        let own = addressed.find(|(address, _)| Some(**address) == local);
        own.map(|(_, door)| door).or(self.doors.first())
    }

    /// Answers what is in flight, closes the sockets and joins the threads.
    pub fn stop(&mut self) {
        drop(self.leave());
        self.dnstap.iter_mut().for_each(Writer::stop);
    }

    /// Stops, but leaves the connections open that have nothing in flight, for another server to go on with.
    pub fn leave(&mut self) -> Vec<TcpStream> {
        // First, while sockets still take what arrives.
        if let Some(xdp) = &mut self.xdp {
            xdp.stop();
        }
        self.shared.stopping.store(true, Ordering::Release);
        self.wake_until_ended();
        let threads = self.threads.drain(..);
        // None of them ends by a panic.
        let left = threads.filter_map(|thread| thread.join().ok()).flatten();
        let left = left.collect();
        // Not before: a waker that is dropped takes its call back.
        self.doors.clear();
        self.sockets.clear();
        left
    }

    fn wake_until_ended(&self) {
        self.doors.iter().for_each(Door::ring);
        while self.threads.iter().any(|thread| !thread.is_finished()) {
            self.threads.iter().for_each(interrupt::interrupt);
            thread::sleep(INTERRUPT_INTERVAL);
        }
    }

    fn start_address(&mut self, listening: Listening, memory: Arc<Memory>) -> io::Result<()> {
        let address = listening.address;
        let is_wildcard = address.ip().is_unspecified();
        let workers = listening.udp.len();
        for socket in listening.udp {
            self.sockets.push(socket.try_clone()?.into());
            let limiter = self.shared.limiter(workers);
            self.spawn(address, Transport::Udp, limiter, move |shared, worker| {
                udp::serve(&socket, is_wildcard, shared, worker);
                Vec::new()
            })?;
        }
        self.sockets.push(listening.tcp.try_clone()?.into());
        let (mut tcp, door) = TcpServer::new(listening.tcp, memory)?;
        self.doors.push(door);
        // Over TCP nobody can ask in somebody else's name.
        self.spawn(address, Transport::Tcp, None, move |shared, worker| {
            tcp.serve(shared, worker)
        })
    }

    fn spawn(
        &mut self,
        address: SocketAddr,
        transport: Transport,
        limiter: Option<RateLimiter>,
        mut serve: impl FnMut(&Shared, &mut Worker) -> Vec<TcpStream> + Send + 'static,
    ) -> io::Result<()> {
        let name = match transport {
            Transport::Udp => "dns-udp",
            Transport::Tcp => "dns-tcp",
        };
        let counters = Arc::new(Counters::default());
        let tap = self
            .dnstap
            .as_mut()
            .map(|writer| writer.tap(address, transport));
        let mut worker = Worker::new(counters.clone(), limiter, tap);
        self.counted.push(Counted {
            address,
            transport,
            counters,
        });
        let shared = self.shared.clone();
        let run = move || {
            in_spite_of_panics(name, || {
                worker.begin_anew();
                serve(&shared, &mut worker)
            })
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        self.threads.push(thread);
        Ok(())
    }
}

/// What clients are told of the idle timeout is what connections get.
fn with_timeout_of(limits: &Limits, settings: Settings) -> Settings {
    let tenths_s = limits.idle_timeout.as_millis() / 100;
    Settings {
        tcp_idle_timeout: tenths_s.try_into().unwrap_or(u16::MAX),
        ..settings
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

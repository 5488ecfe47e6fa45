//! Asks a server for a while and judges every reply.
//!
//! ```text
//! queries ─► ids and source addresses ─► ports ─► server ─► ports ─► judged, timed, counted
//! ```
//!
//! Closed loop: a fixed number of queries is under way; what lands is replaced at once. Open loop: queries leave at their
//! appointed times whether or not earlier ones were answered, and latency counts from the appointed time. The loop
//! never sleeps, so that a reply wakes nobody: waking is paid for by the server that replies.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use crate::datagrams::{BATCH, Batch, Wait};
use crate::flights::Flights;
use crate::histogram::Histogram;
use crate::processor_time::ProcessorTime;
use crate::queries::{Judge, Queries};

/// A query without a reply for so long is lost.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// So many queries under way.
    Closed { window: usize },
    /// So many queries per second.
    Open { rate: f64 },
}

pub struct Settings {
    pub server: SocketAddrV4,
    /// The server's processes, whose processor time is taken.
    pub pids: Vec<u32>,
    pub judge: Judge,
    pub pace: Pace,
    pub ports: usize,
    /// Source addresses, each in a /24 of its own.
    pub sources: u32,
    pub warmup: Duration,
    pub duration: Duration,
    /// Ends after so many replies even if the time is not over.
    pub most_replies: u64,
}

/// What was counted between warm-up and end.
#[derive(Default)]
pub struct Report {
    pub answered: u64,
    pub wrong: u64,
    pub lost: u64,
    /// Replies to nothing that was under way.
    pub stray: u64,
    /// Queries of the open loop that found no free id.
    pub unsent: u64,
    pub elapsed_ns: u64,
    pub server: ProcessorTime,
    pub latency: Histogram,
    pub wrong_example: Vec<u8>,
}

struct Port {
    socket: UdpSocket,
    flights: Flights,
}

pub struct Load<'q> {
    settings: Settings,
    queries: &'q Queries,
    ports: Vec<Port>,
    incoming: Batch,
    outgoing: Batch,
    started: Instant,
    /// Queries sent so far; the next one's number, and the open loop's clock.
    sent: u64,
    report: Report,
}

impl<'q> Load<'q> {
    pub fn new(settings: Settings, queries: &'q Queries) -> io::Result<Self> {
        let ports = (0..settings.ports.max(1)).map(|_| Port::open());
        Ok(Self {
            ports: ports.collect::<io::Result<_>>()?,
            settings,
            queries,
            incoming: Batch::default(),
            outgoing: Batch::default(),
            started: Instant::now(),
            sent: 0,
            report: Report::default(),
        })
    }

    pub fn run(mut self) -> io::Result<Report> {
        self.started = Instant::now();
        self.until(self.settings.warmup)?;
        let before = ProcessorTime::of_all(&self.settings.pids)?;
        let since = Instant::now();
        self.report = Report::default();
        self.until(self.started.elapsed() + self.settings.duration)?;
        self.report.elapsed_ns = since.elapsed().as_nanos() as u64;
        self.report.server = ProcessorTime::of_all(&self.settings.pids)? - before;
        Ok(self.drained())
    }

    /// Sends and receives until so long after the start, or until there are replies enough.
    fn until(&mut self, end: Duration) -> io::Result<()> {
        let mut next_review = self.started.elapsed() + PATIENCE;
        for port in (0..self.ports.len()).cycle() {
            let now = self.started.elapsed();
            if now >= end || self.report.answered >= self.settings.most_replies {
                break;
            }
            if now >= next_review {
                self.give_up_before(now.saturating_sub(PATIENCE));
                next_review = now + PATIENCE / 4;
            }
            self.receive(port);
            match self.settings.pace {
                Pace::Closed { window } => self.refill(port, window / self.ports.len())?,
                Pace::Open { rate } => self.send_due(port, rate)?,
            }
        }
        Ok(())
    }

    fn receive(&mut self, port: usize) {
        let Some(port) = self.ports.get_mut(port) else {
            return;
        };
        if self.incoming.receive(&port.socket, Wait::No).is_err() {
            return;
        }
        let now_ns = self.started.elapsed().as_nanos() as u64;
        for reply in self.incoming.received() {
            match port.flights.land(reply) {
                None => self.report.stray += 1,
                Some(flight) => {
                    let query = flight.query as usize;
                    if self.queries.is_answered(query, reply, self.settings.judge) {
                        self.report.answered += 1;
                        let latency_ns = now_ns.saturating_sub(flight.sent_ns);
                        self.report.latency.count(latency_ns);
                    } else {
                        self.report.note_wrong(reply);
                    }
                }
            }
        }
    }

    fn refill(&mut self, port: usize, window: usize) -> io::Result<()> {
        let under_way = self.ports.get(port).map_or(0, |port| port.flights.count());
        let now_ns = self.started.elapsed().as_nanos() as u64;
        for _ in under_way..window.max(1) {
            self.prepare(port, now_ns);
        }
        self.send(port)
    }

    fn send_due(&mut self, port: usize, rate: f64) -> io::Result<()> {
        let due = (self.started.elapsed().as_secs_f64() * rate) as u64;
        for _ in self.sent..due.min(self.sent + BATCH as u64) {
            let appointed_ns = (self.sent as f64 / rate * 1e9) as u64;
            if !self.prepare(port, appointed_ns) {
                self.report.unsent += 1;
                self.sent += 1;
            }
        }
        self.send(port)
    }

    /// Puts the next query into the outgoing batch; false: there was no room or no id.
    fn prepare(&mut self, port: usize, sent_ns: u64) -> bool {
        let number = (self.sent % self.queries.len() as u64) as u32;
        let flights = self.ports.get_mut(port).map(|port| &mut port.flights);
        if self.outgoing.is_full() {
            return false;
        }
        let Some(id) = flights.and_then(|flights| flights.start(number, sent_ns)) else {
            return false;
        };
        let source = self.source();
        let packet = self.queries.packet(number as usize);
        self.outgoing.push(id, packet, source, self.settings.server);
        self.sent += 1;
        true
    }

    /// 127.1.0.53, 127.1.1.53, and so on.
    fn source(&self) -> Ipv4Addr {
        let number = (self.sent % u64::from(self.settings.sources.max(1))) as u32;
        Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 53).to_bits() + (number << 8))
    }

    fn send(&mut self, port: usize) -> io::Result<()> {
        let outcome = match self.ports.get(port) {
            Some(port) => self.outgoing.send_pushed(&port.socket),
            None => Ok(()),
        };
        self.outgoing.clear();
        outcome
    }

    fn give_up_before(&mut self, deadline: Duration) {
        let deadline_ns = deadline.as_nanos() as u64;
        for port in &mut self.ports {
            self.report.lost += port.flights.give_up(deadline_ns);
        }
    }

    /// Waits for what is still under way, without counting it as answered.
    fn drained(mut self) -> Report {
        let (answered, latency) = (
            self.report.answered,
            std::mem::take(&mut self.report.latency),
        );
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && self.ports.iter().any(|port| port.flights.count() > 0) {
            (0..self.ports.len()).for_each(|port| self.receive(port));
        }
        self.give_up_before(Duration::MAX);
        Report {
            answered,
            latency,
            ..self.report
        }
    }
}

impl Port {
    /// On all addresses, so that each query can leave from another one.
    fn open() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        Ok(Self {
            socket,
            flights: Flights::default(),
        })
    }
}

impl Report {
    fn note_wrong(&mut self, reply: &[u8]) {
        self.wrong += 1;
        if self.wrong_example.is_empty() {
            self.wrong_example = reply.to_vec();
        }
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        let seconds = self.elapsed_ns as f64 / 1e9;
        let share = |ns: u64| ns as f64 / self.elapsed_ns.max(1) as f64;
        let quantile = |share| self.latency.quantile(share) as f64 / 1e3;
        let example: String = self
            .wrong_example
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        format!(
            concat!(
                r#"{{"answered":{},"wrong":{},"lost":{},"stray":{},"unsent":{},"seconds":{:.4},"qps":{:.0},"#,
                r#""cpu_ns":{:.1},"busy":{:.4},"waiting":{:.4},"#,
                r#""p50_us":{:.1},"p99_us":{:.1},"p999_us":{:.1},"wrong_example":"{}"}}"#
            ),
            self.answered,
            self.wrong,
            self.lost,
            self.stray,
            self.unsent,
            seconds,
            self.answered as f64 / seconds.max(1e-9),
            self.server.running_ns as f64 / self.answered.max(1) as f64,
            share(self.server.running_ns),
            share(self.server.waiting_ns),
            quantile(0.5),
            quantile(0.99),
            quantile(0.999),
            example
        )
    }
}

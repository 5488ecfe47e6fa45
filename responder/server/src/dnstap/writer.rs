//! The thread that carries full buffers to the collector.
//!
//! ```text
//!   ┌────────── failed: wait, twice as long each time ──┐
//!   ▼                                                   │
//! connect ──accepted──► collect ─► send ─► collect …    │
//!                          │ nothing: sleep  └─ failed ─┘
//!                          └ stopping and nothing left: finish
//! ```
//!
//! While nothing is connected nothing is collected: the workers run out of empty buffers and count what they lose. What
//! still waits when the server stops is lost too.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use responder_core::answer::Transport;
use responder_core::dnstap::Origin;

use super::collector::Stream;
use super::{Dnstap, DnstapTotals, Tallied, Tap};

/// Of one worker. More than is fetched between two looks, even if each query of 50,000 a second is tapped.
const BUFFERS: usize = 512;
/// Holds both frames of most exchanges; a buffer that held more gives the rest back.
const USUAL_LENGTH: usize = 1024;
const IDLE: Duration = Duration::from_millis(10);
/// Sent at once; large enough to make system calls rare, small enough to be lost.
const CHUNK: usize = 64 << 10;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// Whatever the collector does, and however long its name takes to look up.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// A handle of the thread. Give every worker its tap, then `start`; `stop` after the last worker has ended.
pub(crate) struct Writer {
    dnstap: Dnstap,
    origin: Arc<Origin>,
    tallied: Arc<Tallied>,
    lanes: Vec<Lane>,
    stopping: Arc<AtomicBool>,
    ended: Option<Receiver<()>>,
}

impl Writer {
    pub fn new(dnstap: Dnstap) -> Self {
        Self {
            origin: Arc::new(dnstap.origin.clone()),
            dnstap,
            tallied: Arc::default(),
            lanes: Vec::new(),
            stopping: Arc::default(),
            ended: None,
        }
    }

    /// What one more worker taps with, that is asked at `server`.
    pub fn tap(&mut self, server: SocketAddr, transport: Transport) -> Tap {
        let (full_sender, full) = sync_channel(BUFFERS);
        let (empty_sender, empty) = sync_channel(BUFFERS);
        for _ in 0..BUFFERS {
            // There is room for all of them.
            let _ = empty_sender.try_send(Vec::with_capacity(USUAL_LENGTH));
        }
        self.lanes.push(Lane {
            full,
            empty: empty_sender,
        });
        Tap {
            full: full_sender,
            empty,
            origin: self.origin.clone(),
            tallied: self.tallied.clone(),
            transport,
            server,
            sample: self.dnstap.sample.get(),
            until_next: self.dnstap.sample.get(),
        }
    }

    /// Without the thread, should the system have none to give, the taps count what they lose.
    pub fn start(&mut self) {
        let (ending, ended) = sync_channel(1);
        let courier = self.courier();
        let run = move || {
            courier.run();
            drop(ending);
        };
        let thread = thread::Builder::new().name("dnstap".to_owned());
        self.ended = thread.spawn(run).ok().map(|_| ended);
    }

    fn courier(&mut self) -> Courier {
        Courier {
            dnstap: self.dnstap.clone(),
            tallied: self.tallied.clone(),
            lanes: std::mem::take(&mut self.lanes),
            stopping: self.stopping.clone(),
            chunk: Vec::with_capacity(2 * CHUNK),
            carried: 0,
        }
    }

    pub fn totals(&self) -> DnstapTotals {
        self.tallied.totals()
    }

    /// Sends what is left. A collector that does not take it is not waited for.
    pub fn stop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(ended) = self.ended.take() {
            // Either way: the thread has ended, or is left to its time limits.
            let _ = ended.recv_timeout(STOP_TIMEOUT);
        }
    }
}

/// The writer's ends of a worker's channels.
struct Lane {
    full: Receiver<Vec<u8>>,
    empty: SyncSender<Vec<u8>>,
}

/// The state of the thread.
struct Courier {
    dnstap: Dnstap,
    tallied: Arc<Tallied>,
    lanes: Vec<Lane>,
    stopping: Arc<AtomicBool>,
    chunk: Vec<u8>,
    /// Tapped queries in the chunk.
    carried: u64,
}

impl Courier {
    fn run(mut self) {
        let mut backoff = FIRST_BACKOFF;
        while !self.is_stopping() {
            let done = self.dnstap.collector.connect().and_then(|stream| {
                backoff = FIRST_BACKOFF;
                self.carry(stream)
            });
            if done.is_err() {
                self.wait(backoff);
                backoff = (backoff * 2).min(LONGEST_BACKOFF);
            }
        }
        let lanes = self.lanes.iter();
        let untaken: usize = lanes.map(|lane| lane.full.try_iter().count()).sum();
        let lost = &self.tallied.lost;
        lost.fetch_add(untaken as u64, Ordering::Relaxed);
    }

    /// Until the server stops, or the stream breaks.
    fn carry(&mut self, mut stream: Stream) -> io::Result<()> {
        loop {
            let is_last = self.is_stopping();
            if stream.is_over() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.collect();
            if !self.chunk.is_empty() {
                self.send(&mut stream)?;
            } else if is_last {
                return stream.finish();
            } else {
                thread::sleep(IDLE);
            }
        }
    }

    /// Takes full buffers of all lanes in turn into the chunk, and gives them back empty.
    fn collect(&mut self) {
        let mut found = true;
        while found && self.chunk.len() < CHUNK {
            found = false;
            for lane in &self.lanes {
                let Ok(mut frames) = lane.full.try_recv() else {
                    continue;
                };
                found = true;
                self.carried += 1;
                self.chunk.extend_from_slice(&frames);
                frames.clear();
                frames.shrink_to(USUAL_LENGTH);
                // There is room for every buffer; a worker that has ended wants none back.
                let _ = lane.empty.try_send(frames);
            }
        }
    }

    fn send(&mut self, stream: &mut Stream) -> io::Result<()> {
        let sent = stream.send(&self.chunk);
        let counter = match sent {
            Ok(()) => &self.tallied.sent,
            Err(_) => &self.tallied.lost,
        };
        counter.fetch_add(self.carried, Ordering::Relaxed);
        self.carried = 0;
        self.chunk.clear();
        sent
    }

    fn wait(&self, backoff: Duration) {
        let mut left = backoff;
        while !left.is_zero() && !self.is_stopping() {
            let nap = left.min(IDLE);
            thread::sleep(nap);
            left -= nap;
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::num::NonZeroU32;
    use std::path::PathBuf;

    use super::super::Collector;
    use super::*;

    #[test]
    fn buffers_keep_nothing_of_a_burst_of_long_messages() {
        let mut writer = Writer::new(Dnstap {
            collector: Collector::Unix(PathBuf::from("/nowhere")),
            sample: NonZeroU32::MIN,
            origin: Origin::default(),
        });
        let somebody = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
        let mut tap = writer.tap(somebody, Transport::Tcp);
        let mut courier = writer.courier();
        let long = [0; 60_000];
        for _ in 0..BUFFERS {
            let tapped = tap.query(&long, || Some(somebody)).unwrap();
            tap.answered(tapped, Some(&long));
            courier.collect();
            courier.chunk.clear();
        }
        let kept: usize = tap.empty.try_iter().map(|frames| frames.capacity()).sum();
        assert!(kept <= BUFFERS * USUAL_LENGTH, "{kept}");
    }
}

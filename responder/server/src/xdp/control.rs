//! Attaches, starts a worker per receive queue, and stops them.
//!
//! ```text
//! Waiting (another process has the interface) ──► Answering ──► detached, drained, joined
//!    └──► Unavailable                                            (by `stop`, or drop)
//! ```
//!
//! While a new process takes over from an old one, the old one still has the interface; so whoever finds it taken asks
//! again until it is free, and sockets answer meanwhile.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use responder_core::counters::Counters;

use super::attachment::{Attachment, Mode, attach};
use super::socket::Socket;
use super::unavailable::{Step, Unavailable};
use super::worker::serve;
use crate::worker::{Shared, Worker};

const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// What came of the wish to use AF_XDP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Answering {
        mode: Mode,
        queues: usize,
    },
    /// The interface is taken; the reason says by whom. It is asked for again and again.
    Waiting {
        reason: String,
    },
    /// Sockets answer alone.
    Unavailable {
        reason: String,
    },
}

/// The back end on one interface. Dropping it stops it.
pub(crate) struct Control {
    state: Arc<State>,
    /// Dropped to stop.
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

struct State {
    interface: String,
    status: Mutex<Status>,
    counters: Mutex<Vec<Arc<Counters>>>,
}

impl Control {
    pub fn start(interface: &str, listen: Vec<SocketAddr>, shared: Arc<Shared>) -> Self {
        let first = attach(interface, &listen);
        let state = Arc::new(State {
            interface: interface.to_owned(),
            status: Mutex::new(Status::of(&first)),
            counters: Mutex::default(),
        });
        let running = match &first {
            Err(error) if !error.is_busy() => None,
            _ => {
                let started = start_thread(first, listen, shared, state.clone());
                started
                    .map_err(|error| state.set(Status::from(&error)))
                    .ok()
            }
        };
        Self { state, running }
    }

    pub fn status(&self) -> Status {
        lock(&self.state.status).clone()
    }

    pub fn counters(&self) -> Vec<Arc<Counters>> {
        lock(&self.state.counters).clone()
    }

    /// Detaches, answers what has come by then, and joins the threads.
    pub fn stop(&mut self) {
        if let Some((sender, thread)) = self.running.take() {
            drop(sender);
            // A worker that panicked has already said so on standard error.
            let _ = thread.join();
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn set(&self, status: Status) {
        *lock(&self.status) = status;
    }
}

type Attached = (Attachment, Vec<Socket>);

fn start_thread(
    first: Result<Attached, Unavailable>,
    listen: Vec<SocketAddr>,
    shared: Arc<Shared>,
    state: Arc<State>,
) -> Result<(Sender<()>, JoinHandle<()>), Unavailable> {
    let (sender, stop) = mpsc::channel();
    let run = move || {
        let attached = match first {
            Ok(attached) => Some(attached),
            Err(_) => ask_again(&listen, &state, &stop),
        };
        let outcome = attached.map(|attached| run_workers(attached, &shared, &state, &stop));
        if let Some(Err(error)) = outcome {
            state.set(Status::from(&Unavailable::at(Step::StartThread)(error)));
        }
    };
    let thread = thread::Builder::new().name("dns-xdp".to_owned()).spawn(run);
    let thread = thread.map_err(Unavailable::at(Step::StartThread))?;
    Ok((sender, thread))
}

/// `None`: stopped, or refused for another reason.
fn ask_again(listen: &[SocketAddr], state: &State, stop: &Receiver<()>) -> Option<Attached> {
    while stop.recv_timeout(RETRY_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        let attempt = attach(&state.interface, listen);
        state.set(Status::of(&attempt));
        match attempt {
            Ok(attached) => return Some(attached),
            Err(error) if error.is_busy() => {}
            Err(_) => return None,
        }
    }
    None
}

fn run_workers(
    (attachment, sockets): Attached,
    shared: &Arc<Shared>,
    state: &State,
    stop: &Receiver<()>,
) -> io::Result<()> {
    let (workers_stop, workers_run) = io::pipe()?;
    let mut threads = Vec::new();
    let queues = sockets.len();
    for socket in sockets {
        let counters = Arc::new(Counters::default());
        lock(&state.counters).push(counters.clone());
        let (shared, stop) = (shared.clone(), workers_stop.try_clone()?);
        let worker = Worker::new(counters, shared.limiter(queues), None);
        let run = move || serve(socket, &stop, &shared, worker);
        threads.push(
            thread::Builder::new()
                .name("dns-xdp".to_owned())
                .spawn(run)?,
        );
    }
    // Nobody sends: this returns when the sender is dropped.
    let _ = stop.recv();
    // First this, so that nothing more arrives at the workers when they are told to finish.
    drop(attachment);
    drop(workers_run);
    for thread in threads {
        // A worker that panicked has already said so on standard error; the others are to end all the same.
        let _ = thread.join();
    }
    Ok(())
}

impl Status {
    fn of(attempt: &Result<Attached, Unavailable>) -> Self {
        match attempt {
            Ok((attachment, sockets)) => Self::Answering {
                mode: attachment.mode,
                queues: sockets.len(),
            },
            Err(error) => Self::from(error),
        }
    }
}

impl From<&Unavailable> for Status {
    fn from(error: &Unavailable) -> Self {
        let reason = error.to_string();
        match error.is_busy() {
            true => Self::Waiting { reason },
            false => Self::Unavailable { reason },
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answering { mode, queues } => {
                write!(f, "answering in {mode} mode on {queues} receive queues")
            }
            Self::Waiting { reason } => write!(f, "sockets answer until it is free: {reason}"),
            Self::Unavailable { reason } => write!(f, "sockets answer alone: {reason}"),
        }
    }
}

/// What is locked is replaced or added to as a whole, so a panic of another thread cannot have left it half-made.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

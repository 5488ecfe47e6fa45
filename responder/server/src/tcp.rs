//! The TCP worker of one address: a poll loop over its connections.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use responder_core::answer::Transport;
use responder_core::client_prefix::ClientPrefix;

use crate::admission::Pass;
use crate::connection::{Connection, Turn, Wants};
use crate::handshakes::rtt_us;
use crate::memory::{Memory, Share};
use crate::replies::Replies;
use crate::stopwatch::Running;
use crate::worker::{Shared, Worker, now_ms};

/// How late a deadline may be noticed.
const SWEEP_INTERVAL: Duration = Duration::from_millis(100);
/// Without connections there are no deadlines; should the waker fail, the worker looks this often by itself.
const STOP_POLL: Duration = Duration::from_secs(1);
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);
const EVENTS_PER_POLL: usize = 256;
/// So that a flood of connections does not keep those that are made from being served.
const ACCEPTS_PER_TURN: usize = 64;

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
const FIRST_CONNECTION: usize = 2;

/// How a server reaches its running `TcpServer`.
pub(crate) struct Door {
    waker: Waker,
    adopted: Sender<StdTcpStream>,
}

impl Door {
    /// Has the worker look up, in case that the server is to stop.
    pub fn ring(&self) {
        // It looks by itself at the next sweep.
        let _ = self.waker.wake();
    }

    /// Has it go on with a connection that another server accepted.
    pub fn let_in(&self, connection: StdTcpStream) {
        // Nobody behind the door: the server is stopping, and the connection is closed like the others.
        let _ = self.adopted.send(connection);
        self.ring();
    }
}

pub(crate) struct TcpServer {
    poll: Poll,
    listener: TcpListener,
    adopted: Receiver<StdTcpStream>,
    guests: HashMap<Token, Guest>,
    memory: Arc<Memory>,
    next_token: usize,
    /// Connections that want another turn.
    unfinished: Vec<Token>,
    /// The listener's event comes once, and not everyone who waited then is let in yet.
    is_accepting: bool,
    replies: Replies,
}

/// A connection and what it takes of what all share.
struct Guest {
    connection: Connection,
    peer: SocketAddr,
    /// Of the handshake, until the first query is answered.
    rtt_us: Option<u32>,
    share: Share,
    _pass: Pass,
}

impl TcpServer {
    pub fn new(listener: StdTcpListener, memory: Arc<Memory>) -> io::Result<(Self, Door)> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let (sender, adopted) = channel();
        let door = Door {
            waker,
            adopted: sender,
        };
        let server = Self {
            poll,
            listener,
            adopted,
            guests: HashMap::new(),
            memory,
            next_token: FIRST_CONNECTION,
            unfinished: Vec::new(),
            is_accepting: false,
            replies: Replies::new(),
        };
        Ok((server, door))
    }

    /// Serves until the server stops; what has arrived by then is still answered. Returns the connections that have
    /// nothing in flight then.
    pub fn serve(&mut self, shared: &Shared, worker: &mut Worker) -> Vec<StdTcpStream> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        self.begin_anew(shared);
        let mut next_sweep = Instant::now() + SWEEP_INTERVAL;
        while !shared.is_stopping() {
            let patience = match self.guests.is_empty() {
                true => STOP_POLL,
                false => SWEEP_INTERVAL,
            };
            let ready = self.wait(&mut events, patience, shared);
            self.drive_all(ready, shared, worker);
            let now = Instant::now();
            if now >= next_sweep {
                self.cut_off_overdue(now, shared);
                // The listener says once that somebody waits; who could not be let in then, for want of descriptors that
                // others had, still does.
                self.is_accepting = true;
                next_sweep = now + SWEEP_INTERVAL;
            }
        }
        self.finish(&mut events, shared, worker)
    }

    /// After a panic nobody knows what state its connections are in: they are closed.
    fn begin_anew(&mut self, shared: &Shared) {
        self.guests.clear();
        self.is_accepting = true;
        let mut ready = Vec::new();
        self.admit_adopted(&mut ready, shared);
        self.unfinished = ready;
    }

    /// Answers what has arrived, and waits for the rest of what is on its way, but for no client that keeps sending.
    fn finish(
        &mut self,
        events: &mut Events,
        shared: &Shared,
        worker: &mut Worker,
    ) -> Vec<StdTcpStream> {
        let deadline = Instant::now() + FINISH_TIMEOUT;
        let mut ready: Vec<_> = self.guests.keys().copied().collect();
        self.is_accepting = true;
        self.accept_some(&mut ready, shared);
        self.admit_adopted(&mut ready, shared);
        let mut left = Vec::new();
        loop {
            self.drive_all(ready, shared, worker);
            left.extend(self.take_quiet());
            let remaining = deadline.saturating_duration_since(Instant::now());
            if self.guests.is_empty() && !self.is_accepting || remaining.is_zero() {
                return left;
            }
            ready = self.wait(events, remaining, shared);
        }
    }

    /// Whose turn it is, after at most `timeout`.
    fn wait(&mut self, events: &mut Events, timeout: Duration, shared: &Shared) -> Vec<Token> {
        let timeout = match self.is_accepting || !self.unfinished.is_empty() {
            true => Duration::ZERO,
            false => timeout,
        };
        if self.poll.poll(events, Some(timeout)).is_err() {
            events.clear();
        }
        let mut ready = std::mem::take(&mut self.unfinished);
        for event in &*events {
            match event.token() {
                LISTENER => self.is_accepting = true,
                WAKER => self.admit_adopted(&mut ready, shared),
                token => ready.push(token),
            }
        }
        self.accept_some(&mut ready, shared);
        ready
    }

    /// Connections whose client waits for nothing: whatever it sends from now on waits in the socket.
    fn take_quiet(&mut self) -> Vec<StdTcpStream> {
        let quiet = self
            .guests
            .extract_if(|_, guest| guest.connection.is_quiet());
        quiet
            .map(|(_, guest)| guest.connection.into_stream().into())
            .collect()
    }

    fn admit_adopted(&mut self, ready: &mut Vec<Token>, shared: &Shared) {
        while let Ok(stream) = self.adopted.try_recv() {
            let peer = stream.peer_addr();
            if let (Ok(peer), Ok(())) = (peer, stream.set_nonblocking(true)) {
                // Whoever accepted it knows how long its handshake took.
                ready.extend(self.admit(TcpStream::from_std(stream), peer, None, shared));
            }
        }
    }

    fn accept_some(&mut self, ready: &mut Vec<Token>, shared: &Shared) {
        if !self.is_accepting {
            return;
        }
        for _ in 0..ACCEPTS_PER_TURN {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    let rtt_us = rtt_us(&stream);
                    ready.extend(self.admit(stream, peer, rtt_us, shared));
                }
                Err(error) if is_of_one_client(&error) => {}
                Err(error) => {
                    let is_done = error.kind() == io::ErrorKind::WouldBlock;
                    // Out of descriptors: make room, or nobody would ever be let in again.
                    self.is_accepting = !is_done && self.close_quietest();
                    return;
                }
            }
        }
    }

    /// `None`: not let in, or lost already; dropping the stream closes it.
    fn admit(
        &mut self,
        mut stream: TcpStream,
        peer: SocketAddr,
        rtt_us: Option<u32>,
        shared: &Shared,
    ) -> Option<Token> {
        let pass = self.pass(ClientPrefix::of(peer.ip()), shared)?;
        let token = Token(self.next_token);
        self.next_token += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, token, interest)
            .ok()?;
        // Replies are written together: waiting for more to send would only add delay.
        stream.set_nodelay(true).ok()?;
        let guest = Guest {
            connection: Connection::new(stream, Instant::now()),
            peer,
            rtt_us,
            share: self.memory.share(),
            _pass: pass,
        };
        self.guests.insert(token, guest);
        Some(token)
    }

    fn pass(&mut self, client: ClientPrefix, shared: &Shared) -> Option<Pass> {
        let pass = shared.tcp.admission.enter(client);
        // Not for who is refused anyway.
        let has_room = pass.is_some() && self.make_room(shared.limits.connections);
        if !has_room {
            shared.tcp.refused.fetch_add(1, Ordering::Relaxed);
        }
        pass.filter(|_| has_room)
    }

    fn drive_all(&mut self, ready: Vec<Token>, shared: &Shared, worker: &mut Worker) {
        let circumstances = (Transport::Tcp, now_ms());
        let now = Instant::now();
        for token in ready {
            let Some(guest) = self.guests.get_mut(&token) else {
                continue;
            };
            let (peer, rtt_us) = (guest.peer, &mut guest.rtt_us);
            let mut turn = Turn {
                now,
                limits: &shared.limits,
                replies: &mut self.replies,
            };
            let wants = guest.connection.drive(&mut turn, |message, length| {
                let running = Running::of(1);
                // Not before: what is read only now may have been asked by somebody who has seen a newer world.
                let serving = shared.current.load();
                let asked = (message, length);
                let client = || Some(peer);
                let reply = worker.answer(&serving, asked, peer.ip(), circumstances, client);
                running.stop(worker.latency(), 1);
                if let Some(rtt_us) = rtt_us.take_if(|_| reply.is_some()) {
                    let (_, now_ms) = circumstances;
                    shared.tcp.handshakes.note(peer.ip(), rtt_us, now_ms / 1000);
                }
                reply
            });
            guest.share.set(guest.connection.held());
            match wants {
                Wants::Event => {}
                Wants::Turn => self.unfinished.push(token),
                Wants::Close => _ = self.guests.remove(&token),
            }
            while self.memory.is_exceeded() && self.cut_off_largest(shared) {}
        }
    }

    fn cut_off_overdue(&mut self, now: Instant, shared: &Shared) {
        let overdue = |guest: &Guest| guest.connection.deadline(&shared.limits) <= now;
        let guests = self.guests.iter();
        let tokens: Vec<_> = guests
            .filter_map(|(token, guest)| overdue(guest).then_some(*token))
            .collect();
        for token in tokens {
            self.cut_off(token, shared);
        }
    }

    /// false: nobody here holds anything.
    fn cut_off_largest(&mut self, shared: &Shared) -> bool {
        let guests = self.guests.iter().filter(|(_, g)| g.share.octets() > 0);
        let largest = guests.max_by_key(|(_, guest)| guest.share.octets());
        let token = largest.map(|(token, _)| *token);
        token.is_some_and(|token| {
            self.cut_off(token, shared);
            true
        })
    }

    fn cut_off(&mut self, token: Token, shared: &Shared) {
        match self.guests.remove(&token) {
            Some(guest) if guest.connection.is_in_arrears() => {
                shared.tcp.cut_off.fetch_add(1, Ordering::Relaxed);
                guest.connection.reset();
            }
            _ => {}
        }
    }

    /// For one more, if `most` are to be here at all.
    fn make_room(&mut self, most: usize) -> bool {
        while self.guests.len() >= most && self.close_quietest() {}
        self.guests.len() < most
    }

    /// false: there is none.
    fn close_quietest(&mut self) -> bool {
        let guests = self.guests.iter();
        let quietest = guests.min_by_key(|(_, guest)| guest.connection.since());
        let token = quietest.map(|(token, _)| *token);
        token.is_some_and(|token| self.guests.remove(&token).is_some())
    }
}

/// accept(2): errors that the client's connection brought along.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

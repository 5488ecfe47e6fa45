//! The TCP worker of one address: a poll loop over its connections.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use responder_core::answer::Transport;

use crate::connection::{Connection, Wants};
use crate::worker::{Shared, Worker, now_s};

/// At this many the one that was idle longest makes room (RFC 7766 section 6.2.2).
const MOST_CONNECTIONS: usize = 1024;
/// RFC 7766 section 6.2.3 asks for "the order of a few seconds".
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);
const EVENTS_PER_POLL: usize = 256;

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
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// Connections that want another turn.
    unfinished: Vec<Token>,
    /// The query at work, then the reply in its place.
    message: Box<[u8]>,
}

impl TcpServer {
    pub fn new(listener: StdTcpListener) -> io::Result<(Self, Door)> {
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
            connections: HashMap::new(),
            next_token: FIRST_CONNECTION,
            unfinished: Vec::new(),
            message: vec![0; usize::from(u16::MAX)].into(),
        };
        Ok((server, door))
    }

    /// Serves until the server stops; what has arrived by then is still answered. Returns the connections that have
    /// nothing in flight then.
    pub fn serve(mut self, shared: &Shared, mut worker: Worker) -> Vec<StdTcpStream> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        let mut next_sweep = Instant::now() + SWEEP_INTERVAL;
        while !shared.is_stopping() {
            let ready = self.wait(&mut events, SWEEP_INTERVAL);
            self.drive_all(ready, shared, &mut worker);
            if Instant::now() >= next_sweep {
                self.close_idle();
                next_sweep = Instant::now() + SWEEP_INTERVAL;
            }
        }
        self.finish(&mut events, shared, &mut worker)
    }

    /// Answers what has arrived, and waits for the rest of what is on its way, but for no client that keeps sending.
    fn finish(
        mut self,
        events: &mut Events,
        shared: &Shared,
        worker: &mut Worker,
    ) -> Vec<StdTcpStream> {
        let deadline = Instant::now() + FINISH_TIMEOUT;
        let mut ready: Vec<_> = self.connections.keys().copied().collect();
        self.accept_all(&mut ready);
        self.admit_adopted(&mut ready);
        let mut left = Vec::new();
        loop {
            self.drive_all(ready, shared, worker);
            left.extend(self.take_quiet());
            let remaining = deadline.saturating_duration_since(Instant::now());
            if self.connections.is_empty() || remaining.is_zero() {
                return left;
            }
            ready = self.wait(events, remaining);
        }
    }

    /// Whose turn it is, after at most `timeout`.
    fn wait(&mut self, events: &mut Events, timeout: Duration) -> Vec<Token> {
        let timeout = match self.unfinished.is_empty() {
            true => timeout,
            false => Duration::ZERO,
        };
        if self.poll.poll(events, Some(timeout)).is_err() {
            events.clear();
        }
        let mut ready = std::mem::take(&mut self.unfinished);
        for event in &*events {
            match event.token() {
                LISTENER => self.accept_all(&mut ready),
                WAKER => self.admit_adopted(&mut ready),
                token => ready.push(token),
            }
        }
        ready
    }

    /// Connections whose client waits for nothing: whatever it sends from now on waits in the socket.
    fn take_quiet(&mut self) -> Vec<StdTcpStream> {
        let quiet = self
            .connections
            .extract_if(|_, connection| connection.is_quiet());
        quiet
            .map(|(_, connection)| connection.stream.into())
            .collect()
    }

    fn admit_adopted(&mut self, ready: &mut Vec<Token>) {
        while let Ok(stream) = self.adopted.try_recv() {
            let peer = stream.peer_addr();
            if let (Ok(peer), Ok(())) = (peer, stream.set_nonblocking(true)) {
                ready.extend(self.admit(TcpStream::from_std(stream), peer));
            }
        }
    }

    /// The listener's event comes once, so everyone who waits is let in.
    fn accept_all(&mut self, ready: &mut Vec<Token>) {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => ready.extend(self.admit(stream, peer)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_client(&error) => {}
                // Out of descriptors: make room, or nobody would ever be let in again.
                Err(_) if self.close_longest_idle() => {}
                Err(_) => return,
            }
        }
    }

    fn admit(&mut self, mut stream: TcpStream, peer: SocketAddr) -> Option<Token> {
        if self.connections.len() >= MOST_CONNECTIONS {
            self.close_longest_idle();
        }
        let token = Token(self.next_token);
        self.next_token += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, token, interest)
            .ok()?;
        // Replies are written whole: waiting for more to send would only add delay.
        stream.set_nodelay(true).ok()?;
        let connection = Connection::new(stream, peer.ip(), Instant::now());
        self.connections.insert(token, connection);
        Some(token)
    }

    fn drive_all(&mut self, ready: Vec<Token>, shared: &Shared, worker: &mut Worker) {
        let serving = shared.current.load();
        let circumstances = (Transport::Tcp, now_s());
        let now = Instant::now();
        for token in ready {
            let Some(connection) = self.connections.get_mut(&token) else {
                continue;
            };
            let peer = connection.peer;
            let message = &mut self.message;
            let wants = connection.drive(now, |query, reply| {
                let room = message.get_mut(..query.len());
                room.into_iter()
                    .for_each(|room| room.copy_from_slice(query));
                let length = query.len();
                let answered = worker.answer(&serving, (message, length), peer, circumstances);
                let answered = answered.and_then(|length| message.get(..length));
                reply.extend_from_slice(answered.unwrap_or(&[]));
                answered.is_some()
            });
            match wants {
                Wants::Event => {}
                Wants::Turn => self.unfinished.push(token),
                Wants::Close => self.close(token),
            }
        }
    }

    fn close_idle(&mut self) {
        let now = Instant::now();
        let idle = |connection: &Connection| now - connection.active >= IDLE_TIMEOUT;
        let connections = self.connections.iter();
        let tokens: Vec<_> = connections
            .filter_map(|(token, connection)| idle(connection).then_some(*token))
            .collect();
        tokens.into_iter().for_each(|token| self.close(token));
    }

    fn close_longest_idle(&mut self) -> bool {
        let connections = self.connections.iter();
        let longest = connections.min_by_key(|(_, connection)| connection.active);
        match longest.map(|(token, _)| *token) {
            Some(token) => {
                self.close(token);
                true
            }
            None => false,
        }
    }

    /// Dropping the stream closes it, which also takes it out of the poll.
    fn close(&mut self, token: Token) {
        self.connections.remove(&token);
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

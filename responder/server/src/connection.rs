//! One TCP connection: framed queries in, framed replies out, in order (RFC 7766).
//!
//! ```text
//!           a query begins                       its last octet: answered
//!    Idle ─────────────────► Receiving ──────────────────────────────────► Idle
//!      │                         │                                          ▲
//!      └── the peer's window takes no more replies ──► Sending ── all taken ┘
//!
//!    any ── garbage, or its lifetime is over ──► Ending ── peer closes too ──► closed
//! ```
//!
//! Each phase has a bound of its own (`Limits`), which no trickle of octets extends. Nothing is read while replies wait
//! to be taken, and nothing is kept while a connection is idle: answers come from memory, so each is ready at once, and
//! one that cannot be sent delays nobody but its own connection.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use socket2::SockRef;

use crate::limits::Limits;
use crate::replies::{FRAME_HEADER, Replies};

/// Read at once; a longer query comes in pieces.
const READ_SIZE: usize = 4096;
/// Of one turn, so that one pipelining client does not keep the others waiting.
const READS_PER_TURN: usize = 4;
/// How long the peer may take to notice the end: some round trips to anywhere.
const LINGER: Duration = Duration::from_secs(1);

/// What a connection wants after its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// An event of its socket.
    Event,
    /// Another turn as soon as the others had theirs.
    Turn,
    /// Nothing: it is over.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Receiving,
    Sending,
    /// Closing with something unread would reset the connection and lose replies that are still under way, so our side
    /// is shut and what still comes is thrown away.
    Ending,
}

/// What the worker lends to the connection whose turn it is.
pub(crate) struct Turn<'a> {
    pub now: Instant,
    pub limits: &'a Limits,
    pub replies: &'a mut Replies,
}

pub(crate) struct Connection {
    stream: TcpStream,
    born: Instant,
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// No more is answered.
    is_ending: bool,
    /// What was read and is not answered yet.
    input: Vec<u8>,
    /// Replies that the peer's window did not take, and how much of them went out since.
    output: Vec<u8>,
    written: usize,
}

impl Connection {
    pub fn new(stream: TcpStream, now: Instant) -> Self {
        Self {
            stream,
            born: now,
            phase: Phase::Idle,
            since: now,
            is_ending: false,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
        }
    }

    /// Whether nothing is half-read and nothing half-written.
    pub fn is_quiet(&self) -> bool {
        self.phase == Phase::Idle
    }

    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// When it went quiet, or into whatever else it is waiting for.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// When it is cut off, unless something happens before.
    pub fn deadline(&self, limits: &Limits) -> Instant {
        match self.phase {
            Phase::Idle => (self.since + limits.idle_timeout).min(self.born + limits.lifetime),
            Phase::Receiving => self.since + limits.query_timeout,
            Phase::Sending => self.since + limits.reply_timeout,
            Phase::Ending => self.since + LINGER,
        }
    }

    /// The peer fails to do what it owes us: it has begun a query, or asked and does not listen.
    pub fn is_in_arrears(&self) -> bool {
        matches!(self.phase, Phase::Receiving | Phase::Sending)
    }

    /// Octets kept until the next turn.
    pub fn held(&self) -> usize {
        self.input.capacity() + self.output.capacity()
    }

    /// Ends it at once, so that the kernel does not keep what the peer does not read either.
    pub fn reset(self) {
        // Without it the close is only a slower one.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Goes on until the socket would block, the peer is done or the turn is over.
    ///
    /// `answer` puts a reply in the place of the query in the first octets of its buffer and says how long it is.
    pub fn drive(
        &mut self,
        turn: &mut Turn<'_>,
        mut answer: impl FnMut(&mut [u8], usize) -> Option<usize>,
    ) -> Wants {
        let Ok(wants) = self.take_turn(turn, &mut answer) else {
            return Wants::Close;
        };
        if self.phase == Phase::Idle && !self.input.is_empty() {
            self.enter(Phase::Receiving, turn.now);
        }
        if wants != Wants::Close && !self.is_ending && self.outlives(turn) {
            self.end();
            return Wants::Turn;
        }
        wants
    }

    fn take_turn(
        &mut self,
        turn: &mut Turn<'_>,
        answer: &mut impl FnMut(&mut [u8], usize) -> Option<usize>,
    ) -> io::Result<Wants> {
        for _ in 0..READS_PER_TURN {
            if !self.send_held(turn)? || !self.answer_held(turn, answer)? {
                return Ok(Wants::Event);
            }
            if self.is_ending {
                self.shut(turn)?;
            }
            if let Some(wants) = self.fill()? {
                return Ok(wants);
            }
        }
        Ok(Wants::Turn)
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.since = now;
    }

    fn outlives(&self, turn: &Turn<'_>) -> bool {
        turn.now >= self.born + turn.limits.lifetime
    }

    fn end(&mut self) {
        self.is_ending = true;
        self.input = Vec::new();
    }

    fn shut(&mut self, turn: &Turn<'_>) -> io::Result<()> {
        if self.phase != Phase::Ending {
            self.stream.shutdown(Shutdown::Write)?;
            self.enter(Phase::Ending, turn.now);
        }
        Ok(())
    }

    /// Sends the replies that wait; false: the peer still does not take them all.
    fn send_held(&mut self, turn: &Turn<'_>) -> io::Result<bool> {
        if self.output.is_empty() {
            return Ok(true);
        }
        let rest = self.output.get(self.written..).unwrap_or(&[]);
        let (sent, length) = (send(&mut self.stream, rest)?, rest.len());
        self.written += sent;
        if sent < length {
            return Ok(false);
        }
        self.output = Vec::new();
        self.written = 0;
        self.enter(Phase::Idle, turn.now);
        Ok(true)
    }

    /// Answers all queries that are complete; false: the peer does not take the replies.
    fn answer_held(
        &mut self,
        turn: &mut Turn<'_>,
        answer: &mut impl FnMut(&mut [u8], usize) -> Option<usize>,
    ) -> io::Result<bool> {
        while self.answer_some(turn.replies, answer) {
            let replies = turn.replies.as_bytes();
            let sent = send(&mut self.stream, replies)?;
            let unsent = replies.get(sent..).unwrap_or(&[]);
            if !unsent.is_empty() {
                self.output = unsent.to_vec();
                self.enter(Phase::Sending, turn.now);
                return Ok(false);
            }
            self.enter(Phase::Idle, turn.now);
        }
        Ok(true)
    }

    /// Answers as many as are worth sending together; false: there was nothing to answer.
    fn answer_some(
        &mut self,
        replies: &mut Replies,
        answer: &mut impl FnMut(&mut [u8], usize) -> Option<usize>,
    ) -> bool {
        replies.clear();
        let mut rest = self.input.as_slice();
        let mut is_garbage = false;
        while let Some((query, after)) = split_frame(rest).filter(|_| !replies.is_enough()) {
            // RFC 7766 gives no way to skip a message; who sends something else than queries is not served further.
            is_garbage = !replies.push(query, &mut *answer);
            if is_garbage {
                break;
            }
            rest = after;
        }
        let answered = self.input.len() - rest.len();
        if is_garbage {
            self.end();
        } else if answered == self.input.len() {
            self.input = Vec::new();
        } else {
            self.input.drain(..answered);
        }
        answered > 0
    }

    /// Reads on, or throws away what comes after the end; `None`: there may be more.
    fn fill(&mut self) -> io::Result<Option<Wants>> {
        let mut octets = [0; READ_SIZE];
        match self.stream.read(&mut octets) {
            // Half-closed, perhaps: whatever was complete has been answered by now.
            Ok(0) => Ok(Some(Wants::Close)),
            Ok(_) if self.is_ending => Ok(None),
            Ok(count) => {
                let octets = octets.get(..count).unwrap_or(&[]);
                self.input.extend_from_slice(octets);
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(Wants::Event)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The first message of `octets`, if all of it is there, and what follows.
fn split_frame(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk::<FRAME_HEADER>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// How much of `octets` the peer's window takes.
fn send(stream: &mut TcpStream, octets: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while let Some(rest) = octets.get(sent..).filter(|rest| !rest.is_empty()) {
        match stream.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

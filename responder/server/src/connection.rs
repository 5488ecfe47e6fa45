//! One TCP connection: framed queries in, framed replies out, in order (RFC 7766).
//!
//! ```text
//!        ┌──────────────── everything written ───────────────┐
//!        ▼                                                    │
//!  answer a query that is complete ──► write the reply ───────┤
//!        │ none complete                  │ peer does not read│
//!        ▼                                ▼                   │
//!  read ──► would block: Waiting       Waiting                │
//!    └─► peer is done: Closed                                 │
//!    └─► octets ──────────────────────────────────────────────┘
//! ```
//!
//! Nothing is read while a reply waits to be written, so a connection holds one reply at most.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::time::Instant;

use mio::net::TcpStream;

/// The two octets before each message (RFC 1035 section 4.2.2).
const FRAME_HEADER: usize = 2;
/// Read at once; a longer query comes in pieces.
const READ_SIZE: usize = 4096;
/// Answers per turn, so that one pipelining client does not keep the others waiting.
const ANSWERS_PER_TURN: usize = 64;

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

pub(crate) struct Connection {
    pub stream: TcpStream,
    pub peer: IpAddr,
    /// When the last reply was written, or the connection made: idle time counts from here, however much trickles in.
    pub active: Instant,
    input: Vec<u8>,
    reply: Vec<u8>,
    frame_header: [u8; FRAME_HEADER],
    written: usize,
}

impl Connection {
    pub fn new(stream: TcpStream, peer: IpAddr, now: Instant) -> Self {
        Self {
            stream,
            peer,
            active: now,
            input: Vec::new(),
            reply: Vec::new(),
            frame_header: [0; FRAME_HEADER],
            written: 0,
        }
    }

    /// Whether nothing is half-read and nothing half-written.
    pub fn is_quiet(&self) -> bool {
        self.input.is_empty() && self.reply.is_empty()
    }

    /// Goes on until the socket would block, the peer is done or the turn is over. `answer` says whether to reply.
    pub fn drive(
        &mut self,
        now: Instant,
        mut answer: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
    ) -> Wants {
        for _ in 0..ANSWERS_PER_TURN {
            match self.advance(now, &mut answer) {
                Ok(Some(wants)) => return wants,
                Ok(None) => {}
                Err(_) => return Wants::Close,
            }
        }
        Wants::Turn
    }

    fn advance(
        &mut self,
        now: Instant,
        answer: &mut impl FnMut(&[u8], &mut Vec<u8>) -> bool,
    ) -> io::Result<Option<Wants>> {
        if !self.flush(now)? {
            return Ok(Some(Wants::Event));
        }
        if let Some(end) = self.complete_query() {
            let query = self.input.get(FRAME_HEADER..end).unwrap_or(&[]);
            // RFC 7766 gives no way to skip a message; who sends something else than queries is not served further.
            if !answer(query, &mut self.reply) {
                return Ok(Some(Wants::Close));
            }
            self.frame_header = (self.reply.len() as u16).to_be_bytes();
            self.input.drain(..end);
            return Ok(None);
        }
        self.fill()
    }

    /// Where the first complete query ends in the input.
    fn complete_query(&self) -> Option<usize> {
        let (length, _) = self.input.split_first_chunk()?;
        let end = FRAME_HEADER + usize::from(u16::from_be_bytes(*length));
        (self.input.len() >= end).then_some(end)
    }

    fn fill(&mut self) -> io::Result<Option<Wants>> {
        let mut octets = [0; READ_SIZE];
        match self.stream.read(&mut octets) {
            Ok(0) => Ok(Some(Wants::Close)),
            Ok(count) => {
                self.input
                    .extend_from_slice(octets.get(..count).unwrap_or(&[]));
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(Wants::Event)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes what is left of the reply; false: the peer has to read first.
    fn flush(&mut self, now: Instant) -> io::Result<bool> {
        if self.reply.is_empty() {
            return Ok(true);
        }
        let total = FRAME_HEADER + self.reply.len();
        while self.written < total {
            match self.write_some() {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.reply.clear();
        self.written = 0;
        self.active = now;
        Ok(true)
    }

    /// RFC 7766 section 8: length and message go out together.
    fn write_some(&mut self) -> io::Result<usize> {
        let header = self.frame_header.get(self.written..).unwrap_or(&[]);
        let reply_from = self.written.saturating_sub(FRAME_HEADER);
        let reply = self.reply.get(reply_from..).unwrap_or(&[]);
        let parts = [io::IoSlice::new(header), io::IoSlice::new(reply)];
        self.stream.write_vectored(&parts)
    }
}

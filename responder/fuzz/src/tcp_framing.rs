//! One TCP connection: however its stream is cut and its replies are read, the same queries come out of it as in one
//! piece, once each and in order, and nothing after garbage.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use responder_server::fuzzing::Conversation;

/// Sizes of pieces written and read in turn come first, the stream behind them.
const PLAN: usize = 16;
/// What the kernel rounds up to its least, so that a slow reader soon stops the replies.
const SEND_BUFFER: usize = 1;
/// A query and what is read at once behind it, replies until they are enough to send and the largest one more, and
/// what vectors that grow by doubling may have to spare.
const MOST_HELD: usize = 2 * ((2 + 65535 + 4096) + (16 << 10) + (2 + 65535));
/// Slow for so long, and as fast as it goes from then on.
const SLOW_ROUNDS: usize = 64;
const MOST_ROUNDS: usize = 1 << 16;
const LONGEST_STREAM: usize = 4096;

pub fn check(octets: &[u8]) {
    let Some((plan, stream)) = octets.split_first_chunk::<PLAN>() else {
        return;
    };
    let stream = &stream[..stream.len().min(LONGEST_STREAM)];
    let expected = Transcript::plain(stream);
    let mut peer = Peer::new(plan, stream);
    peer.converse();
    assert_eq!(peer.transcript, expected);
}

/// The queries that were answered and the octets that came back.
#[derive(Default, Debug, PartialEq, Eq)]
struct Transcript {
    queries: Vec<Vec<u8>>,
    replies: Vec<u8>,
}

impl Transcript {
    /// RFC 7766 section 8: two octets of length, a message, and so on.
    fn plain(mut stream: &[u8]) -> Self {
        let mut transcript = Self::default();
        while let [high, low, rest @ ..] = stream {
            let length = usize::from(*high) << 8 | usize::from(*low);
            let Some((query, rest)) = rest.split_at_checked(length) else {
                break;
            };
            transcript.queries.push(query.to_vec());
            let Some(reply) = reply_to(query) else {
                break;
            };
            transcript
                .replies
                .extend((reply.len() as u16).to_be_bytes());
            transcript.replies.extend(reply);
            stream = rest;
        }
        transcript
    }
}

/// A reply that tells its query and has any size; none to garbage.
fn reply_to(query: &[u8]) -> Option<Vec<u8>> {
    match query {
        [] | [0xFF, ..] => None,
        [times, ..] => {
            let octets = query.iter().rev().cycle();
            let length = query.len() * usize::from(*times) * 8;
            Some(octets.copied().take(length.clamp(1, 65535)).collect())
        }
    }
}

/// The client of a connection.
struct Peer<'a> {
    plan: &'a [u8; PLAN],
    unsent: &'a [u8],
    socket: UnixStream,
    conversation: Option<Conversation>,
    transcript: Transcript,
}

impl<'a> Peer<'a> {
    fn new(plan: &'a [u8; PLAN], stream: &'a [u8]) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_nonblocking(true).expect("a socket option");
        let theirs = std::net::TcpStream::from(OwnedFd::from(theirs));
        let conversation = Conversation::over(theirs, SEND_BUFFER).expect("socket options");
        Self {
            plan,
            unsent: stream,
            socket: ours,
            conversation: Some(conversation),
            transcript: Transcript::default(),
        }
    }

    /// Writes and reads as planned until the connection ends, which it does once all is written and read.
    fn converse(&mut self) {
        for round in 0..MOST_ROUNDS {
            let [write, read] = match round < SLOW_ROUNDS {
                true => [0, 1].map(|turn| usize::from(self.plan[(2 * round + turn) % PLAN])),
                false => [usize::MAX, 1 << 16],
            };
            self.write(write);
            self.take_turn();
            if self.read(read) {
                return;
            }
        }
        panic!("the connection does not end");
    }

    fn write(&mut self, most: usize) {
        let piece = &self.unsent[..self.unsent.len().min(most)];
        match self.socket.write(piece) {
            Ok(count) => self.unsent = &self.unsent[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // The other side is closed.
            Err(_) => self.unsent = &[],
        }
        if self.unsent.is_empty() {
            // Again and again, which does no harm.
            let _ = self.socket.shutdown(Shutdown::Write);
        }
    }

    fn take_turn(&mut self) {
        let queries = &mut self.transcript.queries;
        let answer = |message: &mut [u8], length: usize| {
            let query = message[..length].to_vec();
            let reply = reply_to(&query);
            queries.push(query);
            let reply = reply?;
            message[..reply.len()].copy_from_slice(&reply);
            Some(reply.len())
        };
        if let Some(conversation) = &mut self.conversation {
            let goes_on = conversation.turn(answer);
            let held = conversation.held();
            assert!(held <= MOST_HELD, "{held} octets held");
            if !goes_on {
                self.conversation = None;
            }
        }
    }

    /// True: the other side has closed.
    fn read(&mut self, most: usize) -> bool {
        if most == 0 {
            return false;
        }
        let mut octets = vec![0; most];
        match self.socket.read(&mut octets) {
            Ok(0) => true,
            Ok(count) => {
                self.transcript.replies.extend(&octets[..count]);
                false
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        }
    }
}

//! A door for fuzz targets: one TCP connection, with nothing around it but its stream.

use std::io;
use std::time::Instant;

use mio::net::TcpStream;
use socket2::SockRef;

use crate::connection::{Connection, Turn, Wants};
use crate::limits::Limits;
use crate::replies::Replies;

/// A connection whose turns come when the target says so, all of them at the same time by the clock.
pub struct Conversation {
    connection: Connection,
    replies: Replies,
    limits: Limits,
    now: Instant,
}

impl Conversation {
    /// `send_buffer`: how much the kernel takes of the replies before the peer reads.
    pub fn over(stream: std::net::TcpStream, send_buffer: usize) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        SockRef::from(&stream).set_send_buffer_size(send_buffer)?;
        let now = Instant::now();
        Ok(Self {
            connection: Connection::new(TcpStream::from_std(stream), now),
            replies: Replies::new(),
            limits: Limits::default(),
            now,
        })
    }

    /// Goes on as far as it can; false: it is over.
    pub fn turn(&mut self, mut answer: impl FnMut(&mut [u8], usize) -> Option<usize>) -> bool {
        loop {
            let mut turn = Turn {
                now: self.now,
                limits: &self.limits,
                replies: &mut self.replies,
            };
            match self.connection.drive(&mut turn, &mut answer) {
                Wants::Turn => {}
                wants => return wants == Wants::Event,
            }
        }
    }

    /// Octets kept until the next turn.
    pub fn held(&self) -> usize {
        self.connection.held()
    }
}

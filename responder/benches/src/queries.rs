//! The file of prepared queries, and what a reply to one must be like.
//!
//! ```text
//! query ×n:  length u16, rcode u8, has_answer u8, packet       big-endian; has_answer 1: the reply holds a record
//! ```

use std::io;
use std::path::Path;

const HEADER: usize = 12;

/// How replies are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// Of a DNS server: code, question, and an answer where there must be one.
    Dns,
    /// Of an echo: the very query.
    Echo,
}

struct Query {
    start: usize,
    end: usize,
    question_end: usize,
    rcode: u8,
    has_answer: bool,
}

pub struct Queries {
    octets: Vec<u8>,
    queries: Vec<Query>,
}

impl Queries {
    /// Reads the file. Fails if it holds no query, or something that is none.
    pub fn read(path: &Path) -> io::Result<Self> {
        let octets = std::fs::read(path)?;
        let mut queries = Vec::new();
        let mut start = 0;
        while start < octets.len() {
            let query = Query::at(&octets, start).ok_or_else(|| malformed(path, start))?;
            start = query.end;
            queries.push(query);
        }
        match queries.is_empty() {
            true => Err(malformed(path, 0)),
            false => Ok(Self { octets, queries }),
        }
    }

    pub fn len(&self) -> usize {
        self.queries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    pub fn packet(&self, number: usize) -> &[u8] {
        let query = self.queries.get(number);
        query
            .and_then(|query| self.octets.get(query.start..query.end))
            .unwrap_or_default()
    }

    /// Whether `reply`, whose id is known to be right, is what query `number` is to be answered with.
    pub fn is_answered(&self, number: usize, reply: &[u8], judge: Judge) -> bool {
        let packet = self.packet(number);
        if judge == Judge::Echo {
            return reply.get(2..) == packet.get(2..);
        }
        let (Some(query), Some(header)) = (self.queries.get(number), reply.first_chunk::<HEADER>())
        else {
            return false;
        };
        let question = HEADER..query.question_end - query.start;
        let [_, _, flags, codes, _, _, high, low, ..] = *header;
        let is_complete_reply = flags & 0b1000_0010 == 0b1000_0000;
        is_complete_reply
            && codes & 0x0f == query.rcode
            && ((high, low) != (0, 0)) == query.has_answer
            && reply.get(question.clone()) == packet.get(question)
    }
}

impl Query {
    fn at(octets: &[u8], start: usize) -> Option<Self> {
        let [high, low, rcode, has_answer] = *octets.get(start..)?.first_chunk()?;
        let start = start + 4;
        let end = start + usize::from(u16::from_be_bytes([high, low]));
        let name = octets.get(start + HEADER..end)?;
        // The name ends with its first zero octet: the names of the benchmarks hold none inside.
        let name_length = name.iter().position(|octet| *octet == 0)? + 1;
        Some(Self {
            start,
            end,
            question_end: (start + HEADER + name_length + 4).min(end),
            rcode,
            has_answer: has_answer != 0,
        })
    }
}

fn malformed(path: &Path, offset: usize) -> io::Error {
    let message = format!("{}: no query at octet {offset}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, message)
}

//! Composes a response: whole RRsets or none, names compressed, never longer than its limit.

use super::name::Name;
use super::query::Echo;
use super::rdata::NameFields;
use super::reader::HEADER_LEN;
use super::types::{CLASS_IN, Rcode, RecordType};

const FLAG_RESPONSE: u16 = 0x8000;
const FLAG_AUTHORITATIVE: u16 = 0x0400;
const FLAG_TRUNCATED: u16 = 0x0200;
const FLAG_RECURSION_DESIRED: u16 = 0x0100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Answer = 0,
    Authority = 1,
    Additional = 2,
}

/// The RRset does not fit; the message is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// What the header and the OPT record say about the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub rcode: Rcode,
    pub authoritative: bool,
    pub truncated: bool,
    /// The ECS scope prefix the answer holds for.
    pub scope: u8,
}

impl Verdict {
    pub fn of(rcode: Rcode) -> Self {
        Self {
            rcode,
            authoritative: false,
            truncated: false,
            scope: 0,
        }
    }
}

pub struct MessageWriter<'a> {
    echo: &'a Echo<'a>,
    out: &'a mut Vec<u8>,
    limit: usize,
    compressor: Compressor,
    counts: [u16; 3],
}

impl<'a> MessageWriter<'a> {
    /// Starts the reply to `echo` in the cleared `out`; it will take no more than `limit` octets.
    pub fn new(echo: &'a Echo<'a>, out: &'a mut Vec<u8>, limit: usize) -> Self {
        out.clear();
        out.extend_from_slice(&[0; HEADER_LEN]);
        out.extend_from_slice(echo.question);
        let opt = echo.edns.as_ref().map_or(0, |edns| edns.reply_len());
        let mut compressor = Compressor::default();
        if let Ok((name, _)) = Name::split_from(echo.question) {
            compressor.remember_all(HEADER_LEN, name);
        }
        Self {
            echo,
            out,
            limit: limit.saturating_sub(opt),
            compressor,
            counts: [0; 3],
        }
    }

    /// Appends an RRset, or nothing if it does not fit as a whole.
    pub fn put<'r>(
        &mut self,
        section: Section,
        owner: Name<'_>,
        record_type: RecordType,
        ttl: u32,
        rdatas: impl Iterator<Item = &'r [u8]>,
    ) -> Result<(), Full> {
        let (start, known) = (self.out.len(), self.compressor.count);
        let mut count = 0;
        for rdata in rdatas {
            self.put_record(owner, record_type, ttl, rdata);
            count += 1;
            if self.out.len() > self.limit {
                self.out.truncate(start);
                self.compressor.count = known;
                return Err(Full);
            }
        }
        if let Some(total) = self.counts.get_mut(section as usize) {
            *total += count;
        }
        Ok(())
    }

    /// Completes OPT record and header.
    pub fn finish(mut self, verdict: Verdict) {
        if let Some(edns) = &self.echo.edns {
            edns.compose_reply(verdict.rcode, verdict.scope, self.out);
            self.counts[2] += 1;
        }
        let header = self.header(verdict);
        for (to, from) in self.out.iter_mut().zip(header) {
            *to = from;
        }
    }

    fn header(&self, verdict: Verdict) -> [u8; HEADER_LEN] {
        let [id_high, id_low] = self.echo.id.to_be_bytes();
        let [flags_high, flags_low] = self.flags(verdict).to_be_bytes();
        let [[an_high, an_low], [ns_high, ns_low], [ar_high, ar_low]] =
            self.counts.map(u16::to_be_bytes);
        let questions = u8::from(!self.echo.question.is_empty());
        [
            id_high, id_low, flags_high, flags_low, 0, questions, an_high, an_low, ns_high, ns_low,
            ar_high, ar_low,
        ]
    }

    fn flags(&self, verdict: Verdict) -> u16 {
        let flag = |set: bool, bit: u16| if set { bit } else { 0 };
        FLAG_RESPONSE
            | u16::from(self.echo.opcode) << 11
            | flag(verdict.authoritative, FLAG_AUTHORITATIVE)
            | flag(verdict.truncated, FLAG_TRUNCATED)
            | flag(self.echo.recursion_desired, FLAG_RECURSION_DESIRED)
            | u16::from(verdict.rcode.in_header())
    }

    fn put_record(&mut self, owner: Name<'_>, record_type: RecordType, ttl: u32, rdata: &[u8]) {
        self.compressor.put(self.out, owner);
        self.out.extend_from_slice(&record_type.0.to_be_bytes());
        self.out.extend_from_slice(&CLASS_IN.to_be_bytes());
        self.out.extend_from_slice(&ttl.to_be_bytes());
        let length_at = self.out.len();
        self.out.extend_from_slice(&[0; 2]);
        self.put_rdata(record_type, rdata);
        let length = (self.out.len() - length_at - 2) as u16;
        let length_field = self.out.get_mut(length_at..).unwrap_or_default();
        for (to, from) in length_field.iter_mut().zip(length.to_be_bytes()) {
            *to = from;
        }
    }

    fn put_rdata(&mut self, record_type: RecordType, rdata: &[u8]) {
        let fields = NameFields::of(record_type).filter(|fields| fields.compressible);
        let Some((fields, (before, mut rest))) =
            fields.and_then(|fields| Some((fields, rdata.split_at_checked(fields.before)?)))
        else {
            self.out.extend_from_slice(rdata);
            return;
        };
        self.out.extend_from_slice(before);
        for _ in 0..fields.names {
            if let Ok((name, after)) = Name::split_from(rest) {
                self.compressor.put(self.out, name);
                rest = after;
            }
        }
        self.out.extend_from_slice(rest);
    }
}

/// Enough for a chain or a referral; what is past it is written in full.
const REMEMBERED_NAMES: usize = 32;
/// RFC 1035 section 4.1.4: a pointer has 14 bits.
const LAST_POINTER: usize = 0x3FFF;

/// Where in the message names start, longest known first come.
#[derive(Default)]
struct Compressor {
    known: [KnownName; REMEMBERED_NAMES],
    count: usize,
}

#[derive(Default, Clone, Copy)]
struct KnownName {
    offset: u16,
    /// Uncompressed length, so that most names are told apart without reading them.
    length: u8,
}

impl Compressor {
    fn remember_all(&mut self, mut offset: usize, name: Name<'_>) {
        for name in name.ancestors().filter(|name| !name.is_root()) {
            self.remember(offset, name);
            offset += name.split_label().map_or(0, |(label, _)| label.len() + 1);
        }
    }

    fn remember(&mut self, offset: usize, name: Name<'_>) {
        if offset > LAST_POINTER {
            return;
        }
        if let Some(free) = self.known.get_mut(self.count) {
            *free = KnownName {
                offset: offset as u16,
                length: name.as_bytes().len() as u8,
            };
            self.count += 1;
        }
    }

    fn put(&mut self, out: &mut Vec<u8>, name: Name<'_>) {
        let mut rest = name;
        while let Some((label, parent)) = rest.split_label() {
            if let Some(offset) = self.find(out, rest) {
                out.extend_from_slice(&(0xC000 | offset).to_be_bytes());
                return;
            }
            self.remember(out.len(), rest);
            out.push(label.len() as u8);
            out.extend_from_slice(label);
            rest = parent;
        }
        out.push(0);
    }

    fn find(&self, out: &[u8], name: Name<'_>) -> Option<u16> {
        let known = self.known.get(..self.count)?;
        let length = name.as_bytes().len();
        let same = |known: &&KnownName| {
            usize::from(known.length) == length && is_at(out, known.offset.into(), name)
        };
        known.iter().find(same).map(|known| known.offset)
    }
}

/// Whether the possibly compressed name at `position` of our own message equals `name`, whatever the case.
fn is_at(out: &[u8], mut position: usize, name: Name<'_>) -> bool {
    for label in name.labels() {
        while let Some([high @ 0xC0..=0xFF, low]) = out.get(position..position + 2) {
            position = usize::from(high & 0x3F) << 8 | usize::from(*low);
        }
        let end = position + 1 + label.len();
        let here = out.get(position..end).and_then(<[u8]>::split_first);
        let same = here.is_some_and(|(length, octets)| {
            usize::from(*length) == label.len() && octets.eq_ignore_ascii_case(label)
        });
        if !same {
            return false;
        }
        position = end;
    }
    true
}

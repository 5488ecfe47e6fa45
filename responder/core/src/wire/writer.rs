//! Composes a response in the place of its query: whole RRsets or none, names compressed, never longer than its limit.
//!
//! ```text
//! │ header │ question │ OPT of the query …              what arrived
//! │ header │ question │ records …            │ OPT │    what leaves: the question is not touched
//! ```

use super::compressor::Compressor;
use super::edns::Extras;
use super::extended_error::ExtendedError;
use super::name::Name;
use super::output::Output;
use super::query::Query;
use super::rdata::NameFields;
use super::reader::HEADER_LEN;
use super::types::{CLASS_CH, CLASS_IN, Rcode, RecordType};

const FLAG_RESPONSE: u16 = 0x8000;
const FLAG_AUTHORITATIVE: u16 = 0x0400;
const FLAG_TRUNCATED: u16 = 0x0200;
/// Opcode and "recursion desired" are repeated from the query.
const FLAGS_KEPT: u16 = 0x7900;
/// Type and class.
const QUESTION_FIXED: usize = 4;
/// A pointer to the name of the question.
const TO_QUESTION: [u8; 2] = [0xC0, HEADER_LEN as u8];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Answer = 0,
    Authority = 1,
    Additional = 2,
}

/// Whose records they are.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'n> {
    /// The name that was asked for.
    Question,
    Name(Name<'n>),
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
    /// Said if there is room for it.
    pub extended_error: Option<ExtendedError>,
}

impl Verdict {
    pub fn of(rcode: Rcode) -> Self {
        Self {
            rcode,
            authoritative: false,
            truncated: false,
            scope: 0,
            extended_error: None,
        }
    }
}

/// A record whose names are all at or above the origin of its zone, but for labels in front, made ahead of the
/// question: `pointers` says where in `octets` a pointer goes, and how long the name is that it points to.
#[derive(Debug, Default)]
pub struct Prepared {
    pub octets: Box<[u8]>,
    pub pointers: Box<[(u16, u8)]>,
}

/// Memory of a writer, reused from message to message.
#[derive(Debug, Default)]
pub struct WriterScratch {
    compressor: Compressor,
}

pub struct MessageWriter<'a> {
    query: &'a Query,
    extras: &'a Extras<'a>,
    out: Output<'a>,
    /// What records may fill: less than the message by its OPT record.
    limit: usize,
    message_limit: usize,
    compressor: &'a mut Compressor,
    counts: [u16; 3],
}

impl<'a> MessageWriter<'a> {
    /// Starts the reply to `query`, which `message` begins with; it will take no more than `limit` octets.
    #[inline]
    pub fn new(
        (query, extras): (&'a Query, &'a Extras<'a>),
        message: &'a mut [u8],
        limit: usize,
        scratch: &'a mut WriterScratch,
    ) -> Self {
        scratch.compressor.forget();
        let limit = limit.min(message.len());
        let opt = query.edns.as_ref().map_or(0, |edns| edns.reply_len(extras));
        Self {
            query,
            extras,
            out: Output::behind(query.question_end.into(), message),
            limit: limit.saturating_sub(opt),
            message_limit: limit,
            compressor: &mut scratch.compressor,
            counts: [0; 3],
        }
    }

    /// Appends an RRset, or nothing if it does not fit as a whole.
    pub fn put<'r>(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        record_type: RecordType,
        ttl: u32,
        rdatas: impl Iterator<Item = &'r [u8]>,
    ) -> Result<(), Full> {
        let (start, known) = (self.out.position(), self.compressor.known());
        let fields = NameFields::of(record_type).filter(|fields| fields.compressible);
        let mut count = 0;
        for rdata in rdatas {
            self.put_owner(owner);
            self.put_fixed((record_type, CLASS_IN), ttl, rdata.len());
            match fields {
                None => self.out.put(rdata),
                Some(fields) => self.put_compressed(fields, rdata),
            }
            count += 1;
            if self.out.position() > self.limit {
                self.out.truncate(start);
                self.compressor.truncate(known);
                return Err(Full);
            }
        }
        self.count(section, count);
        Ok(())
    }

    /// Appends a record that was prepared for the zone that the question's name is in.
    pub fn put_prepared(&mut self, section: Section, record: &Prepared) -> Result<(), Full> {
        let start = self.out.position();
        if start + record.octets.len() > self.limit {
            return Err(Full);
        }
        self.out.put(&record.octets);
        let name_end = usize::from(self.query.question_end) - QUESTION_FIXED;
        for (at, length) in &record.pointers {
            let target = 0xC000 | (name_end - usize::from(*length)) as u16;
            self.out
                .replace(start + usize::from(*at), target.to_be_bytes());
        }
        self.count(section, 1);
        Ok(())
    }

    /// Appends a TXT record of class CH for the name asked for: one string of at most 255 octets, not to be cached.
    pub fn put_chaos_text(&mut self, text: &str) -> Result<(), Full> {
        let start = self.out.position();
        self.put_owner(Owner::Question);
        self.put_fixed((RecordType::TXT, CLASS_CH), 0, 1 + text.len());
        self.out.put(&[text.len() as u8]);
        self.out.put(text.as_bytes());
        if self.out.position() > self.limit {
            self.out.truncate(start);
            return Err(Full);
        }
        self.count(Section::Answer, 1);
        Ok(())
    }

    /// Completes OPT record and header, and says how long the message is.
    pub fn finish(mut self, verdict: Verdict) -> usize {
        if let Some(edns) = &self.query.edns {
            edns.compose_reply(self.extras, &verdict, self.message_limit, &mut self.out);
            self.counts[2] += 1;
        }
        let [flags_high, flags_low] = self.flags(verdict).to_be_bytes();
        let [[an_high, an_low], [ns_high, ns_low], [ar_high, ar_low]] =
            self.counts.map(u16::to_be_bytes);
        let questions = u8::from(usize::from(self.query.question_end) > HEADER_LEN);
        let behind_id = [
            flags_high, flags_low, 0, questions, an_high, an_low, ns_high, ns_low, ar_high, ar_low,
        ];
        self.out.replace(2, behind_id);
        self.out.position()
    }

    fn flags(&self, verdict: Verdict) -> u16 {
        let flag = |set: bool, bit: u16| if set { bit } else { 0 };
        let asked = self.out.written().get(2..).and_then(<[u8]>::first_chunk);
        let asked = asked.map_or(0, |flags| u16::from_be_bytes(*flags));
        FLAG_RESPONSE
            | asked & FLAGS_KEPT
            | flag(verdict.authoritative, FLAG_AUTHORITATIVE)
            | flag(verdict.truncated, FLAG_TRUNCATED)
            | u16::from(verdict.rcode.in_header())
    }

    fn count(&mut self, section: Section, count: u16) {
        if let Some(total) = self.counts.get_mut(section as usize) {
            *total += count;
        }
    }

    fn put_owner(&mut self, owner: Owner<'_>) {
        match owner {
            Owner::Question => self.out.put(&TO_QUESTION),
            Owner::Name(name) => self.put_name(name),
        }
    }

    fn put_name(&mut self, name: Name<'_>) {
        if self.compressor.is_empty() {
            let question = self.out.written().get(HEADER_LEN..).unwrap_or(&[]);
            if let Ok((name, _)) = Name::split_from(question) {
                self.compressor.remember_all(HEADER_LEN, name);
            }
        }
        self.compressor.put(&mut self.out, name);
    }

    fn put_fixed(&mut self, (record_type, class): (RecordType, u16), ttl: u32, length: usize) {
        let [type_high, type_low] = record_type.0.to_be_bytes();
        let [class_high, class_low] = class.to_be_bytes();
        let [a, b, c, d] = ttl.to_be_bytes();
        let [length_high, length_low] = (length as u16).to_be_bytes();
        self.out.put(&[
            type_high,
            type_low,
            class_high,
            class_low,
            a,
            b,
            c,
            d,
            length_high,
            length_low,
        ]);
    }

    fn put_compressed(&mut self, fields: NameFields, rdata: &[u8]) {
        let start = self.out.position();
        let (before, mut rest) = rdata
            .split_at_checked(fields.before)
            .unwrap_or((rdata, &[]));
        self.out.put(before);
        for _ in 0..fields.names {
            if let Ok((name, after)) = Name::split_from(rest) {
                self.put_name(name);
                rest = after;
            }
        }
        self.out.put(rest);
        let length = (self.out.position() - start) as u16;
        self.out.replace(start - 2, length.to_be_bytes());
    }
}

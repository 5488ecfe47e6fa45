//! A query, checked field by field before anything else sees it.
//!
//! ```text
//! packet ─► no DNS query at all        ─► Refusal::Ignore
//!        ─► a query we cannot accept   ─► Refusal::Reply(rcode, what could be read)
//!        ─► Query
//! ```

use super::cookie::Cookie;
use super::edns::{Edns, MalformedOption};
use super::lookup_name::LookupName;
use super::reader::{HEADER_LEN, ReadError, Reader};
use super::types::{CLASS_ANY, CLASS_CH, CLASS_IN, Rcode, RecordType};

const FLAG_RESPONSE: u16 = 0x8000;
const OPCODE_QUERY: u16 = 0;
/// Questions that are read only to find the OPT record behind them.
const MOST_SKIPPED: u16 = 4;

/// What a reply needs to know of its query; it owns nothing of the packet, which the reply is written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    pub record_type: RecordType,
    pub class: u16,
    /// Where the question ends in the packet; that of the header if none could be read.
    pub question_end: u16,
    pub edns: Option<Edns>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too short, or a response: answering could start a loop.
    Ignore,
    /// With what could be read of the query.
    Reply(Rcode),
}

impl Default for Query {
    fn default() -> Self {
        Self::new()
    }
}

impl Query {
    pub const fn new() -> Self {
        Self {
            record_type: RecordType(0),
            class: CLASS_IN,
            question_end: HEADER_LEN as u16,
            edns: None,
        }
    }

    /// Checks `packet` and takes from it what there is to know; the name asked for goes to `name`.
    ///
    /// In place, because what is read here is too much to be handed from function to function for every packet.
    pub fn read(&mut self, packet: &[u8], name: &mut LookupName) -> Result<(), Refusal> {
        let header = Header::read(packet).ok_or(Refusal::Ignore)?;
        self.record_type = RecordType(0);
        self.class = CLASS_IN;
        self.question_end = HEADER_LEN as u16;
        self.edns = None;
        let mut reader = Reader::new(packet);
        if header.opcode != OPCODE_QUERY {
            header.salvage(&mut reader, self);
            return Err(Refusal::Reply(Rcode::NOTIMP));
        }
        // RFC 9619: "a DNS message with OPCODE = 0 MUST NOT include a QDCOUNT parameter whose value is greater than 1"
        if header.questions != 1 {
            header.salvage(&mut reader, self);
            return Err(Refusal::Reply(Rcode::FORMERR));
        }
        if self.read_question(packet, &mut reader, name).is_err()
            || header.read_edns(&mut reader, &mut self.edns).is_err()
        {
            return Err(Refusal::Reply(Rcode::FORMERR));
        }
        match self.unacceptable() {
            Some(rcode) => Err(Refusal::Reply(rcode)),
            None => Ok(()),
        }
    }

    fn read_question(
        &mut self,
        packet: &[u8],
        reader: &mut Reader<'_>,
        name: &mut LookupName,
    ) -> Result<(), ReadError> {
        reader.take(HEADER_LEN)?;
        // The first name of a message has nothing before it that it could point to.
        let length = name.read(packet.get(HEADER_LEN..).unwrap_or(&[]))?;
        reader.take(length)?;
        let [a, b, c, d] = reader.array()?;
        self.record_type = RecordType(u16::from_be_bytes([a, b]));
        self.class = u16::from_be_bytes([c, d]);
        self.question_end = reader.position() as u16;
        Ok(())
    }

    pub fn has_question(&self) -> bool {
        usize::from(self.question_end) > HEADER_LEN
    }

    /// Whether the client sent a server cookie along, be it ours or not.
    pub fn claims_server_cookie(&self) -> bool {
        let cookie = self.edns.as_ref().and_then(|edns| edns.cookie.as_ref());
        cookie.is_some_and(Cookie::has_server_part)
    }
}

struct Header {
    opcode: u16,
    questions: u16,
    before_additional: usize,
    additional: u16,
}

impl Header {
    /// `None`: not a query.
    fn read(packet: &[u8]) -> Option<Self> {
        let header = packet.first_chunk::<HEADER_LEN>()?;
        let [_, _, a, b, c, d, e, f, g, h, i, j] = *header;
        let flags = u16::from_be_bytes([a, b]);
        if flags & FLAG_RESPONSE != 0 {
            return None;
        }
        let (answers, authority) = (u16::from_be_bytes([e, f]), u16::from_be_bytes([g, h]));
        Some(Self {
            opcode: flags >> 11 & 0x0F,
            questions: u16::from_be_bytes([c, d]),
            before_additional: usize::from(answers) + usize::from(authority),
            additional: u16::from_be_bytes([i, j]),
        })
    }

    /// Reads what the refusal of a message can repeat that is no query, or one of more or less than one question.
    ///
    /// Options are kept only if there is no question at all, which is how a cookie is asked for.
    fn salvage(&self, reader: &mut Reader<'_>, query: &mut Query) {
        let mut last_question = || {
            reader.take(HEADER_LEN)?;
            let mut record_type = RecordType(0);
            for _ in 0..self.questions {
                reader.name()?;
                record_type = RecordType(reader.u16()?);
                reader.u16()?;
            }
            Ok::<_, ReadError>(record_type)
        };
        if self.questions > MOST_SKIPPED {
            return;
        }
        let Ok(record_type) = last_question() else {
            return;
        };
        if self.questions == 1 {
            query.record_type = record_type;
            query.question_end = reader.position() as u16;
        }
        if self.read_edns(reader, &mut query.edns).is_err() {
            query.edns = None;
        }
        if let (1.., Some(edns)) = (self.questions, &mut query.edns) {
            edns.forget_options();
        }
    }

    /// Reads the OPT record into `slot`. If it, or something before or behind it, is malformed, `slot` has what the
    /// reply's OPT record can still be made from: without one, the client would think that we lack EDNS.
    fn read_edns(
        &self,
        reader: &mut Reader<'_>,
        slot: &mut Option<Edns>,
    ) -> Result<(), MalformedMessage> {
        for _ in 0..self.before_additional {
            let record = PlainRecord::read(reader)?;
            // RFC 6891 section 6.1.1: "anywhere within the additional data section"
            if record.record_type == RecordType::OPT {
                return Err(MalformedMessage);
            }
        }
        for _ in 0..self.additional {
            let Ok(record) = PlainRecord::read(reader) else {
                *slot = None;
                return Err(MalformedMessage);
            };
            if record.record_type != RecordType::OPT {
                continue;
            }
            // RFC 6891 section 6.1.1: "If a query message with more than one OPT RR is received, a FORMERR
            // (RCODE=1) MUST be returned." and "The NAME of an OPT RR MUST be 0 (root domain)".
            if slot.is_some() || !record.is_at_root {
                return Err(MalformedMessage);
            }
            Edns::read(slot, record.class, record.ttl, record.octets)?;
        }
        match reader.is_at_end() {
            true => Ok(()),
            false => Err(MalformedMessage),
        }
    }
}

struct MalformedMessage;

impl From<ReadError> for MalformedMessage {
    fn from(_: ReadError) -> Self {
        Self
    }
}

impl From<MalformedOption> for MalformedMessage {
    fn from(_: MalformedOption) -> Self {
        Self
    }
}

impl Query {
    /// The code that says why a well-formed question is not looked up at all.
    fn unacceptable(&self) -> Option<Rcode> {
        let edns = self.edns.as_ref();
        if edns.is_some_and(|edns| edns.version != 0) {
            return Some(Rcode::BADVERS);
        }
        match self.record_type {
            _ if !matches!(self.class, CLASS_IN | CLASS_CH | CLASS_ANY) => Some(Rcode::REFUSED),
            RecordType::ANY => None,
            // Transfers are not offered here, over no transport.
            RecordType::AXFR | RecordType::IXFR => Some(Rcode::REFUSED),
            RecordType::MAILA | RecordType::MAILB => Some(Rcode::NOTIMP),
            meta if meta.is_meta() => Some(Rcode::FORMERR),
            _ => None,
        }
    }
}

/// A resource record, whose owner matters only in so far as it is the root or not.
pub(super) struct PlainRecord<'a> {
    is_at_root: bool,
    pub record_type: RecordType,
    class: u16,
    ttl: u32,
    octets: &'a [u8],
}

impl<'a> PlainRecord<'a> {
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let is_at_root = match reader.clone().u8()? {
            0 => {
                reader.u8()?;
                true
            }
            _ => reader.name()?.as_name().is_root(),
        };
        let [a, b, c, d, e, f, g, h, i, j] = reader.array()?;
        let length = u16::from_be_bytes([i, j]);
        Ok(Self {
            is_at_root,
            record_type: RecordType(u16::from_be_bytes([a, b])),
            class: u16::from_be_bytes([c, d]),
            ttl: u32::from_be_bytes([e, f, g, h]),
            octets: reader.take(length.into())?,
        })
    }
}

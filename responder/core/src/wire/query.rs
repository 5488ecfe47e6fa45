//! A query, checked field by field before anything else sees it.
//!
//! ```text
//! packet ─► no DNS query at all        ─► Refusal::Ignore
//!        ─► a query we cannot accept   ─► Refusal::Reply(rcode, what could be read)
//!        ─► Query
//! ```

use super::edns::{Edns, MalformedEdns};
use super::name::NameBuf;
use super::reader::{HEADER_LEN, ReadError, Reader};
use super::types::{CLASS_IN, Rcode, RecordType};

const FLAG_RESPONSE: u16 = 0x8000;
const FLAG_RECURSION_DESIRED: u16 = 0x0100;
const OPCODE_QUERY: u16 = 0;

/// What every reply repeats from its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    pub id: u16,
    pub opcode: u8,
    pub recursion_desired: bool,
    /// The question as received, so that the case of its name is preserved; empty if none could be read.
    pub question: &'a [u8],
    pub edns: Option<Edns>,
}

#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    pub echo: Echo<'a>,
    /// The name asked for, in lower case.
    pub name: NameBuf,
    pub record_type: RecordType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// Too short, or a response: answering could start a loop.
    Ignore,
    Reply(Rcode, Echo<'a>),
}

impl<'a> Query<'a> {
    pub fn parse(packet: &'a [u8]) -> Result<Self, Refusal<'a>> {
        let (header, mut echo) = Header::read(packet).ok_or(Refusal::Ignore)?;
        if u16::from(echo.opcode) != OPCODE_QUERY {
            return Err(Refusal::Reply(Rcode::NOTIMP, echo));
        }
        let mut reader = Reader::new(packet);
        let question = match header.question(&mut reader) {
            Ok(question) => question,
            Err(_) => return Err(Refusal::Reply(Rcode::FORMERR, echo)),
        };
        echo.question = packet.get(HEADER_LEN..reader.position()).unwrap_or(&[]);
        match header.edns(&mut reader) {
            Ok(edns) => echo.edns = edns,
            Err(MalformedEdns { reply_with }) => {
                echo.edns = reply_with;
                return Err(Refusal::Reply(Rcode::FORMERR, echo));
            }
        }
        match question.unacceptable(echo.edns.as_ref()) {
            Some(rcode) => Err(Refusal::Reply(rcode, echo)),
            None => Ok(Self {
                echo,
                name: NameBuf::lowered(question.name.as_name()),
                record_type: question.record_type,
            }),
        }
    }
}

struct Header {
    questions: u16,
    before_additional: usize,
    additional: u16,
}

impl Header {
    /// `None`: not a query.
    fn read(packet: &[u8]) -> Option<(Self, Echo<'_>)> {
        let mut reader = Reader::new(packet);
        let mut next = || reader.u16().ok();
        let (id, flags) = (next()?, next()?);
        let (questions, answers, authority, additional) = (next()?, next()?, next()?, next()?);
        if flags & FLAG_RESPONSE != 0 {
            return None;
        }
        let echo = Echo {
            id,
            opcode: (flags >> 11 & 0x0F) as u8,
            recursion_desired: flags & FLAG_RECURSION_DESIRED != 0,
            question: &[],
            edns: None,
        };
        let header = Self {
            questions,
            before_additional: usize::from(answers) + usize::from(authority),
            additional,
        };
        Some((header, echo))
    }

    fn question(&self, reader: &mut Reader<'_>) -> Result<Question, ReadError> {
        // RFC 9619: "a DNS message with OPCODE = 0 MUST NOT include a QDCOUNT parameter whose value is greater than 1"
        if self.questions != 1 {
            return Err(ReadError::Short);
        }
        reader.take(HEADER_LEN)?;
        Ok(Question {
            name: reader.name()?,
            record_type: RecordType(reader.u16()?),
            class: reader.u16()?,
        })
    }

    fn edns(&self, reader: &mut Reader<'_>) -> Result<Option<Edns>, MalformedEdns> {
        for _ in 0..self.before_additional {
            Record::read(reader)?;
        }
        let mut edns = None;
        for _ in 0..self.additional {
            let record = Record::read(reader)?;
            if record.record_type != RecordType::OPT {
                continue;
            }
            // RFC 6891 section 6.1.1: "If a query message with more than one OPT RR is received, a FORMERR
            // (RCODE=1) MUST be returned." and "The NAME of an OPT RR MUST be 0 (root domain)".
            if edns.is_some() || !record.owner.as_name().is_root() {
                return Err(MalformedEdns { reply_with: edns });
            }
            edns = Some(Edns::parse(record.class, record.ttl, record.rdata)?);
        }
        if reader.is_at_end() {
            Ok(edns)
        } else {
            Err(MalformedEdns { reply_with: edns })
        }
    }
}

struct Question {
    name: NameBuf,
    record_type: RecordType,
    class: u16,
}

impl Question {
    /// The code that says why a well-formed question is not looked up at all.
    fn unacceptable(&self, edns: Option<&Edns>) -> Option<Rcode> {
        if edns.is_some_and(|edns| edns.version != 0) {
            return Some(Rcode::BADVERS);
        }
        if self.class != CLASS_IN {
            return Some(Rcode::REFUSED);
        }
        match self.record_type {
            RecordType::ANY => None,
            // Transfers are not offered here, over no transport.
            RecordType::AXFR | RecordType::IXFR => Some(Rcode::REFUSED),
            RecordType::MAILA | RecordType::MAILB => Some(Rcode::NOTIMP),
            meta if meta.is_meta() => Some(Rcode::FORMERR),
            _ => None,
        }
    }
}

/// Any resource record of a message.
pub(super) struct Record<'a> {
    pub owner: NameBuf,
    pub record_type: RecordType,
    pub class: u16,
    pub ttl: u32,
    /// Where in the message the rdata starts.
    pub rdata_at: usize,
    pub rdata: &'a [u8],
}

impl<'a> Record<'a> {
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let owner = reader.name()?;
        let record_type = RecordType(reader.u16()?);
        let (class, ttl) = (reader.u16()?, reader.u32()?);
        let length = reader.u16()?;
        Ok(Self {
            owner,
            record_type,
            class,
            ttl,
            rdata_at: reader.position(),
            rdata: reader.take(length.into())?,
        })
    }
}

//! The wire format once more, written for plainness from RFC 1035 section 4 and not from the responder.

pub const HEADER: usize = 12;
pub const OPT: u16 = 41;
pub const LONGEST_NAME: usize = 255;

pub type Labels = Vec<Vec<u8>>;

/// A message whose every field lies inside its octets.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub id: u16,
    pub flags: u16,
    pub questions: Vec<Question>,
    pub answer: Vec<Record>,
    pub authority: Vec<Record>,
    pub additional: Vec<Record>,
    /// Where the last record ends.
    pub end: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    pub name: Labels,
    pub record_type: u16,
    pub class: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub owner: Labels,
    pub record_type: u16,
    pub class: u16,
    pub ttl: u32,
    /// Where in the message the rdata starts.
    pub at: usize,
    pub rdata: Vec<u8>,
}

impl Message {
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub fn opcode(&self) -> u16 {
        self.flags >> 11 & 0xF
    }

    pub fn is_authoritative(&self) -> bool {
        self.flags & 0x0400 != 0
    }

    pub fn is_truncated(&self) -> bool {
        self.flags & 0x0200 != 0
    }

    pub fn is_recursion_desired(&self) -> bool {
        self.flags & 0x0100 != 0
    }

    pub fn sections(&self) -> [&[Record]; 3] {
        [&self.answer, &self.authority, &self.additional]
    }

    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.sections().into_iter().flatten()
    }

    pub fn opts(&self) -> Vec<&Record> {
        self.records().filter(|it| it.record_type == OPT).collect()
    }

    /// With the upper bits of the OPT record (RFC 6891 section 6.1.3).
    pub fn rcode(&self) -> u16 {
        let upper = self.opts().first().map_or(0, |opt| opt.ttl >> 24);
        (upper as u16) << 4 | self.flags & 0xF
    }
}

pub fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    let pair = octets.get(at..at + 2)?;
    Some(u16::from(pair[0]) << 8 | u16::from(pair[1]))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16_at(octets, at)?) << 16 | u32::from(u16_at(octets, at + 2)?))
}

/// The name at `at`, and where what follows it starts. Pointers lead to what stands before the labels they end.
pub fn name(octets: &[u8], at: usize) -> Option<(Labels, usize)> {
    let mut labels = Labels::new();
    let mut end = None;
    let (mut place, mut run) = (at, at);
    loop {
        let length = usize::from(*octets.get(place)?);
        match length {
            0 => break,
            1..=63 => {
                labels.push(octets.get(place + 1..place + 1 + length)?.to_vec());
                place += 1 + length;
            }
            192.. => {
                let target = usize::from(u16_at(octets, place)? & 0x3FFF);
                end = end.or(Some(place + 2));
                if target >= run || target < HEADER {
                    return None;
                }
                (place, run) = (target, target);
            }
            _ => return None,
        }
    }
    (wire(&labels).len() <= LONGEST_NAME).then_some((labels, end.unwrap_or(place + 1)))
}

/// The name without compression.
pub fn wire(labels: &[Vec<u8>]) -> Vec<u8> {
    let sized = labels.iter().flat_map(|label| {
        let length = std::iter::once(label.len() as u8);
        length.chain(label.iter().copied())
    });
    sized.chain([0]).collect()
}

pub fn lowered(labels: &[Vec<u8>]) -> Labels {
    labels
        .iter()
        .map(|label| label.to_ascii_lowercase())
        .collect()
}

pub fn is_within(name: &[Vec<u8>], ancestor: &[Vec<u8>]) -> bool {
    lowered(name).ends_with(&lowered(ancestor))
}

pub fn message(octets: &[u8]) -> Option<Message> {
    let mut at = HEADER;
    let count = |field: usize| u16_at(octets, 4 + 2 * field);
    let (id, flags) = (u16_at(octets, 0)?, u16_at(octets, 2)?);
    let counts = [count(0)?, count(1)?, count(2)?, count(3)?];
    let mut questions = Vec::new();
    for _ in 0..counts[0] {
        let (found, end) = question(octets, at)?;
        questions.push(found);
        at = end;
    }
    let mut sections = [Vec::new(), Vec::new(), Vec::new()];
    for (section, count) in sections.iter_mut().zip(&counts[1..]) {
        for _ in 0..*count {
            let (found, end) = record(octets, at)?;
            section.push(found);
            at = end;
        }
    }
    let [answer, authority, additional] = sections;
    Some(Message {
        id,
        flags,
        questions,
        answer,
        authority,
        additional,
        end: at,
    })
}

pub fn question(octets: &[u8], at: usize) -> Option<(Question, usize)> {
    let (name, end) = name(octets, at)?;
    let question = Question {
        name,
        record_type: u16_at(octets, end)?,
        class: u16_at(octets, end + 2)?,
    };
    Some((question, end + 4))
}

fn record(octets: &[u8], at: usize) -> Option<(Record, usize)> {
    let (owner, fixed) = name(octets, at)?;
    let length = usize::from(u16_at(octets, fixed + 8)?);
    let at = fixed + 10;
    let record = Record {
        owner,
        record_type: u16_at(octets, fixed)?,
        class: u16_at(octets, fixed + 2)?,
        ttl: u32_at(octets, fixed + 4)?,
        at,
        rdata: octets.get(at..at + length)?.to_vec(),
    };
    Some((record, at + length))
}

/// The rdata with its names in full: those of RFC 1035's types, and of the types that are read as if they were.
pub fn plain_rdata(octets: &[u8], record: &Record) -> Option<Vec<u8>> {
    let (before, names, after) = match record.record_type {
        2 | 5 | 12 | 39 | 65401 => (0, 1, 0),
        6 => (0, 2, 20),
        15 => (2, 1, 0),
        33 => (6, 1, 0),
        _ => return Some(record.rdata.clone()),
    };
    let mut plain = octets.get(record.at..record.at + before)?.to_vec();
    let mut at = record.at + before;
    for _ in 0..names {
        let (labels, end) = name(octets, at)?;
        plain.extend(wire(&labels));
        at = end;
    }
    plain.extend(octets.get(at..at + after)?);
    (at + after == record.at + record.rdata.len()).then_some(plain)
}

/// Code and data of every option of an OPT record; `None` if one is cut short.
pub fn options(rdata: &[u8]) -> Option<Vec<(u16, Vec<u8>)>> {
    let mut options = Vec::new();
    let mut at = 0;
    while at < rdata.len() {
        let (code, length) = (u16_at(rdata, at)?, usize::from(u16_at(rdata, at + 2)?));
        options.push((code, rdata.get(at + 4..at + 4 + length)?.to_vec()));
        at += 4 + length;
    }
    Some(options)
}

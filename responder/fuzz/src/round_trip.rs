//! Compose, parse, compare; and parse, compose, parse, compare.

use arbitrary::{Result, Unstructured};
use responder_core::wire::Edns;
use responder_core::wire::message::{Message, Record};
use responder_core::wire::writer::Section;

use crate::question::any_name;
use crate::reference::{self, HEADER};
use crate::seam::{self, Head, Set};

const MOST_SETS: usize = 24;
const MOST_RECORDS: usize = 6;
/// Root owner, type, class, TTL and length, and a client subnet of 16 octets with both its headers.
const LONGEST_OPT: usize = 11 + 4 + 4 + 16;
const RECORD_FIXED: usize = 10;
/// RFC 3597 section 4: of the types here, only those of RFC 1035 may be compressed.
const COMPRESSIBLE: [u16; 5] = [2, 5, 6, 12, 15];

pub fn check(octets: &[u8]) {
    if let Ok((head, sets)) = any_message(&mut Unstructured::new(octets)) {
        check_composed(&head, &sets);
    }
    if let Ok(message) = Message::parse(octets) {
        check_parsed(&message);
    }
}

fn any_message(u: &mut Unstructured<'_>) -> Result<(Head, Vec<Set>)> {
    let question = [reference::wire(&any_name(u)?), vec![0, 1, 0, 1]].concat();
    let head = Head {
        id: u.arbitrary()?,
        question,
        edns: any_edns(u)?,
        scope: u.arbitrary()?,
        limit: *u.choose(&[512, 600, 1232, 4096, 65535])?,
    };
    let mut sets = Vec::new();
    for section in [Section::Answer, Section::Authority, Section::Additional] {
        for _ in 0..u.int_in_range(0..=MOST_SETS)? {
            sets.push(any_set(u, section)?);
        }
    }
    Ok((head, sets))
}

fn any_edns(u: &mut Unstructured<'_>) -> Result<Option<Edns>> {
    if u.arbitrary()? {
        return Ok(None);
    }
    let length = u.int_in_range(0..=24)?;
    let mut edns = None;
    // Malformed options leave the rest.
    let _ = Edns::read(&mut edns, u.arbitrary()?, u.arbitrary()?, u.bytes(length)?);
    Ok(edns)
}

fn any_set(u: &mut Unstructured<'_>, section: Section) -> Result<Set> {
    let types = [1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 64, 65, 65280];
    let record_type = *u.choose(&types)?;
    let mut set = Set {
        section,
        owner: reference::wire(&any_name(u)?),
        record_type,
        ttl: u.arbitrary()?,
        rdatas: Vec::new(),
    };
    for _ in 0..u.int_in_range(1..=MOST_RECORDS)? {
        set.rdatas.push(any_rdata(u, record_type)?);
    }
    Ok(set)
}

fn any_rdata(u: &mut Unstructured<'_>, record_type: u16) -> Result<Vec<u8>> {
    let name = |u: &mut Unstructured<'_>| Ok(reference::wire(&any_name(u)?));
    Ok(match record_type {
        1 => u.bytes(4)?.to_vec(),
        2 | 5 | 12 | 39 => name(u)?,
        6 => [&name(u)?[..], &name(u)?, u.bytes(20)?].concat(),
        15 => [u.bytes(2)?, &name(u)?].concat(),
        28 => u.bytes(16)?.to_vec(),
        33 => [u.bytes(6)?, &name(u)?].concat(),
        _ => {
            let length = u.int_in_range(0..=400)?;
            u.bytes(length)?.to_vec()
        }
    })
}

fn check_composed(head: &Head, sets: &[Set]) {
    let (octets, fitted) = seam::compose(head, sets);
    assert!(octets.len() <= head.limit);
    check_fitted(head, sets, &fitted);
    let put = sets.iter().zip(fitted).filter(|(_, fitted)| *fitted);
    let put: Vec<_> = put.map(|(set, _)| set).collect();
    let message = Message::parse(&octets).expect("a composed message is parsed");
    assert_eq!(message.id, head.id);
    assert_eq!(message.edns.is_some(), head.edns.is_some());
    check_sections(&message, &put);
    check_compression(&octets, &put);
}

/// A set is left out only if, written in full, it could have been too much.
fn check_fitted(head: &Head, sets: &[Set], fitted: &[bool]) {
    let opt = head.edns.map_or(0, |_| LONGEST_OPT);
    let mut most = HEADER + head.question.len() + opt;
    for (set, fitted) in sets.iter().zip(fitted) {
        let fixed = set.owner.len() + RECORD_FIXED;
        let in_full = set.rdatas.iter().map(|rdata| fixed + rdata.len());
        let in_full: usize = in_full.sum();
        assert!(
            *fitted || most + in_full > head.limit,
            "{set:?} did not fit"
        );
        most += if *fitted { in_full } else { 0 };
    }
}

fn check_sections(message: &Message, put: &[&Set]) {
    let sections = [
        (Section::Answer, &message.answer),
        (Section::Authority, &message.authority),
        (Section::Additional, &message.additional),
    ];
    for (section, records) in sections {
        let sets = put.iter().filter(|set| set.section == section);
        let expected = sets.flat_map(|set| {
            let comparable =
                |rdata: &Vec<u8>| comparable(&set.owner, set.record_type, set.ttl, rdata);
            set.rdatas.iter().map(comparable)
        });
        let found = records.iter().map(of_record);
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}

/// Rdata of all but the oldest types stands in the message as it was given.
fn check_compression(octets: &[u8], put: &[&Set]) {
    let message = reference::message(octets).expect("parsed before");
    assert_eq!(message.end, octets.len());
    let records = message
        .records()
        .filter(|it| it.record_type != reference::OPT);
    let given = put.iter().flat_map(|set| set.rdatas.iter());
    for (record, rdata) in records.zip(given) {
        let may_differ = COMPRESSIBLE.contains(&record.record_type);
        assert!(
            may_differ || record.rdata == *rdata,
            "{record:?} of {rdata:?}"
        );
    }
}

/// A record whatever the case of its names: compression may point to another spelling.
type Comparable = (Vec<u8>, u16, u32, Vec<u8>);

fn comparable(owner: &[u8], record_type: u16, ttl: u32, rdata: &[u8]) -> Comparable {
    let (owner, rdata) = (owner.to_ascii_lowercase(), rdata.to_ascii_lowercase());
    (owner, record_type, ttl, rdata)
}

fn of_record(record: &Record) -> Comparable {
    let owner = record.owner.as_name();
    comparable(
        owner.as_bytes(),
        record.record_type.0,
        record.ttl,
        &record.rdata,
    )
}

/// Every message that was read can be written and is read again as the same, up to a size that holds it.
fn check_parsed(message: &Message) {
    let sections = [
        (Section::Answer, &message.answer),
        (Section::Authority, &message.authority),
        (Section::Additional, &message.additional),
    ];
    let sets = sections.into_iter().flat_map(|(section, records)| {
        records.iter().map(move |record| Set {
            section,
            owner: record.owner.as_name().as_bytes().to_vec(),
            record_type: record.record_type.0,
            ttl: record.ttl,
            rdatas: vec![record.rdata.clone()],
        })
    });
    let sets: Vec<_> = sets.collect();
    let head = Head {
        id: message.id,
        question: vec![0, 0, 1, 0, 1],
        edns: None,
        scope: 0,
        limit: 65535,
    };
    check_composed(&head, &sets);
}
